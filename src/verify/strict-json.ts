/** What bounds a document. */
export interface JsonLimits {
  /** Octets. */
  readonly size: number;
  /** Objects and arrays within each other. */
  readonly depth: number;
}

/** Of one document of evidence, and of everything that is read out of it. */
export const EVIDENCE_LIMITS: JsonLimits = { size: 2 * 1024 * 1024, depth: 64 };

/**
 * Reads JSON that has one meaning only: UTF-8 without errors, bounded in size and depth, and no object with a
 * member twice, however its name is escaped (RFC 8259, section 4, leaves open which of them counts).
 * @throws EvidenceFault `too-large`, `duplicate-keys`, `malformed`
 */
export function readStrictJson(_bytes: Uint8Array, _limits: JsonLimits = EVIDENCE_LIMITS): unknown {
  throw new Error('not written yet');
}
