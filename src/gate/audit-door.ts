import type { ReasonCode } from '../model/reason-codes.ts';

/** What somebody asks of the ledger, by GET or HEAD. */
export interface AuditAsked {
  readonly method: 'GET' | 'HEAD';
  /** Files of the log, or the query API. */
  readonly part: 'files' | 'query';
  /** What follows `/ledger/` or `/api/v1/ledger/`, as it came. */
  readonly path: string;
  /** Without `?`, as it came. */
  readonly query: string;
  /** The Accept header; empty where there is none. */
  readonly accept: string;
  /** The auditor's name; null for anybody, who may have what the route table says is open. */
  readonly auditor: string | null;
  /** Whether the client can tell the end of a body of unknown length from a connection that was cut (HTTP/1.1). */
  readonly framed: boolean;
}

export type AuditAnswer =
  | {
      readonly kind: 'document';
      readonly contentType: string;
      readonly cacheControl: string;
      readonly body: Uint8Array;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'stream';
      readonly contentType: string;
      readonly cacheControl: string;
      /** Not read for HEAD. Read at the client's pace, and returned from when it goes away. A throw cuts the connection. */
      readonly pieces: AsyncIterable<Uint8Array>;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'refusal';
      readonly code: ReasonCode;
      /** One line for the person at the client. */
      readonly line: string;
      /** Seconds. */
      readonly retryAfter?: number;
    };

/** The auditors' door: it reads, and writes nothing. A throw is a fault of ours. */
export interface AuditDoor {
  answer(asked: AuditAsked): Promise<AuditAnswer>;
}
