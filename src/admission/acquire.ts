import type { InspectedFile, KnownArtifact } from '../ledger/ledger.ts';
import type { ArtifactId } from '../model/artifact.ts';
import { type Bundled, NOTHING_BUNDLED } from '../model/bundled.ts';
import type { ArtifactDigests, Digest } from '../model/digest.ts';
import { ENGINE } from '../model/engine.ts';
import type { Finding } from '../model/finding.ts';
import type { ListedFile } from '../model/listing.ts';
import type { Verdict } from '../model/verdict.ts';
import { Flights } from '../upstream/flights.ts';
import { type Source, UpstreamFault } from '../upstream/upstream.ts';
import { KeyedLock } from '../vault/keyed-lock.ts';
import type { Held, Stored } from '../vault/vault.ts';
import { inspectionVerdicts } from '../verify/inspect.ts';
import { checkDigests } from '../verify/integrity.ts';
import { bundledOf, eitherBundled } from './bundled.ts';
import { eitherList, namesOf } from './dependencies.ts';
import type { FactsCache } from './facts.ts';
import { agrees, digestOfManifest, placesOfDifference, withDisagreement } from './index-claims.ts';
import { LateReception } from './late-reception.ts';
import { ecosystemOf, type Ports } from './ports.ts';

/** Bytes that we have received, hashed and inspected, with what they showed. */
export interface Acquired extends ArtifactDigests {
  readonly size: number;
  readonly chunks: Digest;
  readonly findings: readonly Finding[];
  /** sha256 hex of a wheel's METADATA, or of a tarball's manifest in its one form (`installManifestOf`). */
  readonly metadata: string | null;
  /** That manifest, where it was read just now. */
  readonly manifest: string | null;
  /** The licence that the bytes declare: see model/licence.ts. */
  readonly licence: string | null;
  /** What lies in it and is installed with it. */
  readonly bundled: Bundled;
  /** As in FileFacts. */
  readonly dependencies: readonly string[] | null;
  readonly places: readonly string[] | null;
  /** Verdicts of the archive; the digests are compared anew for each asker. */
  readonly archive: readonly Verdict[];
  /** In the vault, or null where nobody's policy wanted to keep it. */
  readonly stored: Stored | null;
}

/** A file as its index lists it, with the digest of what it says of an install (`withClaims`), and that text. */
export interface Listed {
  readonly file: ListedFile;
  readonly manifest: string | null;
}

/** Whether the one who caused the fetch would admit these bytes; otherwise they are not kept. */
export type Keep = (acquired: Acquired) => Promise<boolean>;

/**
 * From an index's claim to inspected bytes: out of the vault where it holds them, else by one upstream fetch
 * for any number of askers, which goes on when they give up.
 */
export class Acquisition {
  readonly #ports: Ports;
  readonly #facts: FactsCache;
  readonly #flights = new Flights<string, Acquired>();
  readonly #writing = new KeyedLock();

  constructor(ports: Ports, facts: FactsCache) {
    this.#ports = ports;
    this.#facts = facts;
  }

  /**
   * `source`: of the index that lists the file. `known`: the digest of bytes that were inspected as this very file, because it was admitted under it or was
   * fetched a moment ago. Only then may the vault answer: bytes that were inspected as another package say
   * nothing of this one. Rejects with UpstreamFault, LedgerError, or a fault of the vault or the thread.
   */
  async acquire(
    artifact: ArtifactId,
    listed: Listed,
    source: Source,
    known: Digest | null,
    keep: Keep,
  ): Promise<Acquired> {
    const kept = known ? await this.#kept(known) : null;
    return heldToIndex(kept ?? (await this.#flight(artifact, listed, source, keep)), listed);
  }

  #flight(artifact: ArtifactId, listed: Listed, source: Source, keep: Keep): Promise<Acquired> {
    const { ecosystem, name, filename } = artifact;
    const { file } = listed;
    const key = [source.id, ecosystem, name, filename, ...file.digests].join('\n');
    return this.#flights.run(key, () => this.#fetch(artifact, listed, source, keep));
  }

  /** An inspected artifact that the vault still holds. */
  async #kept(digest: Digest): Promise<Acquired | null> {
    const known = await this.#ports.ledger.memory.artifactBy(digest);
    // An older engine may have seen less in the same bytes: they are fetched and inspected anew.
    if (!known?.bundled || known.engine !== ENGINE) return null;
    if (!(await this.#ports.vault.has(known.sha256))) return null;
    return acquiredFrom(known, known.bundled, known);
  }

  async #fetch(artifact: ArtifactId, listed: Listed, source: Source, keep: Keep): Promise<Acquired> {
    const ports = this.#ports;
    const { file } = listed;
    // An empty address is relative to the index, and would be the index.
    if (file.url === '')
      throw new UpstreamFault('UPSTREAM_FAULT', 'the file is gone, here and upstream', 404);
    const indexPath = ecosystemOf(ports, artifact).indexRequest(artifact.name).path;
    const reception = new LateReception(ports.vault);
    let held: Held;
    try {
      const received = await ports.upstream.file(
        source,
        file.url,
        { maxBytes: ports.limits.maxFile, indexPath, signal: ports.closing },
        (chunk) => reception.write(chunk),
      );
      held = await reception.finish();
      if (held.size !== received) throw new UpstreamFault('UPSTREAM_FAULT', 'fewer bytes kept than received');
    } catch (error) {
      await reception.discard();
      throw error;
    }
    let done = false;
    try {
      // What its index does not name says nothing about the file: it is neither taken apart nor remembered.
      const claims = { declared: file.digests, size: file.size, pin: null, first: null };
      const failed = checkDigests(held, claims).find(isFailed);
      if (failed) return unexamined(held, failed);
      const acquired = await this.#withEarlier(await this.#inspect(artifact, file, held));
      if (await keep(heldToIndex(acquired, listed))) {
        const stored = await held.commit();
        done = true;
        await this.#remember(artifact, acquired);
        await ports.verifiedFrom(source, file.url);
        return { ...acquired, stored };
      }
      await this.#remember(artifact, acquired);
      return acquired;
    } finally {
      if (!done) await held.discard();
    }
  }

  async #inspect(artifact: ArtifactId, file: ListedFile, held: Held): Promise<Acquired> {
    const inspection = await this.#ports.inspect(held.path, {
      kind: file.kind,
      name: artifact.name,
      version: artifact.version,
      filename: artifact.filename,
      ...hostOf(file.url),
    });
    const findings = [...inspection.findings];
    let metadata: string | null = null;
    if (file.kind === 'wheel' && inspection.metadata) {
      metadata = (await this.#ports.vault.putDocument(inspection.metadata)).slice('sha256:'.length);
    } else if (inspection.manifest !== null) {
      metadata = digestOfManifest(inspection.manifest).slice('sha256:'.length);
    }
    // What the inspection could not find must be a finding, or it would be forgotten with this flight.
    if (inspection.metadata === null && findings.length === 0) {
      findings.push({ code: 'METADATA_MISMATCH', place: '' });
    }
    return {
      sha256: held.sha256,
      sha512: held.sha512,
      size: held.size,
      chunks: held.chunks,
      findings,
      metadata,
      manifest: inspection.manifest,
      licence: inspection.licence,
      bundled: bundledOf(ecosystemOf(this.#ports, artifact).versions, inspection.bundled),
      dependencies: namesOf(ecosystemOf(this.#ports, artifact).versions, inspection.dependencies),
      places: inspection.places,
      archive: inspectionVerdicts({ findings, metadata: SEEN }),
      stored: null,
    };
  }

  /**
   * The same bytes may have been inspected before, as another kind of archive: an npm tarball is easily a source
   * distribution, too. What they were seen to run or fetch then stays true of them, and is kept by digest; what
   * only that other name or kind made of them does not.
   */
  async #withEarlier(acquired: Acquired): Promise<Acquired> {
    const known = await this.#ports.ledger.memory.artifactBy(acquired.sha256);
    if (!known || known.engine !== ENGINE) return acquired;
    const seen = new Set(acquired.findings.map(({ code }) => code));
    const earlier = known.findings.filter((finding) => !isOfOneName(finding) && !seen.has(finding.code));
    const metadata = acquired.metadata ?? known.metadata;
    const licence = acquired.licence ?? known.licence;
    const bundled = eitherBundled(acquired.bundled, known.bundled);
    const dependencies = eitherList(acquired.dependencies, known.dependencies);
    const places = eitherList(acquired.places, known.places);
    const both = { ...acquired, metadata, licence, bundled, dependencies, places };
    if (earlier.length === 0) return both;
    const findings = [...acquired.findings, ...earlier];
    return {
      ...both,
      findings,
      archive: inspectionVerdicts({ findings, metadata: SEEN }),
    };
  }

  /** One after the other for the same bytes: each must see what the one before it wrote. */
  #remember(artifact: ArtifactId, acquired: Acquired): Promise<void> {
    return this.#writing.run(acquired.sha256, async () => {
      if (await this.#isAnothers(acquired)) return;
      const seen = await this.#withEarlier(acquired);
      const { sha256, sha512, size, chunks, findings, metadata, licence, bundled, dependencies, places } =
        seen;
      const file: InspectedFile = {
        artifact,
        sha256,
        sha512,
        size,
        chunks,
        findings,
        engine: ENGINE,
        metadata,
        licence,
        bundled,
        dependencies,
        places,
      };
      let changed = true;
      try {
        ({ changed } = await this.#ports.ledger.memory.inspected(file));
      } finally {
        // Files of other packages may have the same bytes.
        if (changed) this.#facts.clear();
        else this.#facts.forget(artifact);
      }
    });
  }

  /**
   * Bytes that agree with the name and kind under which they were first inspected, and not with these. Findings
   * are kept by digest: this one would refuse the other package, whose file they are.
   */
  async #isAnothers({ sha256, findings }: Acquired): Promise<boolean> {
    if (!findings.some(isOfOneName)) return false;
    const known = await this.#ports.ledger.memory.artifactBy(sha256);
    return known !== null && known.engine === ENGINE && !known.findings.some(isOfOneName);
  }
}

/** Bytes that failed their digest or size: no verdict on what is in them, and none of them is kept. */
function unexamined(held: Held, { code = 'DIGEST_MISMATCH' }: Verdict): Acquired {
  const { sha256, sha512, size, chunks } = held;
  return {
    sha256,
    sha512,
    size,
    chunks,
    findings: [],
    metadata: null,
    manifest: null,
    licence: null,
    bundled: NOTHING_BUNDLED,
    dependencies: null,
    places: null,
    archive: (['archive', 'metadata'] as const).map((check) => ({ check, result: 'unchecked', code })),
    stored: null,
  };
}

function acquiredFrom(known: KnownArtifact, bundled: Bundled, stored: Stored): Acquired {
  return {
    sha256: known.sha256,
    sha512: known.sha512,
    size: known.size,
    chunks: known.chunks,
    findings: known.findings,
    metadata: known.metadata,
    manifest: null,
    licence: known.licence,
    bundled,
    dependencies: known.dependencies,
    places: known.places,
    archive: inspectionVerdicts({ findings: known.findings, metadata: SEEN }),
    stored: { sha256: stored.sha256, sha512: stored.sha512, size: stored.size, chunks: stored.chunks },
  };
}

/** That the metadata was found; where it was not, a finding says so. */
const SEEN = new Uint8Array();

/**
 * The index promised resolvers a METADATA (PEP 658), or says what an install of a tarball does: other things inside are a
 * second face. What was not looked into, or could not be read, has its own reason.
 */
function heldToIndex(acquired: Acquired, { file, manifest }: Listed): Acquired {
  const { archive, metadata } = acquired;
  if (archive.some(({ result }) => result === 'unchecked') || agrees(file, metadata)) return acquired;
  const places = placesOfDifference(manifest, acquired.manifest);
  const findings = withDisagreement(acquired.findings, file, places);
  return { ...acquired, findings, archive: inspectionVerdicts({ findings, metadata: SEEN }) };
}

/** A finding that says how bytes and the name or kind that an index gave them fit together. */
function isOfOneName({ code }: Finding): boolean {
  return code === 'METADATA_MISMATCH' || code === 'ARCHIVE_UNSAFE';
}

/** The host of an absolute address; nothing for one that is relative to its index. */
function hostOf(url: string): { readonly host: string } | null {
  const host = URL.parse(url)?.host;
  return host ? { host } : null;
}

function isFailed(verdict: Verdict): boolean {
  return verdict.result === 'failed';
}
