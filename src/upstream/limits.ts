import { MAX_EVIDENCE } from '../model/evidence.ts';

/** What an upstream may cost. Times in milliseconds, sizes in bytes. */
export interface Limits {
  /** Name look-up, TCP and TLS together. */
  readonly connectTime: number;
  /** From the request to the end of the answer's head. */
  readonly headersTime: number;
  /** Between two pieces of a body, while we are ready to take one. */
  readonly idleTime: number;
  /** A whole index: waiting, retries, redirects and body. */
  readonly indexTime: number;
  /** A whole audit. */
  readonly auditTime: number;
  /** An index, packed and unpacked. */
  readonly indexBytes: number;
  readonly auditBytes: number;
  /** A whole document of evidence, as `indexTime`; its bytes, packed and unpacked; tries in all. */
  readonly evidenceTime: number;
  readonly evidenceBytes: number;
  readonly evidenceAttempts: number;
  /** A file may take this long plus its bytes divided by `fileBytesPerSecond`. */
  readonly fileTime: number;
  readonly fileBytesPerSecond: number;
  readonly redirects: number;
  /** Tries of one GET of an index or a file in all. */
  readonly attempts: number;
  /** Wait before the second try; four times as long before each further one. */
  readonly backoff: number;
  /** Simultaneous requests to one origin. */
  readonly perOrigin: number;
  /** Requests that may wait for a free place at one origin, and for how long. */
  readonly waiting: number;
  readonly waitTime: number;
}

export const DEFAULT_LIMITS: Limits = {
  connectTime: 10_000,
  headersTime: 30_000,
  idleTime: 30_000,
  indexTime: 60_000,
  auditTime: 30_000,
  indexBytes: 128 << 20,
  auditBytes: 8 << 20,
  // somebody waits for the file that it is about, whose bytes are already here
  evidenceTime: 20_000,
  evidenceBytes: MAX_EVIDENCE,
  evidenceAttempts: 2,
  fileTime: 60_000,
  fileBytesPerSecond: 32 << 10,
  redirects: 3,
  attempts: 3,
  backoff: 100,
  perOrigin: 64,
  waiting: 2048,
  waitTime: 120_000,
};
