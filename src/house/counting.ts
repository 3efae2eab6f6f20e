import type { FastifyBaseLogger } from 'fastify';
import type { Flushable } from '../admission/create.ts';
import type { Tally } from '../gate/tally.ts';
import { stopEntry, tallyEntry } from '../ledger/entry.ts';
import type { Entering } from './entering.ts';

/** How often what was answered is entered, to be held against what was decided, ms. */
const TALLY_EVERY = 3_600_000;

/** How often refusals past an agent's budget are summed where no further one does it, ms. */
const SUM_EVERY = 60_000;

export interface CountingParts extends Entering {
  readonly admission: Flushable;
  readonly tally: Tally;
  /** When counting began: the time of the start's entry, ms since 1970. */
  readonly since: number;
  readonly log: Pick<FastifyBaseLogger, 'error'>;
}

/** Enters sums of refusals and what was answered, from when it is made until `pause`. */
export class Counting {
  readonly #parts: CountingParts;
  readonly #timers: readonly NodeJS.Timeout[];

  constructor(parts: CountingParts) {
    this.#parts = parts;
    this.#timers = [
      setInterval(() => void this.#sum(), SUM_EVERY).unref(),
      setInterval(() => void this.#enterCounts(), TALLY_EVERY).unref(),
    ];
  }

  /** From now on nothing is entered but the stop. */
  pause(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** Enters that the house stops, and what it counted until now. */
  async enterStop(): Promise<void> {
    const { stamp, enter } = this.#parts;
    const last = this.#counts();
    // Without the sums the log would lack what is counted: then nothing is said of it, as after a crash.
    if (await this.#sum()) await enter('the stop', stopEntry({ ...stamp(), code: 'shutdown', ...last }));
  }

  async #enterCounts(): Promise<void> {
    const { stamp, enter } = this.#parts;
    const now = this.#counts();
    if (await this.#sum()) await enter('what was counted', tallyEntry({ ...stamp(), ...now }));
  }

  /** As they are now, to be entered when the sums are: a refusal that is counted here is in the log before this. */
  #counts() {
    return { since: this.#parts.since, ...this.#parts.tally.counts };
  }

  /** False where the sums could not be entered. */
  #sum(): Promise<boolean> {
    const { admission, log } = this.#parts;
    return admission.flush().then(
      () => true,
      (error: unknown) => {
        log.error({ err: error }, 'refusals could not be summed in the ledger');
        return false;
      },
    );
  }
}
