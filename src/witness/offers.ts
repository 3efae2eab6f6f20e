import type { AlarmSubject } from '../alarms.ts';
import { parseCheckpoint } from '../ledger/log/checkpoint.ts';
import type { Hash } from '../ledger/log/hash.ts';
import { hashReader, type LogSource } from '../ledger/log/log-source.ts';
import { consistencyProof } from '../ledger/log/merkle-proof.ts';
import { parseNote } from '../ledger/log/note.ts';
import type { TlogPolicy } from '../ledger/log/tlog-policy.ts';
import type { Offered, Witness, WitnessClient } from './client.ts';

/** A head that a witness knows and that is not ours: larger, or of another root. */
export interface KnownHead {
  readonly witness: string;
  readonly size: number;
  /** A witness says no roots: its word is that ours is another. */
  readonly root: null;
}

export interface WitnessParts {
  readonly policy: TlogPolicy;
  readonly witnesses: readonly Witness[];
  readonly client: Pick<WitnessClient, 'offer'>;
  /** The files of the log that is offered. */
  files(): LogSource;
  /** Cosignatures of one checkpoint: those of all witnesses so far, and whether they are enough. */
  cosigned(size: number, lines: readonly string[], met: boolean): Promise<void>;
  /** A witness has seen more than we have, or other than we have. */
  contradicted(known: KnownHead): Promise<void>;
  alarm(kind: 'witness-refused' | 'witness-unreachable', about: AlarmSubject): void;
  /** What was signed could not be kept: for the log. It is asked for again with the next checkpoint. */
  failed(error: unknown): void;
  /** Milliseconds since 1970. */
  now(): number;
  readonly signal: AbortSignal;
}

/** How one witness stands. */
export interface WitnessState {
  readonly name: string;
  readonly state: 'unasked' | 'ok' | 'refused' | 'unreachable';
  /** The size that it cosigned last, as far as it is known. */
  readonly size: number;
  /** When that was, milliseconds since 1970. */
  readonly at: number | null;
}

/** A witness that fails is asked again after so long, doubled each time up to the last, ms. */
const AGAIN = { first: 1_000, last: 60_000 } as const;

interface Standing {
  readonly witness: Witness;
  size: number;
  at: number | null;
  state: WitnessState['state'];
  failures: number;
  /** Not before, milliseconds since 1970. */
  next: number;
}

/**
 * Offers each published checkpoint to the witnesses, the newest first: one that comes while they are asked waits, and
 * takes the place of those before it. Publication waits for none of this.
 */
export class WitnessOffers {
  readonly #parts: WitnessParts;
  readonly #standing: readonly Standing[];
  /** The newest checkpoint, and what was gathered for it, by witness. */
  #newest: { readonly checkpoint: string; readonly size: number } | null = null;
  #gathered: { readonly size: number; readonly lines: Map<string, readonly string[]> } = {
    size: -1,
    lines: new Map(),
  };
  #waiting: string | null = null;
  #round: Promise<void> | null = null;
  #cosigned: { readonly size: number; readonly at: number } | null = null;
  #stopped = false;

  constructor(parts: WitnessParts) {
    this.#parts = parts;
    this.#standing = parts.witnesses.map((witness) => ({
      witness,
      size: 0,
      at: null,
      state: 'unasked',
      failures: 0,
      next: 0,
    }));
  }

  /** A checkpoint was published: the note with the log's own signature. Returns at once. */
  published(checkpoint: string): void {
    this.#newest = { checkpoint, size: sizeOf(checkpoint) };
    this.#begin(checkpoint);
  }

  /** As time goes on: asks those again that have not signed the newest checkpoint and whose pause is over. */
  look(): void {
    const { now } = this.#parts;
    const newest = this.#newest;
    if (!newest || this.#round) return;
    if (this.#standing.some((one) => one.next <= now() && !this.#hasSigned(one, newest.size)))
      this.#begin(newest.checkpoint);
  }

  #begin(checkpoint: string): void {
    this.#waiting = checkpoint;
    if (this.#stopped) return;
    this.#round ??= this.#rounds()
      .catch((error: unknown) => this.#parts.failed(error))
      .finally(() => {
        this.#round = null;
      });
  }

  /** Waits for what is under way. */
  async idle(): Promise<void> {
    await this.#round;
  }

  /**
   * At a start, before anything is signed: what the witnesses know of the log that our files do not have. A witness that
   * cannot be asked is an alarm, and no answer.
   */
  async known(checkpoint: string): Promise<readonly KnownHead[]> {
    const found = await Promise.all(this.#standing.map((one) => this.#ask(one, checkpoint)));
    return found.flatMap(({ known }) => known ?? []);
  }

  states(): readonly WitnessState[] {
    return this.#standing.map(({ witness, state, size, at }) => ({ name: witness.name, state, size, at }));
  }

  /** The newest checkpoint that met the policy, since the start. */
  newestCosigned(): { readonly size: number; readonly at: number } | null {
    return this.#cosigned;
  }

  async #rounds(): Promise<void> {
    for (let next = this.#take(); next !== null; next = this.#take()) {
      if (this.#parts.signal.aborted) return;
      await this.#offer(next);
    }
  }

  #take(): string | null {
    const checkpoint = this.#stopped ? null : this.#waiting;
    this.#waiting = null;
    return checkpoint;
  }

  #hasSigned({ witness }: Standing, size: number): boolean {
    return this.#gathered.size === size && this.#gathered.lines.has(witness.name);
  }

  async #offer(checkpoint: string): Promise<void> {
    const { now, policy, cosigned, contradicted } = this.#parts;
    const size = sizeOf(checkpoint);
    const asked = this.#standing.filter((one) => one.next <= now() && !this.#hasSigned(one, size));
    if (this.#gathered.size !== size) this.#gathered = { size, lines: new Map() };
    const { lines } = this.#gathered;
    const before = lines.size;
    await Promise.all(
      asked.map(async (one) => {
        const answer = await this.#ask(one, checkpoint);
        if (answer.known) {
          this.#stopped = true;
          await contradicted(answer.known);
        }
        if (answer.lines) lines.set(one.witness.name, answer.lines);
      }),
    );
    if (lines.size === before || this.#stopped) return;
    const met = policy.met(new Set(lines.keys()));
    if (met) this.#cosigned = { size, at: now() };
    // In the policy's order, so that the same signatures are the same file.
    await cosigned(
      size,
      this.#standing.flatMap(({ witness }) => lines.get(witness.name) ?? []),
      met,
    );
  }

  /** Asks one witness, at most once more with the size that it says it knows. */
  async #ask(
    one: Standing,
    checkpoint: string,
  ): Promise<{ readonly lines?: readonly string[]; readonly known?: KnownHead }> {
    const { witness } = one;
    const size = sizeOf(checkpoint);
    let offered = await this.#from(one, one.size, size, checkpoint);
    if (offered.kind === 'conflict' && offered.size <= size) {
      one.size = offered.size;
      offered = await this.#from(one, offered.size, size, checkpoint);
    }
    switch (offered.kind) {
      case 'cosigned':
        Object.assign(one, { size, at: this.#parts.now(), state: 'ok', failures: 0, next: 0 });
        return { lines: offered.lines };
      case 'conflict':
        // Less than we were told a moment ago: another sallyport offers a log of this name, which the lock forbids.
        if (offered.size <= size) {
          this.#fail(one, 'refused', `it knows ${offered.size} entries now, and others a moment ago`);
          return {};
        }
        this.#fail(one, 'refused', `it has seen ${offered.size} entries of this log, which has ${size}`);
        return { known: { witness: witness.name, size: offered.size, root: null } };
      case 'inconsistent':
        this.#fail(one, 'refused', `what it has seen of this log at ${one.size} entries is not what is here`);
        return { known: { witness: witness.name, size: one.size, root: null } };
      case 'refused':
      case 'unreachable':
        this.#fail(one, offered.kind, offered.why);
        return {};
    }
  }

  /** The offer with the proof that our own files give; one that they cannot give is a fault of ours. */
  async #from(one: Standing, oldSize: number, size: number, checkpoint: string): Promise<Offered> {
    const { client, files, signal } = this.#parts;
    let proof: readonly Hash[] = [];
    try {
      if (oldSize !== 0 && oldSize !== size)
        proof = await consistencyProof(oldSize, size, hashReader(files(), size));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { kind: 'unreachable', why: `no proof could be made for it: ${why}` };
    }
    return client.offer(one.witness, oldSize, proof, checkpoint, signal);
  }

  #fail(one: Standing, state: 'refused' | 'unreachable', why: string): void {
    const { now, alarm, signal } = this.#parts;
    if (signal.aborted) return;
    // The first failure of its kind is news; one alarm for each time that it begins.
    if (one.state !== state)
      alarm(`witness-${state}`, { source: one.witness.name, found: why.slice(0, 200) });
    one.state = state;
    one.next = now() + Math.min(AGAIN.last, AGAIN.first * 2 ** Math.min(one.failures, 10));
    one.failures += 1;
  }
}

function sizeOf(checkpoint: string): number {
  return parseCheckpoint(parseNote(checkpoint).text).size;
}
