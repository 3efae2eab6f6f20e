import type { Readiness } from './gate/options.ts';
import type { Ledger } from './ledger/ledger.ts';
import { Probe } from './probe.ts';

/** What is told for a while after it happened last. Anybody may read these lines: no names, no paths. */
const EVENTS = {
  desk: 'a thread that reads indexes had to be replaced',
  inspection: 'a thread that inspects archives had to be replaced',
  verification: 'a thread that verifies evidence had to be replaced',
  'stale-index': 'an index is used without its upstream having confirmed it; the alarms say which',
} as const;

export type ReadinessEvent = keyof typeof EVENTS;

/** How long an event is told, ms. */
const LATELY = 15 * 60_000;

export interface ReadinessParts {
  /** Milliseconds since 1970. */
  now(): number;
  readonly ledger: Pick<Ledger, 'health'>;
  /** Enters something in the ledger. */
  writeLedger(): Promise<unknown>;
  /** Makes something durable in the vault. */
  writeVault(): Promise<unknown>;
  /** Whether the ledger's log is published; not `ok`: nothing is taken into the ledger, and every request is a fault. */
  log?(): 'ok' | 'late' | 'stopped';
  /** Witnesses of the log that do not sign it. */
  witnessNotes?(): readonly string[];
  policyFailed(): boolean;
  /** What of the policy in force people should know: profiles that only observe, waivers that end. */
  policyNotes?(): readonly string[];
  /** What is to be known of the feed of advisories; not `ok`: it cannot be read, and every request is a fault. */
  feed?(): { readonly ok: boolean; readonly notes: readonly string[] };
  /** What of the entries that are to be shipped people should know. */
  shippingNotes?(): readonly string[];
  /** The trust root and keys in force are not those that an update should have brought. */
  trustFailed(): boolean;
  /** A probe failed: for the log. */
  failed(what: 'ledger' | 'vault', error: unknown): void;
}

/**
 * Whether requests should be sent here, for those who run it. Nothing is admitted or refused because of it: a
 * request that meets a broken ledger or vault is a fault by itself.
 */
export class HouseReadiness {
  readonly #parts: ReadinessParts;
  readonly #ledger: Probe;
  readonly #vault: Probe;
  readonly #last = new Map<ReadinessEvent, number>();

  constructor(parts: ReadinessParts) {
    this.#parts = parts;
    this.#ledger = new Probe(parts.writeLedger, parts.now, (error) => parts.failed('ledger', error));
    this.#vault = new Probe(parts.writeVault, parts.now, (error) => parts.failed('vault', error));
  }

  /** Something happened that weakens the house without closing it. */
  saw(event: ReadinessEvent): void {
    this.#last.set(event, this.#parts.now());
  }

  async state(): Promise<Readiness> {
    const vault = await this.#vault.holds();
    // Where nobody is sent any more, nobody writes either: only a write of our own shows that the ledger is well again.
    if (this.#parts.ledger.health() === 'failing') await this.#ledger.holds();
    const health = this.#parts.ledger.health();
    const notes: string[] = [];
    if (health !== 'ok') notes.push(`the ledger is ${health}`);
    const log = this.#parts.log?.() ?? 'ok';
    if (log === 'late') notes.push('the log of the ledger cannot be published');
    if (log === 'stopped')
      notes.push('the log of the ledger was contradicted, and is signed no more until a restart');
    notes.push(...(this.#parts.witnessNotes?.() ?? []));
    if (!vault) notes.push('the vault cannot be written');
    if (this.#parts.policyFailed()) {
      notes.push('the policy files could not be taken into use; the policy before them is in force');
    }
    notes.push(...(this.#parts.policyNotes?.() ?? []));
    notes.push(...(this.#parts.shippingNotes?.() ?? []));
    if (this.#parts.trustFailed()) {
      notes.push(
        'the trust root or its update failed, or is long ago; the one before, or the pinned one, is in force',
      );
    }
    const feed = this.#parts.feed?.();
    notes.push(...(feed?.notes ?? []));
    const now = this.#parts.now();
    for (const [event, at] of this.#last) {
      if (now - at <= LATELY) notes.push(`lately: ${EVENTS[event]}`);
    }
    return { ok: health === 'ok' && log === 'ok' && vault && feed?.ok !== false, notes };
  }
}
