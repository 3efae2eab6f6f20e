import type { ArtifactKind, EcosystemId, PackageName } from '../model/artifact.ts';
import type { PolicyPlace } from '../model/decision.ts';
import type { EvidenceKind, RegistrySignature } from '../model/evidence.ts';
import type { Listing } from '../model/listing.ts';
import type { ReasonCode } from '../model/reason-codes.ts';
import type { VersionScheme } from '../model/versions.ts';

/**
 * A package ecosystem as a pure translator: paths in, nouns out, an index read and written anew. No policy
 * word, no `async`, no clock. A new ecosystem is one folder and one line in `all.ts`.
 */
export interface Ecosystem<D = unknown> {
  readonly id: EcosystemId;
  readonly versions: VersionScheme;
  /** Path prefix under which its routes live, with both slashes: `/npm/`, `/pypi/`. */
  readonly mount: string;

  /**
   * What a request asks for. `path` is the raw request target after the mount, still percent-encoded, never
   * decoded twice, without the query; leading double slashes are already collapsed. null: no such route.
   * Throws nothing; a path that only looks like a route but breaks the grammar is `{ kind: 'malformed' }`.
   */
  route(path: string, request: RouteRequest): Route | null;

  /** Where the upstream keeps the index of a package: a path relative to the source's base, and its Accept. */
  indexRequest(name: PackageName): { readonly path: string; readonly accept: string };

  /**
   * Reads an upstream's index. Strict: anything that would have to be guessed throws IndexUnreadable.
   * A single release that cannot be read is left out; the document as a whole must be what it claims.
   */
  readIndex(name: PackageName, bytes: Uint8Array): Listing<D>;

  /**
   * What the index says that an install of this file does, in the form in which the inspection of its bytes writes it
   * down (`Inspection.manifest`); null where the index says nothing of the kind, or has no such file.
   */
  claimedManifest(listing: Listing<D>, filename: string): string | null;

  /** Writes an index anew from what may be served; never the upstream's bytes. */
  writeIndex(listing: Listing<D>, view: IndexView): IndexPage;

  /**
   * The index of a name that is refused as a whole, for clients that show no reason for a refused index:
   * null where the plain refusal is better. It names nothing that exists upstream.
   */
  writeRefusedIndex(name: PackageName, route: IndexRoute, refusal: RefusedIndex): IndexPage | null;

  /** The list of all names that may be served, sorted; null where the ecosystem has no such document. */
  writeNames(names: Iterable<PackageName>, representation: Representation): IndexPage | null;

  /** What the document at `ListedEvidence.attestations` is, and its Accept. */
  readonly attestations: { readonly kind: EvidenceKind; readonly accept: string };

  /**
   * Verified evidence documents of one file, written anew from a published list of fields, as the ecosystem's own
   * clients ask for them. null where nothing remains. Documents were verified: a shape that does not fit throws.
   */
  writeAttestations(documents: readonly Uint8Array[]): IndexPage | null;

  /** What a file's name says of it, or null where it is no file name of this package. */
  parseFilename(
    name: PackageName,
    filename: string,
  ): { readonly version: string; readonly kind: ArtifactKind } | null;
}

/** What of a request, other than its path, may choose a representation. Values are untrusted. */
export interface RouteRequest {
  readonly method: string;
  readonly accept: string;
  readonly userAgent: string;
  /** The raw query string without `?`; only search reads it. */
  readonly query: string;
}

/** A representation of an index: npm `full`, `abbreviated`, `version:1.2.3`, `tags`; PyPI `html`, `json`. */
export type Representation = string;

export interface IndexRoute {
  readonly kind: 'index';
  readonly name: PackageName;
  readonly representation: Representation;
}

/** An artifact, or a document cut from it. `version` where the path itself names it. */
export interface FileRoute {
  readonly kind: 'artifact' | 'metadata';
  readonly name: PackageName;
  readonly filename: string;
}

export type Route =
  | IndexRoute
  | FileRoute
  /** A refused artifact's path (`/-/blocked/<code>/…`): always a refusal. */
  | { readonly kind: 'blocked'; readonly name: PackageName; readonly filename: string }
  /** The list of all names: answered with admitted names only. */
  | { readonly kind: 'names'; readonly representation: Representation }
  | { readonly kind: 'search'; readonly text: string; readonly from: number; readonly size: number }
  | { readonly kind: 'audit'; readonly flavour: 'bulk' | 'quick' }
  /** Signing keys of the registry, from our pinned file. */
  | { readonly kind: 'keys' }
  | {
      readonly kind: 'attestations';
      readonly name: PackageName;
      readonly version: string;
      readonly filename: string;
    }
  /** An answer of our own that depends on nothing but the base: ping, whoami, a registry's own description. */
  | { readonly kind: 'fixed'; readonly body: (base: string) => string; readonly contentType: string }
  /** A package manager asks whether it is itself up to date: never a refusal, never upstream. */
  | { readonly kind: 'self-check'; readonly name: PackageName; readonly representation: Representation }
  | { readonly kind: 'redirect'; readonly to: string }
  /** Publish, unpublish, dist-tag, login, token: 405. */
  | { readonly kind: 'write' }
  /** Nearly a route, but no valid name, version or file name in it. */
  | { readonly kind: 'malformed' };

/** What the policy decided of one file, as far as the index needs it. */
export interface FileView {
  readonly allowed: boolean;
  /** The first reason's code where refused. */
  readonly code: ReasonCode | null;
  /** What of its evidence is the reason, in our own words. */
  readonly why?: string | undefined;
  /** sha256 hex of the METADATA that we cut from the admitted wheel, where we have it. */
  readonly metadata: string | null;
  /** The registry's signatures that were verified over the declared digest, and so may be passed on. */
  readonly signatures: readonly RegistrySignature[];
  /** Attestations are claimed or kept here: the `attestations` route serves what of them verifies. */
  readonly attested: boolean;
}

/** How an index is to be written. */
export interface IndexView {
  readonly representation: Representation;
  /** The exact base that the client used, up to and including the mount, with a trailing slash. */
  readonly base: string;
  /** The decision for each file of the listing; a file without one is refused. */
  readonly files: ReadonlyMap<string, FileView>;
  /** One line for people: what is refused and why, made of our own words. */
  readonly message: (version: string, code: ReasonCode, why?: string) => string;
}

export interface RefusedIndex {
  readonly base: string;
  readonly code: ReasonCode;
  readonly message: string;
}

/** A finished index document, not yet compressed. `status` 404 or 403 for one version that is not served. */
export interface IndexPage {
  readonly status: 200 | 403 | 404;
  readonly contentType: string;
  readonly body: Uint8Array;
  /** Refusal code where `status` is 403. */
  readonly code?: ReasonCode;
  readonly place?: PolicyPlace;
}

/** The upstream's index is not what its format says. */
export class IndexUnreadable extends Error {
  override readonly name = 'IndexUnreadable';
}
