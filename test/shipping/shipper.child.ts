import { openLedgerReader } from '../../src/ledger/open.ts';
import { Shipping } from '../../src/shipping/shipping.ts';

/** Ships a ledger's first entries to a webhook, and ends when its cursor is behind the last: `dir url count`. */
const [dir = '', url = '', count = '0'] = process.argv.slice(2);
const ledger = await openLedgerReader({ dir });
const shipping = await Shipping.open(
  {
    data: dir,
    shipping: [{ name: 'siem', url, format: 'json', credentialEnv: undefined, types: undefined }],
  },
  {},
  {
    ledger,
    published: { edge: () => Number(count), logs: () => [] },
    version: '0',
    now: Date.now,
    metrics: { shipping: () => undefined, shippingFailed: () => undefined },
    alarm: () => undefined,
    alarmedSince: async () => [],
    warn: () => undefined,
    backoff: { first: 10, most: 20 },
  },
);
while (shipping.lag > 0) await new Promise((resolve) => setTimeout(resolve, 5));
await shipping.stop();
await ledger.close();
