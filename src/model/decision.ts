import type { Cause, EvidenceName } from './evidence.ts';
import type { ReasonCode } from './reason-codes.ts';

/** A place in a policy file: `npm.yaml:12`, path relative to the allowlists folder. */
export type PolicyPlace = string;

/** One reason of a refusal. */
export interface Reason {
  readonly code: ReasonCode;
  /** Where in the policy the rule stands that refused, if a rule did. */
  readonly place: PolicyPlace | null;
  /** For evidence: which check failed, what was expected and what was found. */
  readonly detail?: EvidenceDetail;
  /**
   * What else there is to say, in words of a grammar: ids of advisories, a licence expression, the version that was
   * admitted before. For people and the ledger; at most 16.
   */
  readonly about?: readonly string[];
}

/** A reason that a waiver of the policy lifted. */
export interface Waived {
  readonly code: ReasonCode;
  /** Where the waiver stands. */
  readonly place: PolicyPlace;
}

/** What is wrong with evidence, for people and the ledger. Values are of a grammar or cut to nothing; see `shown`. */
export interface EvidenceDetail {
  readonly check: EvidenceName;
  /** Why the check did not verify; absent where it did and the policy wants another signer. */
  readonly cause?: Cause;
  /** The field of the signer that differs: `repository`, `workflow`, `issuer`, … */
  readonly field?: string;
  readonly expected?: string;
  /** Absent where the certificate does not say. */
  readonly found?: string;
}

/**
 * What the policy says of a name, a listed file or a downloaded artifact. A pure function of the policy,
 * the engine and a facts record.
 */
export interface Decision {
  readonly verdict: 'allow' | 'refuse';
  /** Why it is refused, in the order of the policy language; empty for `allow`. */
  readonly reasons: readonly Reason[];
  /**
   * In mode `observe`: the reasons for which it would have been refused. The verdict is `allow` in spite of them;
   * what is served so never becomes a first digest or a baseline.
   */
  readonly observed: readonly Reason[];
  /** What waivers lifted, each once. */
  readonly waived: readonly Waived[];
  /** What the policy asked to be told of and not refused for: known vulnerabilities, licences. */
  readonly warnings: readonly Reason[];
  /** The allow rule or pin that admits (or would, but for the reasons). */
  readonly place: PolicyPlace | null;
  /** What admitted it: an allow rule by exact name, by a prefix, or a pin. */
  readonly by: 'exact' | 'prefix' | 'pin' | null;
  /** The earliest instant (ms) at which this answer changes by itself; null where it never does. */
  readonly until: number | null;
  /** When a version that is only too young becomes admissible (ms). */
  readonly eligibleAt: number | null;
}
