import type { Ecosystem, Route } from '../ecosystems/ecosystem.ts';
import type { EvidenceDetail } from '../model/decision.ts';
import type { ReasonCode } from '../model/reason-codes.ts';

/** Who asks. `client` is the user agent, reduced to printable ASCII of at most 120 characters. */
export interface Caller {
  readonly agent: string;
  readonly profile: string;
  readonly authenticated: boolean;
  readonly client: string;
}

export type ContentEncoding = 'zstd' | 'br' | 'gzip' | 'identity';

/** One request, parsed: what the gate hands in. Nothing in it is raw text of the request but the query's words. */
export interface Asked {
  readonly requestId: string;
  readonly caller: Caller;
  readonly ecosystem: Ecosystem;
  readonly route: Route;
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** The exact base that the client used, with the mount and a trailing slash. */
  readonly base: string;
  /** Content codings that the client accepts, best first; empty means identity. */
  readonly encodings: readonly ContentEncoding[];
  /** Entity tags of If-None-Match, null where there is none. */
  readonly validators: { readonly etags: readonly string[] | null };
  /** The raw Range header; the gate serves it from the answer. */
  readonly range: string | null;
  readonly body?: Uint8Array;
}

/** What the gate sends. Every kind but `refusal` was admitted. */
export type Answer = DocumentAnswer | NotModifiedAnswer | FileAnswer | RedirectAnswer | RefusalAnswer;

export interface DocumentAnswer {
  readonly kind: 'document';
  readonly status: number;
  readonly contentType: string;
  /** Content-Encoding of `body`; null for none. */
  readonly encoding: 'zstd' | 'br' | 'gzip' | null;
  readonly body: Uint8Array;
  /** Strong entity tag with its quotes. */
  readonly etag: string | null;
  /** The representation depends on request headers: `Vary` is sent. */
  readonly vary: boolean;
  /** Leaf hash of the ledger entry, where the answer made one. */
  readonly entry?: string;
  readonly code?: ReasonCode;
  /** Of a refusal without an entry of its own: it is part of a sum that is still to be written. */
  readonly summed?: true;
}

export interface NotModifiedAnswer {
  readonly kind: 'not-modified';
  readonly etag: string;
}

/** An admitted artifact or a document cut from one: its entry is durable before this exists. */
export interface FileAnswer {
  readonly kind: 'file';
  readonly contentType: string;
  readonly size: number;
  readonly etag: string;
  readonly entry: string;
  /** Verified bytes `start` (inclusive) to `end` (exclusive). */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  /** Says how it ended; exactly once. */
  done(outcome: { readonly served: boolean; readonly bytes: number }): void;
}

export interface RedirectAnswer {
  readonly kind: 'redirect';
  /** Path after the base. */
  readonly to: string;
}

export interface RefusalAnswer {
  readonly kind: 'refusal';
  readonly refusal: Refusal;
}

/** A refusal or fault as structure: the gate makes its words into HTTP. */
export interface Refusal {
  readonly code: ReasonCode;
  readonly reasons: readonly ReasonCode[];
  /** What is wrong with its evidence, where that is a reason. */
  readonly evidence: readonly EvidenceDetail[];
  /** Package URL, or null where the request named none that is valid. */
  readonly package: string | null;
  /** One line for the person at the client; our own words and validated names only. */
  readonly line: string;
  /** `name@version` that would be admitted instead. */
  readonly nearestAllowed: string | null;
  /** Milliseconds since 1970. */
  readonly eligibleAt: number | null;
  /** Leaf hash of its ledger entry; null where none could be written (a fault). */
  readonly entry: string | null;
  readonly seq: number | null;
  /** It has no entry of its own, but is part of a sum that is still to be written. */
  readonly summed?: true;
  /** Seconds. */
  readonly retryAfter?: number;
}

/** What a refusal is about, when the gate itself refuses. */
export interface RefusalContext {
  readonly requestId: string;
  readonly method: string;
  readonly ecosystem: string | null;
  /** Length and sha256 of a path that failed the grammar; the path itself is not recorded. */
  readonly path?: { readonly length: number; readonly sha256: string };
  /** A better line than the code's own words. */
  readonly line?: string;
}

/** The one way to bytes and indexes. */
export interface Admission {
  /** Never throws: a fault is a refusal with a 5xx code. */
  answer(asked: Asked): Promise<Answer>;
  /** A refusal that the gate found by itself (path, token, method, host), with its ledger entry. */
  refuse(caller: Caller, code: ReasonCode, context: RefusalContext): Promise<Refusal>;
}
