import type { Reason } from '../../model/decision.ts';
import type { Liftable } from '../../model/liftable.ts';
import type { DownloadQuestion, ListingQuestion, NameQuestion } from '../policy.ts';
import type { AllowRule, EcosystemRules, Mode, Pin, Requirements, Waiver } from '../profile.ts';

/** What is decided on: the question, and what the policy says of its name and version, looked up once. */
export type Matter = NameMatter | FileMatter;

interface Common {
  /** The mode that holds now. */
  readonly mode: Mode;
  readonly rules: EcosystemRules;
  /** The one allow rule that wins for the name, whether or not it admits the version. */
  readonly rule: { readonly value: AllowRule; readonly by: 'exact' | 'prefix' } | null;
  readonly pinned: ReadonlyMap<string, Pin> | null;
}

export interface NameMatter extends Common {
  readonly question: NameQuestion;
  readonly pin: null;
}

export interface FileMatter extends Common {
  readonly question: ListingQuestion | DownloadQuestion;
  /** The pin of the version in question. */
  readonly pin: Pin | null;
  /** The rule's where it reaches the version, else the profile's. */
  readonly required: Requirements;
  /** Those of the name and version, whatever their digests and however old. */
  readonly waivers: readonly Waiver[];
}

export function isFile(matter: Matter): matter is FileMatter {
  return matter.question.stage !== 'name';
}

/** What is listed is asked everything; so is every name while the mode is `observe`. */
export function asksAll({ mode, rule, pinned }: Matter): boolean {
  return mode === 'observe' || rule !== null || pinned !== null;
}

/** A reason as a step gives it, and all that can take it away: nothing does that is not said here. */
export interface Given {
  readonly reason: Reason;
  /** The requirement whose waiver lifts it; null: none does. */
  readonly lifts: Liftable | null;
  /** Mode `observe` lets it pass, if the step's own list does. */
  readonly observable: boolean;
  /** The policy only asks to be told of it. */
  readonly warns: boolean;
}

/** A reason that nothing takes away. */
export function firm(code: Reason['code'], place: Reason['place'] = null): Given {
  return { reason: { code, place }, lifts: null, observable: false, warns: false };
}

/** A requirement that is not met. */
export function unmet(lifts: Liftable, reason: Reason): Given {
  return { reason, lifts, observable: true, warns: false };
}

export function warning(reason: Reason): Given {
  return { reason, lifts: null, observable: false, warns: true };
}
