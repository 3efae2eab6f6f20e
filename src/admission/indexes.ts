import { IndexUnreadable } from '../ecosystems/ecosystem.ts';
import type { RememberedIndex } from '../ledger/ledger.ts';
import type { PackageId } from '../model/artifact.ts';
import { Flights } from '../upstream/flights.ts';
import { type Source, UpstreamFault } from '../upstream/upstream.ts';
import { KeyedLock } from '../vault/keyed-lock.ts';
import type { FactsCache } from './facts.ts';
import { ecosystemOf, type IndexRef, NotOpen, type Ports, type Withheld } from './ports.ts';

/**
 * An index as it may be used now.
 * `current`: the upstream confirmed it within the time to live, or cannot be reached and it is not too old.
 * `expired`, `withdrawn`: only exact pins are served from it (design, section 3, "Gone upstream").
 */
export interface UsableIndex extends IndexRef {
  /** The id of the source that it is of. */
  readonly source: string;
  readonly condition: 'current' | 'expired' | 'withdrawn';
  /** When the upstream last confirmed it, ms. */
  readonly at: number;
  /** When it must be asked for again, ms. */
  readonly freshUntil: number;
}

/** Why only exact pins are served from an index; null where all that it lists may be. */
export function withheldFrom(index: UsableIndex): Withheld | null {
  switch (index.condition) {
    case 'current':
      return null;
    case 'withdrawn':
      return 'WITHDRAWN_UPSTREAM';
    case 'expired':
      return 'INDEX_TOO_OLD';
  }
}

/**
 * How long an absence is remembered, and an earlier index is used that a fault kept us from confirming, so that
 * a crowd does not ask again for each request.
 */
const FAULT_PAUSE = 5_000;

/**
 * How long a fault is remembered where no earlier index can take its place. Shorter: nothing is served meanwhile,
 * and whoever heeds our Retry-After finds it forgotten.
 */
const FAULT_MEMORY = 2_000;

/** Faults that are remembered at one time; beyond that the upstream is asked again. */
const MAX_FAULTS = 1_000;

/** How often one request opens a listing again in its turn, before it is told that there is too much to do. */
const REOPENINGS = 8;

/**
 * The upstream's indexes: fetched by one flight per package, kept as documents in the vault, sighted in the
 * ledger's memory, opened at the desk. null: the upstream knows no such package, and we never saw one.
 */
export class Indexes {
  readonly #ports: Ports;
  readonly #facts: FactsCache;
  readonly #current = new Map<string, UsableIndex | null>();
  readonly #absentUntil = new Map<string, number>();
  readonly #faults = new Map<string, { readonly until: number; readonly fault: Error }>();
  readonly #flights = new Flights<string, UsableIndex | null>();
  readonly #openings = new Flights<string, void>();
  readonly #turns = new KeyedLock();

  constructor(ports: Ports, facts: FactsCache) {
    this.#ports = ports;
    this.#facts = facts;
  }

  async get(id: PackageId): Promise<UsableIndex | null> {
    const source = this.#ports.source(id);
    // A name that moves to another source with the policy is asked for there: nothing of the other one is its index.
    const key = keyOf(id, source.id);
    const now = this.#ports.now();
    const held = this.#current.get(key);
    if (held && isBefore(now, held.freshUntil, this.#ports.limits.indexTtl)) return held;
    if (isBefore(now, this.#absentUntil.get(key) ?? 0, FAULT_PAUSE)) return null;
    const failed = this.#faults.get(key);
    if (failed && isBefore(now, failed.until, FAULT_MEMORY)) throw failed.fault;
    return this.#flights.run(key, async () => {
      this.#faults.delete(key);
      const index = await this.#refresh(id, source).catch((error: unknown) => {
        if (isUpstreams(error)) this.#remember(key, error);
        throw error;
      });
      if (index) {
        this.#current.set(key, index);
        this.#absentUntil.delete(key);
      } else {
        // A forged or passing absence must not stick: seconds only.
        this.#absentUntil.set(key, this.#ports.now() + FAULT_PAUSE);
        this.#current.delete(key);
      }
      this.#bound();
      return index;
    });
  }

  /**
   * Runs work at the desk, opening the listing again where the desk has let go of it. Throws UpstreamFault: the
   * index is gone from the vault, too, or others push it off the desk again and again (OVERLOADED).
   */
  async at<T>(index: IndexOfSource, work: () => Promise<T>): Promise<T> {
    const first = (await ifOpen(work)) ?? (await this.#reopened(index, work));
    if (first) return first.value;
    // The desk holds few large listings. Each that is opened again lets go of another: from here on in turns.
    return this.#turns.run('desk', async () => {
      for (let attempt = 0; attempt < REOPENINGS; attempt++) {
        const done = (await ifOpen(work)) ?? (await this.#reopened(index, work));
        if (done) return done.value;
      }
      throw new UpstreamFault('OVERLOADED', 'too many large indexes are asked for at once');
    });
  }

  async #reopened<T>(index: IndexOfSource, work: () => Promise<T>): Promise<Done<T> | null> {
    await this.#openings.run(index.digest, async () => {
      const bytes = await this.#ports.vault.getDocument(index.digest);
      if (!bytes) {
        this.#current.delete(keyOf(index, index.source));
        throw new UpstreamFault('UPSTREAM_FAULT', 'the kept index is gone; it will be fetched again');
      }
      await this.#ports.desk.open(index, [bytes]);
    });
    return ifOpen(work);
  }

  async #refresh(id: PackageId, source: Source): Promise<UsableIndex | null> {
    const ports = this.#ports;
    const remembered = await ports.ledger.memory.lastIndex(id);
    // Another source's index is no memory of this one: a name that moved is judged anew.
    const last = remembered?.source === source.id ? remembered : null;
    const request = ecosystemOf(ports, id).indexRequest(id.name);
    try {
      // Not read: one that is damaged is found, and fetched anew, when it is opened.
      const kept = last !== null && (await ports.vault.hasDocument(last.digest));
      const validators = kept && last ? { etag: last.etag, lastModified: last.lastModified } : null;
      const answer = await ports.upstream.index(source, request.path, request.accept, validators);
      const now = ports.now();
      switch (answer.kind) {
        case 'absent':
          if (!last) return null;
          if (this.#current.get(keyOf(id, source.id))?.condition !== 'withdrawn') {
            ports.alarm('withdrawn', { ecosystem: id.ecosystem, name: id.name });
          }
          // A forged or passing absence must not stick, here neither.
          return this.#usable(id, last, 'withdrawn', now + FAULT_PAUSE);
        case 'not-modified': {
          if (!last || !kept)
            throw new UpstreamFault('UPSTREAM_FAULT', 'not modified, but we asked for no change');
          await ports.ledger.memory.sawIndex({ ...last, at: now }, null);
          return this.#usable(id, { ...last, at: now }, 'current', now + ports.limits.indexTtl);
        }
        case 'document': {
          const digest = await ports.vault.putDocument(answer.chunks);
          const opened = await ports.desk.open(id, answer.chunks);
          if (opened.digest !== digest) throw new Error('the desk read other bytes than the vault keeps');
          const seen: RememberedIndex = {
            ecosystem: id.ecosystem,
            name: id.name,
            source: source.id,
            digest,
            at: now,
            etag: answer.validators.etag,
            lastModified: answer.validators.lastModified,
          };
          await ports.ledger.memory.sawIndex(seen, opened.files);
          this.#facts.forget(id);
          return this.#usable(id, seen, 'current', now + ports.limits.indexTtl);
        }
      }
    } catch (error) {
      if (!isUpstreams(error)) throw error;
      // Without an index that we saw ourselves there is nothing to fall back on.
      if (!last || !(await ports.vault.hasDocument(last.digest))) throw error;
      const now = ports.now();
      const condition = now - last.at <= ports.limits.maxIndexAge ? 'current' : 'expired';
      ports.alarm('stale-index', { ecosystem: id.ecosystem, name: id.name, source: source.id });
      return this.#usable(id, last, condition, now + FAULT_PAUSE);
    }
  }

  #usable(
    id: PackageId,
    index: RememberedIndex,
    condition: UsableIndex['condition'],
    freshUntil: number,
  ): UsableIndex {
    return {
      ecosystem: id.ecosystem,
      name: id.name,
      source: index.source,
      digest: index.digest,
      condition,
      at: index.at,
      freshUntil,
    };
  }

  #remember(key: string, fault: Error): void {
    this.#faults.set(key, { until: this.#ports.now() + FAULT_MEMORY, fault });
    for (const oldest of this.#faults.keys()) {
      if (this.#faults.size <= MAX_FAULTS) break;
      this.#faults.delete(oldest);
    }
  }

  /** Names are bounded by the policy and the prefix budget; this bounds them once more. */
  #bound(): void {
    for (const map of [this.#current, this.#absentUntil]) {
      for (const oldest of map.keys()) {
        if (map.size <= 50_000) break;
        map.delete(oldest);
      }
    }
  }
}

function keyOf(id: PackageId, source: string): string {
  return `${id.ecosystem}\n${id.name}\n${source}`;
}

type IndexOfSource = IndexRef & Pick<UsableIndex, 'source'>;

interface Done<T> {
  readonly value: T;
}

/** What the work gave; null where the desk does not hold its listing. */
async function ifOpen<T>(work: () => Promise<T>): Promise<Done<T> | null> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof NotOpen) return null;
    throw error;
  }
}

/** A fault of the upstream or of what it sent. All else is ours, and not remembered. */
function isUpstreams(error: unknown): error is UpstreamFault | IndexUnreadable {
  return error instanceof UpstreamFault || error instanceof IndexUnreadable;
}

/** Whether `until` is still to come. An instant further off than it can have been set is of a clock that was set back. */
function isBefore(now: number, until: number, length: number): boolean {
  return now < until && until - now <= Math.max(length, FAULT_PAUSE);
}
