import type { ArtifactId, EcosystemId, PackageId, PackageName } from '../model/artifact.ts';
import type { Digest } from '../model/digest.ts';
import type { EvidenceOutcome } from '../model/evidence.ts';
import type { FileFacts } from '../model/facts.ts';
import { NONE_TAKEN, type TakenPlaces } from '../model/taken-places.ts';
import type { InspectedFile, KnownArtifact, Memory, MemoryReader, RememberedIndex } from './ledger.ts';

/** How writes are made, with what they changed. Resolves when it is durable. */
export interface MemoryWriter {
  sawIndex(index: RememberedIndex, files: Uint8Array | null): Promise<void>;
  inspected(file: InspectedFile): Promise<{ readonly changed: boolean }>;
  evidenced(artifact: ArtifactId, outcome: EvidenceOutcome): Promise<void>;
  learnFileOrigin(sourceId: string, origin: string): Promise<void>;
}

const MAX_PACKAGES = 2_000;
const MAX_FILES_OF_PACKAGE = 500;
const MAX_ARTIFACTS = 10_000;
const MAX_TAKEN_OF_PACKAGE = 200;

/**
 * Answers from this process's own memory what every download asks. It may, because this process is the only
 * writer: a write drops what it touches before it resolves, whether it succeeded or not. A look-up that a
 * write overtook is answered but not kept (`#writes` counts them), for it may have seen the time before.
 */
export class CachedMemory implements Memory {
  readonly #reader: MemoryReader;
  readonly #writer: MemoryWriter;
  readonly #facts = new Map<string, Map<string, FileFacts>>();
  readonly #indexes = new Map<string, RememberedIndex>();
  readonly #artifacts = new Map<Digest, KnownArtifact>();
  readonly #taken = new Map<string, Map<string, TakenPlaces>>();
  readonly #origins = new Map<string, readonly string[]>();
  #writes = 0;

  constructor(reader: MemoryReader, writer: MemoryWriter) {
    this.#reader = reader;
    this.#writer = writer;
  }

  async lastIndex(id: PackageId): Promise<RememberedIndex | null> {
    const known = this.#indexes.get(keyOf(id));
    if (known) return known;
    const writes = this.#writes;
    const index = await this.#reader.lastIndex(id);
    if (index && writes === this.#writes) keep(this.#indexes, keyOf(id), index, MAX_PACKAGES);
    return index;
  }

  packageFacts(id: PackageId): Promise<Uint8Array> {
    return this.#reader.packageFacts(id);
  }

  async fileFacts(id: PackageId, filename: string): Promise<FileFacts> {
    const key = keyOf(id);
    const known = this.#facts.get(key)?.get(filename);
    if (known) return known;
    const writes = this.#writes;
    const facts = await this.#reader.fileFacts(id, filename);
    if (writes !== this.#writes) return facts;
    const files = this.#facts.get(key) ?? new Map<string, FileFacts>();
    keep(files, filename, facts, MAX_FILES_OF_PACKAGE);
    keep(this.#facts, key, files, MAX_PACKAGES);
    return facts;
  }

  async artifactBy(digest: Digest): Promise<KnownArtifact | null> {
    const known = this.#artifacts.get(digest);
    if (known) return known;
    const writes = this.#writes;
    const artifact = await this.#reader.artifactBy(digest);
    if (artifact && writes === this.#writes) keep(this.#artifacts, digest, artifact, MAX_ARTIFACTS);
    return artifact;
  }

  async placesTaken(profile: string, id: PackageId, places: readonly string[] | null): Promise<TakenPlaces> {
    // Only its wheels land beside each other's.
    if (places?.length === 0 || id.ecosystem !== 'pypi') return NONE_TAKEN;
    const [key, asked] = [keyOf(id), JSON.stringify([profile, places])];
    const known = this.#taken.get(key)?.get(asked);
    if (known) return known;
    const writes = this.#writes;
    const taken = await this.#reader.placesTaken(profile, id, places);
    if (writes !== this.#writes) return taken;
    const ofPackage = this.#taken.get(key) ?? new Map<string, TakenPlaces>();
    keep(ofPackage, asked, taken, MAX_TAKEN_OF_PACKAGE);
    keep(this.#taken, key, ofPackage, MAX_PACKAGES);
    return taken;
  }

  async fileOrigins(sourceId: string): Promise<readonly string[]> {
    const known = this.#origins.get(sourceId);
    if (known) return known;
    const writes = this.#writes;
    const origins = await this.#reader.fileOrigins(sourceId);
    if (writes === this.#writes) this.#origins.set(sourceId, origins);
    return origins;
  }

  knownNames(ecosystem: EcosystemId): Promise<readonly PackageName[]> {
    return this.#reader.knownNames(ecosystem);
  }

  async sawIndex(index: RememberedIndex, files: Uint8Array | null): Promise<void> {
    try {
      await this.#writer.sawIndex(index, files);
    } finally {
      this.forget(index);
    }
  }

  async inspected(file: InspectedFile): Promise<{ readonly changed: boolean }> {
    let changed = true;
    try {
      ({ changed } = await this.#writer.inspected(file));
      return { changed };
    } finally {
      this.forget(file.artifact);
      this.#artifacts.delete(file.sha256);
      this.#artifacts.delete(file.sha512);
      if (changed) {
        this.#facts.clear();
        this.#taken.clear();
      }
    }
  }

  async evidenced(artifact: ArtifactId, outcome: EvidenceOutcome): Promise<void> {
    try {
      await this.#writer.evidenced(artifact, outcome);
    } finally {
      this.forget(artifact);
    }
  }

  async learnFileOrigin(sourceId: string, origin: string): Promise<void> {
    try {
      await this.#writer.learnFileOrigin(sourceId, origin);
    } finally {
      this.#writes++;
      this.#origins.delete(sourceId);
    }
  }

  /** Drops what is kept of a package: something of it was written. */
  forget(id: PackageId): void {
    this.#writes++;
    this.#facts.delete(keyOf(id));
    this.#indexes.delete(keyOf(id));
    this.#taken.delete(keyOf(id));
  }

  /** Somebody was admitted with a place for the first time: whose places are taken is looked up anew. */
  forgetPlaces(): void {
    this.#writes++;
    this.#taken.clear();
  }
}

function keyOf({ ecosystem, name }: PackageId): string {
  return `${ecosystem}\0${name}`;
}

/** Keeps a value as the newest, and drops the oldest beyond `max`. */
function keep<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= max) break;
    map.delete(oldest);
  }
}
