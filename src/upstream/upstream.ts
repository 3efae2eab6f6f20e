import type { ReasonCode } from '../model/reason-codes.ts';

/** One upstream registry: where it is, what it may be asked with, and where its files may lie. */
export interface Source {
  /** Stable id for memory and metrics: `npm`, `pypi`, or a configured name. */
  readonly id: string;
  /** Base of the index, with a trailing slash. */
  readonly base: string;
  /** Authorization header that is sent to `base`'s origin and nowhere else; null for none. */
  readonly authorization: string | null;
  /** Origins of files that the operator has accepted by configuration, beside the base's own. */
  readonly fileOrigins: readonly string[];
}

/** Validators of an earlier answer, where the upstream gave any. */
export interface Validators {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

export type IndexAnswer =
  /** The body in the pieces in which it came, unpacked (Content-Encoding undone), within the cap. */
  | {
      readonly kind: 'document';
      readonly chunks: Uint8Array[];
      readonly length: number;
      readonly validators: Validators;
    }
  | { readonly kind: 'not-modified' }
  /** 404 or 410: the upstream knows no such package. */
  | { readonly kind: 'absent' };

/** The only way out: GET, and the audit POST; no other method, no other host. Rejects with UpstreamFault. */
export interface Upstream {
  /** `path` is relative to the source's base and was built from an admitted name. */
  index(source: Source, path: string, accept: string, validators: Validators | null): Promise<IndexAnswer>;
  /**
   * Fetches a file, writing each piece as it comes and waiting for `write`. Resolves with the bytes received,
   * after Content-Length was checked. `url` came from the index; its origin must be the source's or accepted.
   */
  file(
    source: Source,
    url: string,
    limits: FileLimits,
    write: (chunk: Uint8Array) => Promise<void>,
  ): Promise<number>;
  /**
   * A document of evidence, whole and unpacked; null where the upstream has none (404, 410). `address` is as the
   * index or the ecosystem gave it, relative to the index at `indexPath` or absolute; its origin must be the
   * base's own. Bounded in bytes and time; rejects with UpstreamFault for all else, a page of HTML too.
   */
  evidence(source: Source, address: string, indexPath: string, accept: string): Promise<Uint8Array | null>;
  /** A body that we wrote, to the bulk audit route of the npm registry; any other `path` is refused. */
  audit(source: Source, path: string, body: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface FileLimits {
  readonly maxBytes: number;
  /** Path of the index that gave the address, below the source's base: what a relative address is relative to. */
  readonly indexPath?: string;
  readonly signal?: AbortSignal;
}

/** The upstream gave nothing usable. `code` says how this is answered. */
export class UpstreamFault extends Error {
  override readonly name = 'UpstreamFault';
  readonly code: Extract<
    ReasonCode,
    | 'UPSTREAM_FAULT'
    | 'UPSTREAM_TIMEOUT'
    | 'UPSTREAM_ORIGIN'
    | 'INDEX_UNREADABLE'
    | 'TOO_LARGE'
    | 'OVERLOADED'
  >;
  /** HTTP status of the upstream where there was an answer. */
  readonly status: number | null;
  constructor(code: UpstreamFault['code'], message: string, status: number | null = null) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** Decides whether a file may be fetched from an origin; learned with the first file that is verified, kept by the ledger's memory. */
export interface FileOrigins {
  /**
   * `first`: the source has no file origin yet, and this one may become it, once something from it was verified.
   * With `learn` false it may not: where a redirect points is not what an index said.
   */
  check(sourceId: string, origin: string, learn: boolean): Promise<'known' | 'first' | 'new'>;
}
