/**
 * Single flight: of those who want the same thing at the same time, one makes it and all get it (or its
 * error). Nothing is kept afterwards. The work belongs to nobody: it goes on when its askers give up.
 */
export class Flights<K, V> {
  readonly #flying = new Map<K, Promise<V>>();

  /** Keys that are in flight now. */
  get size(): number {
    return this.#flying.size;
  }

  /** Joins the flight of `key`, or starts one with `make`. */
  run(key: K, make: () => Promise<V>): Promise<V> {
    const flying = this.#flying.get(key);
    if (flying) return flying;
    // make() is called in a later turn, so that a throw of its own is a rejection for all
    const flight = Promise.resolve()
      .then(make)
      .finally(() => this.#flying.delete(key));
    this.#flying.set(key, flight);
    return flight;
  }
}
