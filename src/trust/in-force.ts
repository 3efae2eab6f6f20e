import { InForce } from '../in-force.ts';
import type { Digest } from '../model/digest.ts';
import { TrustError } from '../verify/trust.ts';
import { type LoadedTrust, problemAt } from './files.ts';

export interface TrustSteps {
  /** Milliseconds since 1970. */
  now(): number;
  /** Reads the files, as `loadTrust` does. */
  load(): Promise<LoadedTrust>;
  /** Keeps it, and hands it to those who use it in threads. When it rejects, the one before is in force there. */
  take(next: LoadedTrust, before: Digest): Promise<void>;
  /** Somebody should look at it: what is wrong, and the digest of what is in force meanwhile. */
  alarm(problem: string, inForce: Digest): void;
  /** Another one is in force. */
  changed(next: LoadedTrust, before: Digest): void;
}

/** More than this of what went wrong helps nobody, characters. */
const MAX_WORDS = 1_000;

/**
 * The trust root and keys that verify. At the start a broken update falls back to what was pinned; later the one in
 * force stays, which is no older. Either way, and where an update failed or is long ago, there is an alarm.
 */
export class TrustInForce {
  readonly #steps: TrustSteps;
  readonly #held: InForce<LoadedTrust>;
  #problem: string | null;

  /** Begins with one that the threads have taken already. Its problem, if it has one, is alarmed. */
  constructor(first: LoadedTrust, steps: TrustSteps) {
    this.#steps = steps;
    this.#held = new InForce(first, {
      load: () => this.#load(),
      take: (next, before) => steps.take(next, before.digest),
      changed: async (next, before) => steps.changed(next, before.digest),
      rejected: async (error) => this.#tell(error instanceof Error ? error.message : String(error)),
    });
    this.#problem = problemAt(first, steps.now());
    this.#tell(this.#problem);
  }

  /** What an update should have brought is not here, is long ago, or the files could not be read. */
  get failed(): boolean {
    return this.#problem !== null;
  }

  /** Reads the files again; false where the one before them stays in force. */
  async reload(): Promise<boolean> {
    return this.#held.reload();
  }

  async #load(): Promise<LoadedTrust> {
    const next = await this.#steps.load();
    if (next.fallback) throw new TrustError(next.problem ?? 'an updated copy cannot be used');
    this.#tell(problemAt(next, this.#steps.now()));
    return next;
  }

  #tell(problem: string | null): void {
    this.#problem = problem;
    if (problem === null) return;
    this.#steps.alarm(problem.slice(0, MAX_WORDS).toWellFormed(), this.#held.current.digest);
  }
}
