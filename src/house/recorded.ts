import type { FastifyBaseLogger } from 'fastify';
import { type Config, DEFAULT_TENANT, tenantsOf } from '../config.ts';
import type { Metrics } from '../gate/metrics.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openLedger } from '../ledger/open.ts';
import { type PreparedKeys, preparePseudonymKeys } from '../ledger/pseudonym-state.ts';
import { Pseudonyms, pseudonymousLedger } from '../ledger/pseudonyms.ts';
import type { OpenPublishedLog } from '../ledger/published/open.ts';
import { publishedLedger } from '../ledger/published/published-ledger.ts';
import { EarlyAlarms, openPublishing } from '../publishing/publishing.ts';
import { watchedLedger } from '../watch.ts';
import { openWitnesses, type Witnesses } from '../witness/open.ts';
import type { Closing } from './closing.ts';

export interface RecordedParts {
  /** Milliseconds since 1970. */
  now(): number;
  readonly log: FastifyBaseLogger;
  readonly metrics: Metrics;
  /** What is open here is closed by this, also where this rejects. */
  readonly closing: Closing;
  /** What the waiver at a place lifts. */
  lifted(place: string): string | null;
}

/** The ledger of a house as everybody in it has it: published, pseudonymous, counted. */
export interface Recorded {
  readonly ledger: Ledger;
  readonly published: OpenPublishedLog;
  readonly witnesses: Witnesses | null;
  readonly names: Pseudonyms;
  /** The keys of pseudonyms, of which the ledger is still to be told. */
  readonly prepared: PreparedKeys;
  /** From now on alarms of the log are raised here, those from before first. */
  readonly tellAlarms: EarlyAlarms['tell'];
  /** Waits, but not for long, until all that was entered is published and the witnesses had time to sign it. */
  signed(): Promise<void>;
}

/** Opens the ledger, which locks the data folder, then its witnesses, who are asked before its log signs anything. */
export async function openRecorded(config: Config, parts: RecordedParts): Promise<Recorded> {
  const { now, log, metrics, closing, lifted } = parts;
  const opened = await openLedger({ dir: config.data });
  closing.add(() => opened.close());
  const early = new EarlyAlarms();
  const witnesses = await openWitnesses(config, {
    now,
    alarm: early.alarm,
    failed: (what, error) => log.error({ err: error }, what),
  });
  if (witnesses) closing.add(() => witnesses.close());
  const publishing = await openPublishing(config, {
    store: opened.store,
    now,
    log,
    alarm: early.alarm,
    ...(witnesses && { askWitnesses: witnesses.known }),
  });
  closing.add(() => publishing.close());
  const { published } = publishing;
  witnesses?.attach(published);
  metrics.log({ size: () => published.head()?.size ?? 0, waiting: () => published.waitingFor() });
  const recorded = publishedLedger(opened, published);
  const tenants = config.pseudonyms ? tenantsOf(config) : null;
  const prepared = await preparePseudonymKeys(
    config.data,
    tenants ? [DEFAULT_TENANT, ...tenants.values()] : [],
    recorded,
  );
  const names = new Pseudonyms(prepared.keys, tenants && ((agent) => tenants.get(agent) ?? DEFAULT_TENANT));
  return {
    ledger: watchedLedger(pseudonymousLedger(recorded, names), metrics, lifted),
    published,
    witnesses,
    names,
    prepared,
    tellAlarms: (raise) => early.tell(raise),
    async signed() {
      await witnesses?.signed(await opened.store.lastSeq());
    },
  };
}
