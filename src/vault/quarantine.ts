import { type FileHandle, open, rm } from 'node:fs/promises';
import { diskFault, VaultFull } from './faults.ts';

/** Admitted files are never written again, and a umask cannot make them so. */
export const ADMITTED_MODE = 0o440;

/** The bytes that may lie in quarantine at one time, of all files together. */
export class QuarantineRoom {
  readonly #limit: number;
  #taken = 0;

  /** `limit` in bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Throws VaultFull where so many bytes more do not fit. */
  take(bytes: number): void {
    if (this.#taken + bytes > this.#limit) throw new VaultFull('the quarantine has no room left');
    this.#taken += bytes;
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes;
  }
}

/** One file in quarantine, and the room that it takes there until it has left. */
export class QuarantinedFile {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #room: QuarantineRoom;
  #taken = 0;

  private constructor(path: string, file: FileHandle, room: QuarantineRoom) {
    this.path = path;
    this.#file = file;
    this.#room = room;
  }

  static async create(path: string, room: QuarantineRoom): Promise<QuarantinedFile> {
    try {
      return new QuarantinedFile(path, await open(path, 'wx', ADMITTED_MODE), room);
    } catch (error) {
      throw diskFault(error);
    }
  }

  /** Appends bytes. Their room is taken before the first of them is written. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#room.take(bytes.length);
    this.#taken += bytes.length;
    await this.#file.writeFile(bytes);
  }

  async datasync(): Promise<void> {
    await this.#file.datasync();
  }

  /** The file has another place now. */
  async leave(): Promise<void> {
    this.#giveBack();
    await this.#file.close();
  }

  /** Removes the file. One that cannot be removed goes on taking its room. */
  async remove(): Promise<void> {
    try {
      await this.#file.close();
    } finally {
      await rm(this.path, { force: true });
      this.#giveBack();
    }
  }

  #giveBack(): void {
    this.#room.giveBack(this.#taken);
    this.#taken = 0;
  }
}
