import type { LedgerQueries } from '../ledger/ledger.ts';
import type { LogSource } from '../ledger/log/log-source.ts';
import type { TlogPolicy } from '../ledger/log/tlog-policy.ts';
import type { LogRow } from '../ledger/published/published.ts';
import type { VersionScheme } from '../model/versions.ts';

/** What the auditors' door reads from. */
export interface AuditPorts {
  /** Asked by the names of agents, it finds their pseudonyms too. */
  readonly ledger: LedgerQueries;
  readonly logs: LogShelf;
  readonly schemes: readonly VersionScheme[];
  /** Of sallyport. */
  readonly version: string;
  /** Milliseconds since 1970. */
  now(): number;
}

/** The logs of a data folder, as they were published. */
export interface LogShelf {
  /** Oldest first; the last is the running one. */
  rows(): Promise<readonly LogRow[]>;
  files(log: number): LogSource;
  /** Whose cosignatures are verified, and named; without it none are. */
  readonly witnesses?: TlogPolicy | null;
}

/** A question of GET or HEAD, as the gate hands it in; it says what each field is. */
export interface Asked {
  readonly method: 'GET' | 'HEAD';
  readonly part: 'files' | 'query';
  readonly path: string;
  readonly query: string;
  readonly accept: string;
  readonly auditor: string | null;
  readonly framed: boolean;
}

export interface Document {
  readonly kind: 'document';
  readonly contentType: string;
  readonly cacheControl: string;
  readonly body: Uint8Array;
}

export interface Stream {
  readonly kind: 'stream';
  readonly contentType: string;
  readonly cacheControl: string;
  readonly pieces: AsyncIterable<Uint8Array>;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the entries say must not lie about in a cache. */
const NO_STORE = 'no-store';

export function json(text: string): Document {
  return document('application/json', text);
}

export function document(contentType: string, text: string, cacheControl: string = NO_STORE): Document {
  return { kind: 'document', contentType, cacheControl, body: new TextEncoder().encode(text) };
}

export function stream(
  contentType: string,
  pieces: AsyncIterable<Uint8Array>,
  headers: Readonly<Record<string, string>> = {},
): Stream {
  return { kind: 'stream', contentType, cacheControl: NO_STORE, pieces, headers };
}
