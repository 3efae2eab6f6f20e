/** Takes exact numbers of bytes out of a stream of pieces. */
export class Pull {
  readonly #pieces: AsyncIterator<Uint8Array, void, undefined>;
  #current: Uint8Array = new Uint8Array();
  #at = 0;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, void, undefined>;
  }

  /** The next `length` bytes, or fewer where the stream ends. The answer is valid until the next call. */
  async take(length: number): Promise<Uint8Array> {
    const left = this.#current.length - this.#at;
    if (left >= length) {
      this.#at += length;
      return this.#current.subarray(this.#at - length, this.#at);
    }
    const parts = [this.#current.subarray(this.#at)];
    let have = left;
    while (have < length && (await this.#advance())) {
      const part = this.#current.subarray(0, length - have);
      this.#at = part.length;
      have += part.length;
      parts.push(part);
    }
    return Buffer.concat(parts);
  }

  /** Passes over `length` bytes; the answer is how many there were. */
  async skip(length: number): Promise<number> {
    let passed = 0;
    for (;;) {
      const step = Math.min(length - passed, this.#current.length - this.#at);
      this.#at += step;
      passed += step;
      if (passed === length || !(await this.#advance())) return passed;
    }
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  async #advance(): Promise<boolean> {
    const next = await this.#pieces.next();
    this.#current = next.done ? new Uint8Array() : next.value;
    this.#at = 0;
    return !next.done;
  }
}
