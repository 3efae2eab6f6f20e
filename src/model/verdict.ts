import type { ReasonCode } from './reason-codes.ts';

/** The outcome of one check. Only `verified` is evidence; `unchecked` could not be decided either way. */
export type CheckResult = 'verified' | 'failed' | 'absent' | 'unchecked';

/** The checks that an artifact's bytes and evidence go through, in the order in which they are made. */
export type CheckName =
  | 'declared-digest'
  | 'pin'
  | 'first-digest'
  | 'size'
  | 'archive'
  | 'metadata'
  | 'registry-signature'
  | 'provenance';

/** One check's verdict. `code` is set unless the result is `verified`. */
export interface Verdict {
  readonly check: CheckName;
  readonly result: CheckResult;
  readonly code?: ReasonCode;
}
