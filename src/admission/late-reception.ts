import type { Held, Reception, Vault } from '../vault/vault.ts';

/**
 * A reception that takes its place in quarantine with the first byte: a download that waits for a free place at
 * its origin holds no file. A file of no bytes gets its place when it is finished.
 */
export class LateReception implements Reception {
  readonly #vault: Pick<Vault, 'receive'>;
  #opening: Promise<Reception> | null = null;
  #discarded = false;

  constructor(vault: Pick<Vault, 'receive'>) {
    this.#vault = vault;
  }

  async write(chunk: Uint8Array): Promise<void> {
    await (await this.#open()).write(chunk);
  }

  async finish(): Promise<Held> {
    return (await this.#open()).finish();
  }

  async discard(): Promise<void> {
    this.#discarded = true;
    // A place that is just being opened would be left behind; one that could not be opened leaves nothing.
    const opened = await this.#opening?.catch(() => null);
    await opened?.discard();
  }

  #open(): Promise<Reception> {
    if (this.#discarded) return Promise.reject(new TypeError('this reception is discarded'));
    this.#opening ??= this.#vault.receive();
    return this.#opening;
  }
}
