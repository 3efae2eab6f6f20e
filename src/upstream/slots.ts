import type { Limits } from './limits.ts';
import { UpstreamFault } from './upstream.ts';

interface Origin {
  active: number;
  /** Those that wait, in order of arrival. */
  readonly waiting: Set<() => void>;
}

/** A bound on simultaneous requests per origin, with a bounded queue. */
export class Slots {
  readonly #limits: Pick<Limits, 'perOrigin' | 'waiting' | 'waitTime'>;
  readonly #origins = new Map<string, Origin>();

  constructor(limits: Pick<Limits, 'perOrigin' | 'waiting' | 'waitTime'>) {
    this.#limits = limits;
  }

  /** Runs `work` when a place at `origin` is free. Throws UpstreamFault OVERLOADED where the wait is too long. */
  async run<T>(origin: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const place = this.#origins.get(origin) ?? { active: 0, waiting: new Set() };
    this.#origins.set(origin, place);
    if (place.active < this.#limits.perOrigin) place.active++;
    else await this.#turn(place, signal);
    try {
      return await work();
    } finally {
      this.#leave(origin, place);
    }
  }

  /** Waits until somebody who leaves hands over the place; `active` stays as it is. */
  #turn({ waiting }: Origin, signal: AbortSignal): Promise<void> {
    const overloaded = () => new UpstreamFault('OVERLOADED', 'too many requests wait for this upstream');
    if (waiting.size >= this.#limits.waiting) return Promise.reject(overloaded());
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', aborted);
        waiting.delete(go);
        settle();
      };
      const go = () => end(resolve);
      const aborted = () => end(() => reject(signal.reason));
      const timer = setTimeout(() => end(() => reject(overloaded())), this.#limits.waitTime);
      signal.addEventListener('abort', aborted, { once: true });
      waiting.add(go);
    });
  }

  #leave(origin: string, place: Origin): void {
    const [next] = place.waiting;
    if (next) next();
    else if (--place.active === 0) this.#origins.delete(origin);
  }
}
