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
  /** Somebody asked for a reload, and the files are what is in force. */
  unchanged?(current: T): Promise<void>;
}

/** What became of a reload; `passed`: what was read was not to be taken, and nothing came of it. */
export type Outcome = 'taken' | 'unchanged' | 'rejected' | 'passed';

/** How a reload that nobody asked for is done. */
export interface Quietly<T> {
  /** In place of the step; null where the files are not those that are waited for. */
  load(): Promise<T | null>;
  /** Asked once the files were read, well or badly: whether they still are as they were. */
  still(): Promise<boolean>;
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
  async reload(): Promise<boolean> {
    return (await this.#inTurn(() => this.#reload(null))) !== 'rejected';
  }

  /** The same, for files that are taken when they are ready. That nothing changed is not said. */
  reloadQuietly(quietly: Quietly<T>): Promise<Outcome> {
    return this.#inTurn(() => this.#reload(quietly));
  }

  /** One after the other, so that the files that were read last are in force. */
  #inTurn(work: () => Promise<Outcome>): Promise<Outcome> {
    const reloaded = this.#turn.then(work);
    this.#turn = reloaded.catch(() => undefined);
    return reloaded;
  }

  async #reload(quietly: Quietly<T> | null): Promise<Outcome> {
    const before = this.#current;
    let next: T | null;
    try {
      next = await (quietly ?? this.#steps).load();
      if (next === null || (quietly && !(await quietly.still()))) return 'passed';
      if (next.digest !== before.digest) await this.#steps.take(next, before);
    } catch (error) {
      if (quietly && !(await quietly.still())) return 'passed';
      this.#failed = true;
      await this.#steps.rejected(error, before);
      return 'rejected';
    }
    this.#failed = false;
    if (next.digest === before.digest) {
      if (!quietly) await this.#steps.unchanged?.(before);
      return 'unchanged';
    }
    this.#current = next;
    await this.#steps.changed(next, before);
    return 'taken';
  }
}
