import { readFile } from 'node:fs/promises';
import type { FastifyBaseLogger } from 'fastify';
import { type Config, ConfigError } from '../config.ts';
import { LogPlaces } from '../ledger/published/log-places.ts';
import type { LogStore } from '../ledger/published/log-store.ts';
import { type OpenPublishedLog, openPublishedLog } from '../ledger/published/open.ts';
import type { LogAlarm, PublishedLogOptions } from '../ledger/published/options.ts';

/** Where a configuration has its logs, and the key of the running one. */
export function logPlaces({ data, ledgerKey }: Pick<Config, 'data' | 'ledgerKey'>): LogPlaces {
  return new LogPlaces(data, ledgerKey);
}

export interface PublishingParts {
  readonly store: LogStore;
  now(): number;
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>;
  alarm: PublishedLogOptions['alarm'];
  askWitnesses?: PublishedLogOptions['askWitnesses'];
}

/** The published log of a house, with what withdraws its old entries. */
export interface Publishing {
  readonly published: OpenPublishedLog;
  /** Ends the withdrawing, then the log. */
  close(): Promise<void>;
}

/** How often entries that have become old are withdrawn, ms. */
const WITHDRAW_EVERY = 86_400_000;

/** Opens the log of the house's ledger, and withdraws what is older than the retention, now and once a day. */
export async function openPublishing(config: Config, parts: PublishingParts): Promise<Publishing> {
  const { store, now, log, alarm, askWitnesses } = parts;
  const policy = await retentionPolicy(config);
  const published = await openPublishedLog({
    places: logPlaces(config),
    store,
    name: config.ledgerOrigin ?? null,
    headCopy: config.headCopy ?? null,
    now,
    alarm,
    ...(askWitnesses && { askWitnesses }),
    say: (what) => log.warn(what),
    failed: (what, error) => log.error({ err: error }, what),
  });
  const { retentionAfter } = config;
  let withdrawing: Promise<void> = Promise.resolve();
  const withdraw = () => {
    if (policy === null || retentionAfter === 0) return;
    withdrawing = published.withdraw(now() - retentionAfter, policy).then(
      (entries) => {
        if (entries > 0) log.warn({ entries }, 'old entries were withdrawn from reading');
      },
      (error: unknown) => log.error({ err: error }, 'old entries could not be withdrawn'),
    );
  };
  withdraw();
  const timer = setInterval(withdraw, WITHDRAW_EVERY);
  timer.unref();
  return {
    published,
    async close() {
      clearInterval(timer);
      await withdrawing;
      await published.close();
    },
  };
}

/** The written policy of retention; null where nothing is withdrawn. Throws ConfigError where it cannot be read. */
export async function retentionPolicy({
  retentionPolicy: path,
}: Pick<Config, 'retentionPolicy'>): Promise<string | null> {
  if (path === undefined) return null;
  try {
    const text = await readFile(path, 'utf8');
    if (text.trim() === '') throw new Error('it is empty');
    return text;
  } catch (error) {
    throw new ConfigError(
      `the written policy of retention ${path} cannot be read (${error instanceof Error ? error.message : String(error)}): ` +
        'SALLYPORT_RETENTION_POLICY names the file that says what is withdrawn when, and why',
    );
  }
}

type EarlyAlarm = (
  kind: LogAlarm | 'witness-refused',
  about: Parameters<PublishedLogOptions['alarm']>[1],
) => void;

/** What the log raises before there is anybody to tell: told when there is. */
export class EarlyAlarms {
  #early: Parameters<EarlyAlarm>[] = [];
  #raise: EarlyAlarm | null = null;

  readonly alarm: EarlyAlarm = (kind, about) => {
    if (this.#raise) this.#raise(kind, about);
    else this.#early.push([kind, about]);
  };

  /** From now on alarms are raised here, those from before first. */
  tell(raise: EarlyAlarm): void {
    this.#raise = raise;
    for (const [kind, about] of this.#early.splice(0)) raise(kind, about);
  }
}
