import { readSync } from 'node:fs';

const WINDOW = 256 * 1024;
const KEPT = 4;

/**
 * Reads a file here and there without a system call for each few bytes: a zip's directory and its entries lie each in
 * their own order. Synchronous: for a command, never for the server.
 */
export class FileWindows {
  readonly #fd: number;
  readonly #size: number;
  /** The one that was used last is the last. */
  #windows: { readonly start: number; readonly bytes: Buffer }[] = [];

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.#size = size;
  }

  /** Exactly these bytes. @throws RangeError where the file ends before */
  bytes(position: number, length: number): Buffer {
    if (position < 0 || length < 0 || position + length > this.#size)
      throw new RangeError('it points behind its own end');
    if (length > WINDOW) return this.#read(position, length);
    const known = this.#windows.find(
      ({ start, bytes }) => start <= position && position + length <= start + bytes.length,
    );
    const window = known ?? {
      start: position,
      bytes: this.#read(position, Math.min(WINDOW, this.#size - position)),
    };
    this.#windows = [...this.#windows.filter((one) => one !== window), window].slice(-KEPT);
    return window.bytes.subarray(position - window.start, position - window.start + length);
  }

  #read(position: number, length: number): Buffer {
    const buffer = Buffer.alloc(length);
    let got = 0;
    while (got < length) {
      const more = readSync(this.#fd, buffer, got, length - got, position + got);
      if (more === 0) throw new RangeError('it became shorter while it was read');
      got += more;
    }
    return buffer;
  }
}
