import { Problem } from './problem.ts';

/** How much auditors may ask at once, so that they keep nobody waiting. Times in milliseconds. */
export interface TurnLimits {
  /** Questions of one auditor that are being answered. */
  readonly ofOne: number;
  readonly ofAll: number;
  /** For a question with one answer. */
  readonly answer: number;
  /** For a stream, whatever its reader does. */
  readonly stream: number;
}

export const TURN_LIMITS: TurnLimits = { ofOne: 4, ofAll: 32, answer: 30_000, stream: 900_000 };

/** Which questions are being answered, of whom. */
export class Turns {
  readonly #limits: TurnLimits;
  readonly #now: () => number;
  readonly #held = new Map<string, number>();
  #all = 0;

  constructor(now: () => number, limits: TurnLimits = TURN_LIMITS) {
    this.#now = now;
    this.#limits = limits;
  }

  /** Works on a question in a turn, which ends with the work unless that keeps it. Rejects with Problem. */
  async take<T>(auditor: string, work: (turn: Turn) => Promise<T>): Promise<T> {
    const held = this.#held.get(auditor) ?? 0;
    if (held >= this.#limits.ofOne || this.#all >= this.#limits.ofAll)
      throw new Problem('TOO_MANY_QUERIES', undefined, 1);
    this.#held.set(auditor, held + 1);
    this.#all += 1;
    const turn = new Turn(this.#now, this.#limits, () => this.#release(auditor));
    let late = false;
    let timer: NodeJS.Timeout | undefined;
    // What takes too long is not waited for, and holds its turn until it ends: it still keeps the ledger busy.
    const working = work(turn).finally(() => (late ? turn.end() : turn.done()));
    const waiting = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        late = true;
        reject(tooLong());
      }, this.#limits.answer);
    });
    return Promise.race([working, waiting]).finally(() => clearTimeout(timer));
  }

  #release(auditor: string): void {
    const left = (this.#held.get(auditor) ?? 1) - 1;
    if (left > 0) this.#held.set(auditor, left);
    else this.#held.delete(auditor);
    this.#all -= 1;
  }
}

/** The right to keep the ledger busy for a while. */
export class Turn {
  readonly #now: () => number;
  readonly #limits: TurnLimits;
  readonly #release: () => void;
  readonly #began: number;
  #kept = false;
  #ended = false;

  constructor(now: () => number, limits: TurnLimits, release: () => void) {
    this.#now = now;
    this.#limits = limits;
    this.#release = release;
    this.#began = now();
  }

  /** The turn goes on after the answer has begun, until whoever keeps it ends it. */
  keep(): Turn {
    this.#kept = true;
    return this;
  }

  /** Throws Problem where it has lasted too long. */
  check(): void {
    if (this.#now() - this.#began > (this.#kept ? this.#limits.stream : this.#limits.answer)) throw tooLong();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#release();
  }

  /** The work is done: the end, where it is not kept. */
  done(): void {
    if (!this.#kept) this.end();
  }
}

function tooLong(): Problem {
  return new Problem('OVERLOADED', 'the question took too long; ask for less', 5);
}
