/** The rooms that are open, to be closed in the opposite order. */
export class Closing {
  readonly #rooms: (() => Promise<void>)[] = [];

  /** A room was opened: this closes it. */
  add(close: () => Promise<void>): void {
    this.#rooms.push(close);
  }

  /** Every room is closed, whatever becomes of the others; only then the first fault is thrown. */
  async closeAll(): Promise<void> {
    const faults: unknown[] = [];
    for (const close of this.#rooms.toReversed()) await close().catch((error: unknown) => faults.push(error));
    if (faults.length > 0) throw faults[0];
  }
}
