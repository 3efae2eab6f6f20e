import { type FileHandle, open, rm } from 'node:fs/promises';
import type { Digest } from '../model/digest.ts';
import { ChunkHasher, type Hashed } from './chunks.ts';
import { diskFault } from './faults.ts';
import type { Held, Reception, Stored } from './vault.ts';

/** Admitted files are never written again, and a umask cannot make them so. */
export const ADMITTED_MODE = 0o440;

/** Gives a file in quarantine, whose bytes are durable, its place in the vault. */
export type Admit = (path: string, hashed: Hashed) => Promise<void>;

/** Receives bytes into a new file of quarantine. Any fault removes the file and ends the reception. */
export class FileReception implements Reception {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #hasher: ChunkHasher;
  readonly #admit: Admit;
  #state: 'open' | 'writing' | 'ended' = 'open';

  private constructor(path: string, file: FileHandle, chunkSize: number, admit: Admit) {
    this.#path = path;
    this.#file = file;
    this.#hasher = new ChunkHasher(chunkSize);
    this.#admit = admit;
  }

  static async begin(path: string, chunkSize: number, admit: Admit): Promise<FileReception> {
    try {
      return new FileReception(path, await open(path, 'wx', ADMITTED_MODE), chunkSize, admit);
    } catch (error) {
      throw diskFault(error);
    }
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#expectOpen();
    this.#state = 'writing';
    try {
      this.#hasher.update(chunk);
      await this.#file.writeFile(chunk);
    } catch (error) {
      await this.#end();
      throw diskFault(error);
    }
    if (this.#state === 'writing') this.#state = 'open';
  }

  async finish(): Promise<Held> {
    this.#expectOpen();
    this.#state = 'ended';
    return new HeldFile(this.#path, this.#file, this.#hasher.finish(), this.#admit);
  }

  async discard(): Promise<void> {
    if (this.#state !== 'ended') await this.#end();
  }

  async #end(): Promise<void> {
    this.#state = 'ended';
    await dispose(this.#path, this.#file);
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
  readonly #file: FileHandle;
  readonly #hashed: Hashed;
  readonly #admit: Admit;
  #ended = false;

  constructor(path: string, file: FileHandle, hashed: Hashed, admit: Admit) {
    this.sha256 = hashed.sha256;
    this.sha512 = hashed.sha512;
    this.size = hashed.size;
    this.chunks = hashed.chunks;
    this.path = path;
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
      await dispose(this.path, this.#file);
      throw diskFault(error);
    }
    await this.#file.close();
    const { sha256, sha512, size, chunks } = this;
    return { sha256, sha512, size, chunks };
  }

  async discard(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await dispose(this.path, this.#file);
  }
}

async function dispose(path: string, file: FileHandle): Promise<void> {
  try {
    await file.close();
  } finally {
    await rm(path, { force: true });
  }
}
