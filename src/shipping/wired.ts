import type { FastifyBaseLogger } from 'fastify';
import type { AlarmSubject } from '../alarms.ts';
import type { Config } from '../config.ts';
import type { OpenPublishedLog } from '../ledger/published/open.ts';
import type { Published } from './shipper.ts';
import { Shipping, type ShippingParts } from './shipping.ts';

/** What of the house shipping is made of. */
export interface ShippingHouse
  extends Pick<ShippingParts, 'ledger' | 'version' | 'now' | 'metrics' | 'alarm'> {
  readonly published: Pick<OpenPublishedLog, 'current' | 'head' | 'logs' | 'onPublished'>;
  alarmedSince(since: number): Promise<readonly AlarmSubject[]>;
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>;
}

/** How often it is looked at what waits, ms. */
const LOOK_EVERY = 60_000;

/** Ships what the house publishes, until it is stopped. Rejects as `Shipping.open` does. */
export async function openShipping(
  config: Pick<Config, 'shipping' | 'data'>,
  env: Readonly<Record<string, string | undefined>>,
  house: ShippingHouse,
): Promise<Pick<Shipping, 'notes' | 'stop'>> {
  const { published, log } = house;
  const shipping = await Shipping.open(config, env, {
    ...house,
    published: publishedOf(published),
    warn: (what, fields) => log.warn(fields, what),
  });
  published.onPublished(() => shipping.wake());
  const look = () =>
    shipping
      .look()
      .catch((error: unknown) => log.error({ err: error }, 'it was not looked at what waits to be shipped'));
  void look();
  const looking = setInterval(() => void look(), LOOK_EVERY);
  looking.unref();
  return {
    notes: () => shipping.notes(),
    stop() {
      clearInterval(looking);
      return shipping.stop();
    },
  };
}

/** Earlier logs are published whole; of the running one what its newest head has. */
function publishedOf(log: ShippingHouse['published']): Published {
  return {
    edge: () => log.current.base + (log.head()?.size ?? 0),
    logs: () => log.logs,
  };
}
