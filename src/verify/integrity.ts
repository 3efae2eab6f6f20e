import { type ArtifactDigests, algorithmOf, type Digest } from '../model/digest.ts';
import type { ReasonCode } from '../model/reason-codes.ts';
import type { CheckName, Verdict } from '../model/verdict.ts';

/** The digests and the size (bytes) of a received file, as we computed them. */
export interface Received extends ArtifactDigests {
  readonly size: number;
}

/** What is said about the file before its bytes are here. */
export interface Claims {
  /** The index's digests; all of them must hold. Empty where it declares none. */
  readonly declared: readonly Digest[];
  /** The index's size in bytes (PEP 700), or null where it says none. */
  readonly size: number | null;
  /** The digests that a pin admits: the file must have one of them (a pin may name several files). null: no pin. */
  readonly pin: readonly Digest[] | null;
  /** What was admitted first under this name, version and file; null where nothing was. */
  readonly first: ArtifactDigests | null;
}

/**
 * Compares a received file with every claim about it. Four verdicts, in the order of the checks:
 * `declared-digest`, `pin`, `first-digest`, `size`. `absent` says that there was no such claim.
 */
export function checkDigests(received: Received, claims: Claims): Verdict[] {
  return [
    declaredDigest(received, claims.declared),
    claims.pin === null
      ? absent('pin', 'NOT_PINNED')
      : outcome(
          'pin',
          'PIN_MISMATCH',
          claims.pin.some((digest) => holds(received, digest)),
        ),
    claims.first === null
      ? absent('first-digest', 'DIGEST_CHANGED')
      : outcome(
          'first-digest',
          'DIGEST_CHANGED',
          holds(received, claims.first.sha256) && holds(received, claims.first.sha512),
        ),
    claims.size === null
      ? absent('size', 'SIZE_MISMATCH')
      : outcome('size', 'SIZE_MISMATCH', claims.size === received.size),
  ];
}

function declaredDigest(received: Received, declared: readonly Digest[]): Verdict {
  if (declared.length === 0) return absent('declared-digest', 'NO_DIGEST');
  return outcome(
    'declared-digest',
    'DIGEST_MISMATCH',
    declared.every((digest) => holds(received, digest)),
  );
}

/** A digest of an algorithm that we do not compute never holds. */
function holds(received: Received, digest: Digest): boolean {
  const algorithm = algorithmOf(digest);
  return (algorithm === 'sha256' || algorithm === 'sha512') && received[algorithm] === digest;
}

function outcome(check: CheckName, code: ReasonCode, ok: boolean): Verdict {
  return ok ? { check, result: 'verified' } : { check, result: 'failed', code };
}

function absent(check: CheckName, code: ReasonCode): Verdict {
  return { check, result: 'absent', code };
}
