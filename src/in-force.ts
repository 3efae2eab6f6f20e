import type { Digest } from './model/digest.ts';

/** What it takes to replace something that is in force. */
export interface Steps<T> {
  /** Reads its files. Rejects where they are none that can be used. */
  load(): Promise<T>;
  /** Hands it to those who work with it in threads. When it rejects, the one before is in force there. */
  take(next: T, before: T): Promise<void>;
  /** It is in force now, in place of another. */
  changed(next: T, before: T): Promise<void>;
  /** Another one was not taken; this one stays in force. */
  rejected(error: unknown, current: T): Promise<void>;
}

/** A policy, or what is trusted: the one that decides. Another one takes its place whole, or not at all. */
export class InForce<T extends { readonly digest: Digest }> {
  readonly #steps: Steps<T>;
  #current: T;
  #failed = false;
  #turn: Promise<unknown> = Promise.resolve();

  /** Begins with one that the threads have taken already. */
  constructor(first: T, steps: Steps<T>) {
    this.#steps = steps;
    this.#current = first;
  }

  get current(): T {
    return this.#current;
  }

  /** The files that were read last could not be taken into use. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Reads the files again; false where the one before them stays in force. */
  reload(): Promise<boolean> {
    // One after the other, so that the files that were read last are in force.
    const reloaded = this.#turn.then(() => this.#reload());
    this.#turn = reloaded.catch(() => undefined);
    return reloaded;
  }

  async #reload(): Promise<boolean> {
    const before = this.#current;
    let next: T;
    try {
      next = await this.#steps.load();
      if (next.digest !== before.digest) await this.#steps.take(next, before);
    } catch (error) {
      this.#failed = true;
      await this.#steps.rejected(error, before);
      return false;
    }
    this.#failed = false;
    if (next.digest === before.digest) return true;
    this.#current = next;
    await this.#steps.changed(next, before);
    return true;
  }
}
