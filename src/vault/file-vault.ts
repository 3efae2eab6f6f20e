import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ensureDir, syncFolder, writeDurable } from '../disk/durable.ts';
import { type Digest, hexOf, sha256 } from '../model/digest.ts';
import { CHUNK_DIGEST, type Hashed } from './chunks.ts';
import { documentDigest } from './document.ts';
import { FileEvidenceShelf } from './evidence-shelf.ts';
import { diskFault, orNull } from './faults.ts';
import { fsck } from './fsck.ts';
import { KeyedLock } from './keyed-lock.ts';
import { Layout, SHELVES, type Shelf } from './layout.ts';
import { digestOf, OpenBytes, OpenFile, readFully } from './open-artifact.ts';
import { ADMITTED_MODE, QuarantineRoom } from './quarantine.ts';
import { FileReception } from './reception.ts';
import { moveAside } from './set-aside.ts';
import { ShelfIndex } from './shelf-index.ts';
import { SmallArtifacts } from './small-artifacts.ts';
import {
  type EvidenceShelf,
  type OpenArtifact,
  type Reception,
  type Stored,
  type Vault,
  VaultDamaged,
} from './vault.ts';

export { VaultFull } from './faults.ts';

/** Bytes of small artifacts that are kept in memory. */
const IN_MEMORY = 32 * 1024 ** 2;

export interface FileVaultOptions {
  /** Folder of the vault alone, on one file system. One process at a time. */
  readonly dir: string;
  /** Bytes per chunk (1 MiB). It is not recorded: the same for the whole life of a vault. */
  readonly chunkSize?: number;
  /** Bytes that may lie in quarantine at one time (8 GiB); what does not fit is VaultFull. */
  readonly quarantineLimit?: number;
}

/**
 * Opens the vault in files, see Layout. It empties quarantine and removes what interrupted writes left, so
 * whoever opens it must be the only process that does. A full disk is VaultFull; other faults of the file system
 * come as they are.
 */
export async function openFileVault({
  dir,
  chunkSize = 1024 ** 2,
  quarantineLimit = 8 * 1024 ** 3,
}: FileVaultOptions): Promise<Vault> {
  for (const [name, bytes] of Object.entries({ chunkSize, quarantineLimit })) {
    if (!Number.isSafeInteger(bytes) || bytes < 1) throw new RangeError(`${name} must be positive`);
  }
  const layout = new Layout(dir);
  await rm(layout.quarantine, { recursive: true, force: true });
  for (const folder of [layout.quarantine, layout.damaged, ...SHELVES.map((shelf) => layout.shelf(shelf))]) {
    await ensureDir(folder);
  }
  // The folder was made a moment ago: this is the file system's own time, whatever our clock says.
  const opened = (await stat(layout.quarantine)).mtimeMs;
  return new FileVault(layout, opened, chunkSize, new QuarantineRoom(quarantineLimit));
}

class FileVault implements Vault {
  readonly evidence: EvidenceShelf;
  readonly #layout: Layout;
  readonly #chunkSize: number;
  readonly #room: QuarantineRoom;
  readonly #index = new ShelfIndex();
  readonly #scan: Promise<void>;
  /** What gives a digest its file, takes it away or opens it, does so alone. */
  readonly #lock = new KeyedLock();
  readonly #folders = new Set<string>();
  readonly #small = new SmallArtifacts(IN_MEMORY);
  #closed = false;

  constructor(layout: Layout, opened: number, chunkSize: number, room: QuarantineRoom) {
    this.#layout = layout;
    this.#chunkSize = chunkSize;
    this.#room = room;
    this.evidence = new FileEvidenceShelf(layout, this.#lock, {
      kept: (document, bytes) => this.#index.add('evidence', document, bytes),
      gone: (document) => this.#index.remove('evidence', document),
    });
    this.#scan = this.#index.scan(layout, opened);
    // A failed scan rejects where it is waited for; until then it is not an unhandled rejection.
    this.#scan.catch(() => undefined);
  }

  async receive(): Promise<Reception> {
    if (this.#closed) throw new TypeError('the vault is closed');
    const admit = (path: string, hashed: Hashed) => this.#admit(path, hashed);
    return FileReception.begin(this.#layout.quarantined(), this.#room, this.#chunkSize, admit);
  }

  async open(stored: Stored): Promise<OpenArtifact | null> {
    return this.#fromMemory(stored) ?? this.#fromDisk(stored);
  }

  async #fromDisk(stored: Stored): Promise<OpenArtifact | null> {
    return this.#lock.run(stored.sha256, async () => {
      const memory = this.#fromMemory(stored);
      if (memory) return memory;
      const file = await orNull(open(this.#layout.file('cas', stored.sha256), 'r'));
      if (!file) return null;
      try {
        const table = await this.#checkedTable(file, stored);
        if (!table) {
          await this.#setAside('cas', stored.sha256, file);
          throw new VaultDamaged('an artifact or its chunk table is not what was admitted');
        }
        this.#index.touch('cas', stored.sha256);
        if (this.#isSmall(stored)) return await this.#intoMemory(file, stored);
        const onDamage = (): Promise<void> =>
          this.#lock.run(stored.sha256, () => this.#setAside('cas', stored.sha256, file));
        return new OpenFile(file, stored.size, table, this.#chunkSize, onDamage);
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  }

  async has(digest: Digest): Promise<boolean> {
    return this.#small.has(digest) || (await orNull(stat(this.#layout.file('cas', digest)))) !== null;
  }

  async putDocument(bytes: Uint8Array | readonly Uint8Array[]): Promise<Digest> {
    const { digest, length } = await documentDigest(bytes);
    const path = this.#layout.file('documents', digest);
    await this.#lock.run(digest, async () => {
      try {
        await this.#folder(dirname(path));
        const there = await orNull(stat(path));
        if (there?.size !== length) await writeDurable(path, bytes, ADMITTED_MODE);
        // Whoever wrote it may have been killed before its name was synced.
        else if (!this.#index.has('documents', digest)) await syncFolder(dirname(path));
      } catch (error) {
        throw diskFault(error);
      }
      this.#index.add('documents', digest, length);
    });
    return digest;
  }

  async hasDocument(digest: Digest): Promise<boolean> {
    return this.#lock.run(digest, async () => {
      if (!(await orNull(stat(this.#layout.file('documents', digest))))) return false;
      this.#index.touch('documents', digest);
      return true;
    });
  }

  async getDocument(digest: Digest): Promise<Uint8Array | null> {
    return this.#lock.run(digest, async () => {
      const bytes = await orNull(readFile(this.#layout.file('documents', digest)));
      if (!bytes) return null;
      if ((await documentDigest(bytes)).digest !== digest) {
        await this.#setAside('documents', digest, null);
        return null;
      }
      this.#index.touch('documents', digest);
      return bytes;
    });
  }

  async usage(): Promise<{ readonly bytes: number; readonly files: number }> {
    await this.#scan;
    return this.#index.usage;
  }

  async evict(maxBytes: number, keep: (sha256: Digest) => boolean): Promise<{ readonly removed: number }> {
    await this.#scan;
    let removed = 0;
    for (const { shelf, digest, used } of this.#index.evictable()) {
      if (this.#index.usage.bytes <= maxBytes) break;
      if (keep(digest)) continue;
      await this.#lock.run(digest, async () => {
        // Used since the list was made: somebody has just been promised that it is here.
        if (this.#index.lastUse(shelf, digest) !== used) return;
        if (shelf === 'cas') this.#small.drop(digest);
        await rm(this.#layout.file(shelf, digest), { force: true });
        if (shelf === 'cas') await rm(this.#layout.table(digest), { force: true });
        this.#index.remove(shelf, digest);
        removed += 1;
      });
    }
    return { removed };
  }

  async fsck(): Promise<{ readonly checked: number; readonly damaged: readonly string[] }> {
    await this.#scan;
    return fsck(this.#layout, this.#chunkSize, {
      locked: (digest, task) => this.#lock.run(digest, task),
      setAside: (shelf, digest) => this.#setAside(shelf, digest, null),
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#scan.catch(() => undefined);
  }

  /**
   * From quarantine to its place: the chunk table first, so that no artifact is ever without one. What has
   * the name already is replaced by the same bytes, which also heals it where it was damaged; whoever has it
   * open reads on in the old file.
   */
  async #admit(path: string, hashed: Hashed): Promise<void> {
    await this.#lock.run(hashed.sha256, async () => {
      const final = this.#layout.file('cas', hashed.sha256);
      const table = this.#layout.table(hashed.sha256);
      await this.#folder(dirname(final));
      const there = await orNull(readFile(table));
      if (!there || sha256(there) !== hashed.chunks) await writeDurable(table, hashed.table, ADMITTED_MODE);
      await rename(path, final);
      // Before the sync: should that fail, the file takes its room all the same.
      this.#index.add('cas', hashed.sha256, hashed.size + hashed.table.length);
      await syncFolder(dirname(final));
    });
  }

  /** Of one chunk, so that its own digest is all that there is to compare. */
  #isSmall({ size }: Stored): boolean {
    return SmallArtifacts.isSmall(size) && size <= this.#chunkSize;
  }

  /** A small artifact whose bytes are in memory. What is said of it must agree with them, as with a file. */
  #fromMemory(stored: Stored): OpenArtifact | null {
    const bytes = this.#small.get(stored.sha256);
    if (!bytes || bytes.length !== stored.size || sha256(tableOfOne(stored)) !== stored.chunks) return null;
    this.#index.touch('cas', stored.sha256);
    return new OpenBytes(bytes, tableOfOne(stored), () => this.#small.drop(stored.sha256));
  }

  /** Reads a small artifact, for whom it is opened and those who open it next. Its lock is held. */
  async #intoMemory(file: FileHandle, stored: Stored): Promise<OpenArtifact | null> {
    const bytes = Buffer.allocUnsafeSlow(stored.size);
    const read = await readFully(file, bytes, 0);
    if (read < stored.size || !(await digestOf(bytes)).equals(tableOfOne(stored))) {
      await this.#setAside('cas', stored.sha256, file);
      throw new VaultDamaged('a small artifact is not what was admitted');
    }
    await file.close();
    this.#small.put(stored.sha256, bytes);
    return this.#fromMemory(stored);
  }

  /** The chunk table, or null where it, or the file's size, is not what was admitted. */
  async #checkedTable(file: FileHandle, stored: Stored): Promise<Uint8Array | null> {
    const { size } = await file.stat();
    // Of one chunk the table is the file's own digest: there is nothing to read.
    const table =
      stored.size > 0 && stored.size <= this.#chunkSize
        ? tableOfOne(stored)
        : await orNull(readFile(this.#layout.table(stored.sha256)));
    const length = Math.ceil(stored.size / this.#chunkSize) * CHUNK_DIGEST;
    const good = size === stored.size && table?.length === length && sha256(table) === stored.chunks;
    return good ? table : null;
  }

  /** Moves a damaged file out of the way; not one that has replaced the `opened` file meanwhile. */
  async #setAside(shelf: Shelf, digest: Digest, opened: FileHandle | null): Promise<void> {
    if (shelf === 'cas') this.#small.drop(digest);
    if (await moveAside(this.#layout, shelf, digest, opened)) this.#index.remove(shelf, digest);
  }

  /** Makes a folder of a shelf durably, once. */
  async #folder(path: string): Promise<void> {
    if (this.#folders.has(path)) return;
    await ensureDir(path);
    this.#folders.add(path);
  }
}

/** The chunk table of an artifact of one chunk: its own digest. */
function tableOfOne({ sha256 }: Stored): Buffer {
  return Buffer.from(hexOf(sha256), 'hex');
}
