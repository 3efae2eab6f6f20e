/**
 * A prefix rule is a channel: whoever may ask for any name under it can spell secrets in names. So names
 * that we never saw are counted per agent and day (UTC), and past the budget they are refused like any other
 * name that is not admitted (design, promise 4).
 */
export class PrefixBudget {
  readonly #limit: number;
  readonly #seen = new Map<string, Set<string>>();
  #day = -1;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether `agent` may ask the upstream for this unseen name now; counts it if so. */
  take(agent: string, name: string, now: number): boolean {
    const day = Math.floor(now / 86_400_000);
    if (day !== this.#day) {
      this.#seen.clear();
      this.#day = day;
    }
    const names = this.#seen.get(agent) ?? new Set();
    this.#seen.set(agent, names);
    if (names.has(name)) return true;
    if (names.size >= this.#limit) return false;
    names.add(name);
    return true;
  }
}
