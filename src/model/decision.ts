import type { ReasonCode } from './reason-codes.ts';

/** A place in a policy file: `npm.yaml:12`, path relative to the allowlists folder. */
export type PolicyPlace = string;

/** One reason of a refusal. */
export interface Reason {
  readonly code: ReasonCode;
  /** Where in the policy the rule stands that refused, if a rule did. */
  readonly place: PolicyPlace | null;
}

/**
 * What the policy says of a name, a listed file or a downloaded artifact. A pure function of the policy,
 * the engine and a facts record.
 */
export interface Decision {
  readonly verdict: 'allow' | 'refuse';
  /** Why it is refused, in the order of the policy language; empty for `allow`. */
  readonly reasons: readonly Reason[];
  /** The allow rule or pin that admits (or would, but for the reasons). */
  readonly place: PolicyPlace | null;
  /** What admitted it: an allow rule by exact name, by a prefix, or a pin. */
  readonly by: 'exact' | 'prefix' | 'pin' | null;
  /** The earliest instant (ms) at which this answer changes by itself; null where it never does. */
  readonly until: number | null;
  /** When a version that is only too young becomes admissible (ms). */
  readonly eligibleAt: number | null;
}
