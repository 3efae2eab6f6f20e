/**
 * Calls to one thread, in the order in which they were made: the time of each begins when none before it waits any
 * more. So one that was asked behind many others loses nothing by them, and one that is never answered has its end.
 */
export class Turns {
  readonly #deadline: number;
  readonly #waiting = new Set<() => void>();
  #first: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `deadline`: how long a turn may take, ms. */
  constructor(deadline: number) {
    this.#deadline = deadline;
  }

  /** Begins to wait; `late` is called when the turn has come and taken too long. Gives what ends the waiting. */
  wait(late: () => void): () => void {
    this.#waiting.add(late);
    this.#next();
    return () => {
      this.#waiting.delete(late);
      this.#next();
    };
  }

  #next(): void {
    const [first] = this.#waiting;
    if (first === this.#first) return;
    clearTimeout(this.#timer);
    this.#first = first;
    this.#timer = first && setTimeout(first, this.#deadline);
  }
}
