import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib';
import type { Ecosystem } from '../ecosystems/ecosystem.ts';
import type { PackageId } from '../model/artifact.ts';
import { sha256 } from '../model/digest.ts';
import { NO_BASELINE } from '../model/evidence.ts';
import type { ListedFile, Listing } from '../model/listing.ts';
import { wordsOf } from '../model/reason-codes.ts';
import { NO_HIGHER } from '../policy/judge/floor.ts';
import type { Policy } from '../policy/policy.ts';
import { readRegistryKeys } from '../verify/npm/registry-keys.ts';
import type { TrustBytes } from '../verify/trust.ts';
import type { ContentEncoding } from './admission.ts';
import { claimsOf, decideListing } from './decide-listing.ts';
import type { FactsBytes } from './facts.ts';
import { withClaims } from './index-claims.ts';
import { PassedSignatures } from './passed-signatures.ts';
import {
  type IndexDesk,
  type IndexRef,
  NotOpen,
  type OpenedIndex,
  type Page,
  type PageRequest,
  type VersionsRequest,
} from './ports.ts';
import { RememberedFacts } from './remembered.ts';

/** Signatures on one page that are verified ahead of their files' admission: more are no package, or an attack. */
const AHEAD = 10_000;

/** What a listing of a few files takes beside its document's length, with what is remembered of it: about, measured. */
const OVERHEAD = 8 * 1024;

/**
 * The pure work on indexes, in whichever thread it is put: read, decide per file, write, compress. Listings
 * are kept, least recently used first out, while their documents' bytes, each with `OVERHEAD`, stay within `capacity`.
 */
export class Desk implements IndexDesk {
  readonly #ecosystems: ReadonlyMap<string, Ecosystem>;
  readonly #capacity: number;
  readonly #open = new Map<string, { listing: Listing; bytes: number }>();
  #held = 0;
  /** The policy in force and the one before it: requests that began under that one end under it. */
  readonly #policies = new Map<string, Policy>();
  readonly #remembered = new RememberedFacts();
  readonly #signatures = new PassedSignatures();

  constructor(ecosystems: readonly Ecosystem[], capacity = 24 * 1024 ** 2) {
    this.#ecosystems = new Map(ecosystems.map((e) => [e.id, e]));
    this.#capacity = capacity;
  }

  async open(id: PackageId, chunks: Uint8Array[]): Promise<OpenedIndex> {
    const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
    const listing = this.#ecosystem(id).readIndex(id.name, bytes);
    const key = keyOf({ ...id, digest: listing.digest });
    this.#forget(key);
    const size = bytes.byteLength + OVERHEAD;
    this.#open.set(key, { listing, bytes: size });
    this.#held += size;
    for (const oldest of this.#open.keys()) {
      if (this.#held <= this.#capacity || oldest === key) break;
      this.#forget(oldest);
    }
    const files = [...listing.files.values()].map(rowOf);
    return { digest: listing.digest, files: new TextEncoder().encode(JSON.stringify(files)) };
  }

  async file(ref: IndexRef, filename: string, known: FactsBytes) {
    const listing = this.#listing(ref);
    const ecosystem = this.#ecosystem(ref);
    const { facts, history, admitted, past } = this.#remembered.of(ecosystem, listing, known);
    const listed = listing.files.get(filename);
    const { file, manifest } = listed
      ? withClaims(ecosystem, listing, listed)
      : { file: null, manifest: null };
    // Of a file that has left the index its name tells. What has no such name is no file, and nobody can have it.
    const named = file ?? ecosystem.parseFilename(ref.name, filename);
    const firstSeen = facts.get(filename)?.firstSeen ?? null;
    const baseline = named
      ? history.baseline({ filename, version: named.version, kind: named.kind, firstSeen })
      : NO_BASELINE;
    const appeared = (facts.get(filename)?.lastAbsent ?? null) !== null;
    const before = named ? past.before(named.version, appeared) : null;
    const above = named ? admitted.above(named.version) : NO_HIGHER;
    return { file, manifest, quarantined: listing.quarantined, baseline, above, before };
  }

  async page(request: PageRequest): Promise<Page> {
    const listing = this.#listing(request);
    // What every resolver asks for first need not wait for a verification per version.
    const view = this.#view(request, listing, request.representation !== 'abbreviated');
    const written = this.#ecosystem(request).writeIndex(listing, {
      representation: request.representation,
      base: request.base,
      files: view.files,
      message: (version, code, why) =>
        `${listing.name}@${version} ${wordsOf(code)} (${code})${why === undefined ? '' : `; ${why}`}`,
    });
    let [admitted, malware] = [0, 0];
    for (const { allowed, code } of view.files.values()) {
      if (allowed) admitted++;
      if (code === 'MALWARE') malware++;
    }
    const { size } = view.files;
    return {
      status: written.status,
      contentType: written.contentType,
      body: compress(written.body, request.encoding),
      // Whoever reads the ledger should not take it for a version that is not allowed.
      code: written.code ?? (size > 0 && malware === size ? 'MALWARE' : null),
      admitted,
      files: size,
      changed: view.changed,
      downgraded: view.downgraded,
      until: view.until,
    };
  }

  async versions(request: VersionsRequest) {
    const listing = this.#listing(request);
    const { compare } = this.#ecosystem(request).versions;
    const admitted = [...this.#view(request, listing, false).admitted].sort((a, b) => compare(b, a));
    const known = new Set<string>();
    for (const file of listing.files.values()) known.add(file.version);
    return { admitted, known: [...known] };
  }

  async setPolicy(policy: Policy): Promise<void> {
    this.#policies.delete(policy.digest);
    this.#policies.set(policy.digest, policy);
    for (const oldest of this.#policies.keys()) {
      if (this.#policies.size <= 2) break;
      this.#policies.delete(oldest);
    }
  }

  async setTrust({ npmKeys }: TrustBytes): Promise<void> {
    // The keys alone: Sigstore's libraries would make each desk thread slow to start, for nothing that a page needs.
    this.#signatures.setTrust({ keys: readRegistryKeys(npmKeys) });
  }

  async close(): Promise<void> {
    this.#open.clear();
  }

  /** `ahead`: registry signatures are passed on of files that were not admitted yet, too. */
  #view(request: VersionsRequest, listing: Listing, ahead: boolean) {
    const policy = this.#policies.get(request.policy);
    if (!policy) throw new Error('the desk does not hold the policy that was asked for');
    const { facts: bytes, held, now, withheld, advisories, taken } = request;
    const ecosystem = this.#ecosystem(request);
    const known = this.#remembered.of(ecosystem, listing, { bytes, digest: sha256(bytes) });
    let budget = AHEAD;
    return decideListing(policy, request.profile, listing, {
      ...known,
      held,
      taken,
      advisories,
      scheme: ecosystem.versions,
      now,
      withheld,
      signatures: (file) => {
        const verified = known.facts.get(file.filename)?.carried?.['registry-signature'] === true;
        if (!verified && (!ahead || budget <= 0)) return [];
        if (!verified) budget -= file.evidence.signatures.length;
        return this.#signatures.of(listing.name, file, now);
      },
    });
  }

  #ecosystem(id: PackageId): Ecosystem {
    const ecosystem = this.#ecosystems.get(id.ecosystem);
    if (!ecosystem) throw new Error(`no ecosystem ${id.ecosystem}`);
    return ecosystem;
  }

  #listing(ref: IndexRef): Listing {
    const key = keyOf(ref);
    const found = this.#open.get(key);
    if (!found) throw new NotOpen();
    this.#open.delete(key);
    this.#open.set(key, found);
    return found.listing;
  }

  #forget(key: string): void {
    const found = this.#open.get(key);
    if (!found) return;
    this.#open.delete(key);
    this.#held -= found.bytes;
  }
}

/** A file as the ledger's memory takes it: with the sum of what is claimed for it, left out where that is 0. */
function rowOf(file: ListedFile): readonly (string | number | null)[] {
  const claims = claimsOf(file);
  const sum = (claims['registry-signature'] ? 1 : 0) + (claims.provenance ? 2 : 0);
  const row = [file.filename, file.claimedAt, file.digests.join(' ')];
  return sum === 0 ? row : [...row, sum];
}

function keyOf(ref: IndexRef): string {
  return `${ref.ecosystem}\n${ref.name}\n${ref.digest}`;
}

/** Compresses for keeping: pages are compressed once and sent many times. */
function compress(body: Uint8Array, encoding: ContentEncoding): Uint8Array {
  switch (encoding) {
    case 'zstd':
      return zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel]: 6 } });
    case 'br':
      return brotliCompressSync(body, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_SIZE_HINT]: body.byteLength },
      });
    case 'gzip':
      return gzipSync(body, { level: 6 });
    case 'identity':
      return body;
  }
}
