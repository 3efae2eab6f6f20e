import { VerificationError } from '@sigstore/verify';
import type { Cause } from '../../model/evidence.ts';
import { EvidenceFault } from '../fault.ts';

const CAUSES: Record<VerificationError['code'], Cause> = {
  TIMESTAMP_ERROR: 'timestamp',
  CERTIFICATE_ERROR: 'certificate',
  PUBLIC_KEY_ERROR: 'key-time',
  TLOG_ERROR: 'log-entry',
  TLOG_BODY_ERROR: 'log-entry',
  TLOG_INCLUSION_PROOF_ERROR: 'log-proof',
  TLOG_INCLUSION_PROMISE_ERROR: 'log-proof',
  TLOG_MISSING_INCLUSION_ERROR: 'log-proof',
  SIGNATURE_ERROR: 'signature',
  NOT_IMPLEMENTED_ERROR: 'malformed',
};

/** The fault of an error that the library threw; `otherwise` where it is none of the library's own. */
export function faultOf(error: unknown, otherwise: Cause): EvidenceFault {
  if (error instanceof EvidenceFault) return error;
  // By code: its words are not ours, and may change. The map has every code of today's types, not of tomorrow's.
  return new EvidenceFault(
    error instanceof VerificationError ? (CAUSES[error.code] ?? otherwise) : otherwise,
  );
}
