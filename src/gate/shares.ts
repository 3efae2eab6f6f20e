import type { ServerResponse } from 'node:http';

/**
 * How many requests of each agent are being answered. Whoever asks and then neither sends nor takes a byte holds
 * a place until a timeout ends it: one agent must not hold them all.
 */
export class Shares {
  readonly #max: number;
  readonly #held = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Whether the agent has a place left; it is given back when the response closes. */
  take(agent: string, response: ServerResponse): boolean {
    const held = this.#held.get(agent) ?? 0;
    if (held >= this.#max) return false;
    this.#held.set(agent, held + 1);
    response.once('close', () => {
      const left = (this.#held.get(agent) ?? 1) - 1;
      if (left > 0) this.#held.set(agent, left);
      else this.#held.delete(agent);
    });
    return true;
  }
}
