import type { Digest } from '../model/digest.ts';
import { ChunkHasher, type Hashed } from './chunks.ts';
import { diskFault } from './faults.ts';
import { QuarantinedFile, type QuarantineRoom } from './quarantine.ts';
import type { Held, Reception, Stored } from './vault.ts';

/** Gives a file in quarantine, whose bytes are durable, its place in the vault. */
export type Admit = (path: string, hashed: Hashed) => Promise<void>;

/** Receives bytes into a new file of quarantine. Any fault removes the file and ends the reception. */
export class FileReception implements Reception {
  readonly #file: QuarantinedFile;
  readonly #hasher: ChunkHasher;
  readonly #admit: Admit;
  #state: 'open' | 'writing' | 'ended' = 'open';

  private constructor(file: QuarantinedFile, chunkSize: number, admit: Admit) {
    this.#file = file;
    this.#hasher = new ChunkHasher(chunkSize);
    this.#admit = admit;
  }

  static async begin(
    path: string,
    room: QuarantineRoom,
    chunkSize: number,
    admit: Admit,
  ): Promise<FileReception> {
    return new FileReception(await QuarantinedFile.create(path, room), chunkSize, admit);
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#expectOpen();
    this.#state = 'writing';
    try {
      this.#hasher.update(chunk);
      await this.#file.write(chunk);
    } catch (error) {
      await this.#end();
      throw diskFault(error);
    }
    if (this.#state === 'writing') this.#state = 'open';
  }

  async finish(): Promise<Held> {
    this.#expectOpen();
    this.#state = 'ended';
    return new HeldFile(this.#file, this.#hasher.finish(), this.#admit);
  }

  async discard(): Promise<void> {
    if (this.#state !== 'ended') await this.#end();
  }

  async #end(): Promise<void> {
    this.#state = 'ended';
    await this.#file.remove();
  }

  #expectOpen(): void {
    if (this.#state !== 'open') throw new TypeError(`this reception is ${this.#state}`);
  }
}

/** A whole file in quarantine. Its descriptor stays open until it is committed or discarded. */
class HeldFile implements Held {
  readonly sha256: Digest;
  readonly sha512: Digest;
  readonly size: number;
  readonly chunks: Digest;
  readonly path: string;
  readonly #file: QuarantinedFile;
  readonly #hashed: Hashed;
  readonly #admit: Admit;
  #ended = false;

  constructor(file: QuarantinedFile, hashed: Hashed, admit: Admit) {
    this.sha256 = hashed.sha256;
    this.sha512 = hashed.sha512;
    this.size = hashed.size;
    this.chunks = hashed.chunks;
    this.path = file.path;
    this.#file = file;
    this.#hashed = hashed;
    this.#admit = admit;
  }

  async commit(): Promise<Stored> {
    if (this.#ended) throw new TypeError('this file was committed or discarded');
    this.#ended = true;
    try {
      await this.#file.datasync();
      await this.#admit(this.path, this.#hashed);
    } catch (error) {
      await this.#file.remove();
      throw diskFault(error);
    }
    await this.#file.leave();
    const { sha256, sha512, size, chunks } = this;
    return { sha256, sha512, size, chunks };
  }

  async discard(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#file.remove();
  }
}
