import { hostname } from 'node:os';
import type { AlarmSubject } from '../alarms.ts';
import type { Config } from '../config.ts';
import { ENTRY_TYPES } from '../ledger/canonical.ts';
import type { LedgerQueries } from '../ledger/ledger.ts';
import { CursorFile } from './cursor.ts';
import type { Sender } from './sender.ts';
import type { Published } from './shipper.ts';
import { Shipper } from './shipper.ts';
import { syslogDatagrams, syslogStream } from './syslog.ts';
import { type Target, targetsOf } from './target.ts';
import { webhook } from './webhook.ts';

/** What shipping needs of the house. */
export interface ShippingParts {
  readonly ledger: Pick<LedgerQueries, 'query'>;
  readonly published: Published;
  /** Of sallyport. */
  readonly version: string;
  now(): number;
  readonly metrics: {
    /** Entries that are published and not taken by a target. */
    shipping(target: string, lag: number): void;
    /** A batch was not taken. */
    shippingFailed(target: string): void;
  };
  /** Raises `export-stuck`. */
  alarm(about: AlarmSubject): void;
  /** What alarms `export-stuck` were entered since an instant about. */
  alarmedSince(since: number): Promise<readonly AlarmSubject[]>;
  warn(what: string, fields: Readonly<Record<string, string | number>>): void;
  /** For tests. */
  readonly backoff?: { readonly first: number; readonly most: number };
  readonly ca?: string;
}

/** How long a target may take nothing before people are told, ms. */
const STUCK = 15 * 60_000;
const DAY = 86_400_000;
/** Of failures in a row that are logged: the first, and then one in so many. */
const LOG_EACH = 20;

/** Every target that entries are sent to, each for itself: one that is down holds up no other. */
export class Shipping {
  readonly #parts: ShippingParts;
  readonly #shippers: readonly Shipper[];

  private constructor(targets: readonly Target[], data: string, parts: ShippingParts) {
    this.#parts = parts;
    this.#shippers = targets.map(
      (target) =>
        new Shipper({
          target,
          sender: senderOf(target, parts),
          cursor: new CursorFile(data, target.name),
          ledger: parts.ledger,
          published: parts.published,
          version: parts.version,
          now: () => parts.now(),
          failed: (...what) => this.#failed(...what),
          restarted: (name, why) =>
            parts.warn('a place in the log is lost; everything is sent again, from the beginning', {
              target: name,
              why,
            }),
          ...(parts.backoff && { backoff: parts.backoff }),
        }),
    );
  }

  /** Begins to ship. Rejects with ConfigError for targets that cannot be, and where a cursor cannot be read. */
  static async open(
    { shipping, data }: Pick<Config, 'shipping' | 'data'>,
    env: Readonly<Record<string, string | undefined>>,
    parts: ShippingParts,
  ): Promise<Shipping> {
    const opened = new Shipping(targetsOf(shipping, env, ENTRY_TYPES), data, parts);
    try {
      for (const shipper of opened.#shippers) await shipper.start();
    } catch (error) {
      await opened.stop();
      throw error;
    }
    return opened;
  }

  /** Entries were published. */
  wake(): void {
    for (const shipper of this.#shippers) shipper.wake();
  }

  /** Entries that the target furthest behind has not taken. */
  get lag(): number {
    return Math.max(0, ...this.#shippers.map(({ lag }) => lag));
  }

  /** For `/readyz`, which anybody may read: neither names nor addresses. */
  notes(): readonly string[] {
    const stuck = this.#stuck().length;
    return stuck === 0
      ? []
      : [`entries wait to be shipped: ${stuck} of ${this.#shippers.length} targets took none lately`];
  }

  /** Counts what waits, and tells people of what has waited long: for each target once a day, over restarts, too. */
  async look(): Promise<void> {
    const { metrics, now, alarm, alarmedSince } = this.#parts;
    for (const { name, lag } of this.#shippers) metrics.shipping(name, lag);
    const stuck = this.#stuck();
    if (stuck.length === 0) return;
    const told = new Set((await alarmedSince(now() - DAY)).map(({ source }) => source));
    for (const { name, lag } of stuck)
      if (!told.has(name)) alarm({ source: name, found: `${lag} entries wait` });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#shippers.map((shipper) => shipper.stop()));
  }

  #stuck(): readonly Shipper[] {
    return this.#shippers.filter(
      ({ stuckSince }) => stuckSince !== null && this.#parts.now() - stuckSince >= STUCK,
    );
  }

  #failed(target: string, problem: string, failures: number, retryIn: number): void {
    const { metrics, warn } = this.#parts;
    metrics.shippingFailed(target);
    if (failures % LOG_EACH === 1)
      warn('entries were not taken, and are sent again', { target, problem, retryIn });
  }
}

function senderOf({ to }: Target, { version, now, ca }: ShippingParts): Sender {
  const trusted = ca === undefined ? {} : { ca };
  if (to.kind === 'webhook') return webhook(to, { version, now, ...trusted });
  const options = { host: hostname(), ...trusted };
  return to.kind === 'udp' ? syslogDatagrams(to, options) : syslogStream(to, options);
}
