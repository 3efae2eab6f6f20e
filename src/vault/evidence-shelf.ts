import { type FileHandle, open, readdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { ensureDir, syncFolder, writeDurable } from '../disk/durable.ts';
import type { PackageId } from '../model/artifact.ts';
import { type Digest, parseDigest } from '../model/digest.ts';
import { EVIDENCE_KINDS, type EvidenceKind, MAX_EVIDENCE } from '../model/evidence.ts';
import { documentDigest } from './document.ts';
import { EvidenceLists } from './evidence-lists.ts';
import { codeOf, diskFault, orNull } from './faults.ts';
import { KeyedLock } from './keyed-lock.ts';
import { Layout, referenceOf } from './layout.ts';
import { ADMITTED_MODE } from './quarantine.ts';
import { moveAside } from './set-aside.ts';
import type { EvidenceRef, EvidenceShelf } from './vault.ts';

/** Documents of one kind for one artifact. Processes that put at the same moment may go beyond it by one each. */
const MAX_DOCUMENTS = 64;

/** Names of references that are read in one turn of the event loop. */
const TURN = 500;

/** A document that the shelf does not take: too large, or one too many for its artifact. Nothing was written. */
export class EvidenceRefused extends Error {
  override readonly name = 'EvidenceRefused';
}

/** Who counts what lies on the shelf. */
export interface ShelfCount {
  kept(document: Digest, bytes: number): void;
  gone(document: Digest): void;
}

const NOBODY: ShelfCount = { kept() {}, gone() {} };

/**
 * The evidence shelf of the vault in this folder, alone: it takes no lock and touches nothing else, so that a command
 * can use it beside a running firewall. Folders are made by the first `put`.
 */
export function openEvidenceShelf({ dir }: { readonly dir: string }): EvidenceShelf {
  return new FileEvidenceShelf(new Layout(dir), new KeyedLock(), NOBODY);
}

/**
 * Evidence in files, see Layout. A document is durable before the first reference to it, so that a crash leaves at
 * most a document that nothing refers to. Several processes may use one shelf: every name stands for its content.
 */
export class FileEvidenceShelf implements EvidenceShelf {
  readonly #layout: Layout;
  /** By document for its file, by folder for the references of a package; the folder's is taken first. */
  readonly #lock: KeyedLock;
  readonly #count: ShelfCount;
  readonly #lists = new EvidenceLists((id) => this.#references(id));
  readonly #folders = new Set<string>();

  constructor(layout: Layout, lock: KeyedLock, count: ShelfCount) {
    this.#layout = layout;
    this.#lock = lock;
    this.#count = count;
  }

  /** Rejects with EvidenceRefused beyond a bound, with VaultFull or the disk's own fault where it cannot be kept. */
  async put(id: PackageId, artifact: Digest, kind: EvidenceKind, bytes: Uint8Array): Promise<EvidenceRef> {
    if (parseDigest(artifact) !== artifact) throw new TypeError('not a digest of an artifact');
    if (!Object.hasOwn(EVIDENCE_KINDS, kind)) throw new TypeError('not a kind of evidence');
    const document = await digestOf(bytes);
    const ref: EvidenceRef = { artifact, kind, document };
    await this.#lock.run(this.#layout.references(id), async () => {
      try {
        await this.#expectRoom(id, ref);
        await this.#keep(document, bytes);
        await this.#refer(id, ref);
      } catch (error) {
        throw diskFault(error);
      } finally {
        this.#lists.forget(id);
      }
    });
    return ref;
  }

  /** Rejects as `put` does. */
  async keep(bytes: Uint8Array): Promise<Digest> {
    const document = await digestOf(bytes);
    try {
      await this.#keep(document, bytes);
    } catch (error) {
      throw diskFault(error);
    }
    return document;
  }

  of(id: PackageId): Promise<readonly EvidenceRef[]> {
    return this.#lists.of(id);
  }

  async get(document: Digest): Promise<Uint8Array | null> {
    const path = this.#layout.file('evidence', document);
    return this.#lock.run(document, async () => {
      const file = await orNull(open(path, 'r'));
      if (!file) return null;
      try {
        const bytes = await readSound(file, document);
        if (bytes) return bytes;
        if (await moveAside(this.#layout, 'evidence', document, file)) this.#count.gone(document);
        return null;
      } finally {
        await file.close();
      }
    });
  }

  async #expectRoom(id: PackageId, { artifact, kind, document }: EvidenceRef): Promise<void> {
    const refs = await this.#references(id);
    const alike = refs.filter((ref) => ref.artifact === artifact && ref.kind === kind);
    if (alike.length < MAX_DOCUMENTS || alike.some((ref) => ref.document === document)) return;
    throw new EvidenceRefused(`the artifact has ${MAX_DOCUMENTS} documents of ${kind} already`);
  }

  async #keep(document: Digest, bytes: Uint8Array): Promise<void> {
    const path = this.#layout.file('evidence', document);
    await this.#lock.run(document, async () => {
      await this.#folder(dirname(path));
      const there = await orNull(readFile(path));
      // Whoever wrote it may have been killed before its name was synced. What is damaged is replaced.
      if (there && Buffer.compare(there, bytes) === 0) await syncFolder(dirname(path));
      else await writeDurable(path, bytes, ADMITTED_MODE);
      this.#count.kept(document, bytes.length);
    });
  }

  async #refer(id: PackageId, ref: EvidenceRef): Promise<void> {
    const path = this.#layout.reference(id, ref);
    await this.#folder(dirname(path));
    const file = await open(path, 'wx', ADMITTED_MODE).catch((error: unknown) => {
      if (codeOf(error) === 'EEXIST') return open(path, 'r');
      throw error;
    });
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await syncFolder(dirname(path));
  }

  /** Those on disk now. A folder that is not there holds none; one that cannot be read is a fault. */
  async #references(id: PackageId): Promise<readonly EvidenceRef[]> {
    const names = await orNull(readdir(this.#layout.references(id)));
    if (!names) return [];
    const refs: EvidenceRef[] = [];
    for (const [at, name] of names.sort().entries()) {
      // A long list is read in turns: others want theirs.
      if (at % TURN === TURN - 1) await setImmediate();
      const ref = referenceOf(name);
      if (ref) refs.push(ref);
    }
    return refs;
  }

  /** Makes a folder durably, once. */
  async #folder(path: string): Promise<void> {
    if (this.#folders.has(path)) return;
    await ensureDir(path);
    this.#folders.add(path);
  }
}

/** @throws EvidenceRefused where a document is too large */
async function digestOf(bytes: Uint8Array): Promise<Digest> {
  if (bytes.length > MAX_EVIDENCE) {
    throw new EvidenceRefused(`a document of evidence is larger than ${MAX_EVIDENCE} bytes`);
  }
  return (await documentDigest(bytes)).digest;
}

/** The bytes of a document; null where they are not its own. What is too large to be one is not read. */
async function readSound(file: FileHandle, document: Digest): Promise<Uint8Array | null> {
  if ((await file.stat()).size > MAX_EVIDENCE) return null;
  const bytes = await file.readFile();
  return (await documentDigest(bytes)).digest === document ? bytes : null;
}
