import { z } from 'zod';
import type { LedgerWithdrawOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import { openLedger } from '../ledger/open.ts';
import { openPublishedLog } from '../ledger/published/open.ts';
import { retentionPolicy } from '../publishing/publishing.ts';
import type { Given } from './given.ts';
import { withLogOptions } from './log-options.ts';

const time = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);

/** `sallyport ledger withdraw`. */
export async function withdraw(given: Given, options: LedgerWithdrawOptions): Promise<number> {
  const { configured, now, out } = given;
  const config = configured(options);
  const before = time.safeParse(options.before);
  if (!before.success) {
    out.say('sallyport: --before is no ISO 8601 time with an offset, such as 2027-01-31T00:00:00Z, or day');
    return EXIT.usage;
  }
  const at = Date.parse(before.data);
  if (at > now()) {
    out.say('sallyport: --before is in the future');
    return EXIT.usage;
  }
  const policy = await retentionPolicy(config);
  if (policy === null) {
    out.say(
      'sallyport: entries are withdrawn under a written policy only; name its file in SALLYPORT_RETENTION_POLICY',
    );
    return EXIT.usage;
  }
  const ledger = await openLedger({ dir: config.data });
  try {
    const entries = await withLogOptions(config, ledger.store, given, async (opened) => {
      const log = await openPublishedLog(opened);
      try {
        return await log.withdraw(at, policy);
      } finally {
        await log.close();
      }
    });
    if (options.json) out.print(JSON.stringify({ withdrawn: entries, before: new Date(at).toISOString() }));
    else out.print(`${entries} entries withdrawn`);
    return EXIT.ok;
  } finally {
    await ledger.close();
  }
}
