import type { EcosystemId, PackageName } from '../model/artifact.ts';
import type { Decision, PolicyPlace, Reason, Waived } from '../model/decision.ts';
import type { VersionScheme } from '../model/versions.ts';
import { ORDER } from './decide.ts';
import { requirementText } from './language/requirement-words.ts';
import { patternText, type Written, writtenIn } from './language/rules-of.ts';
import { REQUIREMENT_KEYS } from './language/strictness.ts';
import type { Policy } from './policy.ts';
import type { AllowRule, EcosystemRules, Pin, Profile, Waiver } from './profile.ts';
import { requirementsFor } from './requirements.ts';

/** What is asked: a package under a profile, and one of its versions or none. */
export interface ExplainSubject {
  readonly profile: string;
  readonly ecosystem: EcosystemId;
  readonly name: PackageName;
  readonly version: string | null;
}

/** A rule that speaks of the name. */
export interface ExplainedRule {
  readonly place: PolicyPlace;
  /** As a policy writes it: `@types/*`. */
  readonly pattern: string;
  /** null: every version. */
  readonly versions: string | null;
  /** Whether it takes the version in; null where none is asked for. */
  readonly reaches: boolean | null;
}

export interface ExplainedRequirement {
  readonly key: string;
  readonly value: string;
  /** Where it was set; null where nobody did, so that the default holds. */
  readonly place: PolicyPlace | null;
}

/** All that a policy says of a package, before anything is known of it. */
export interface Explanation extends ExplainSubject {
  readonly mode: Profile['mode'];
  /** Milliseconds since 1970. */
  readonly until: number | null;
  readonly layers: readonly string[];
  readonly internal: PolicyPlace | null;
  /** The most specific first: the first one counts, and beats the others. */
  readonly allow: readonly ExplainedRule[];
  /** Rules of upper layers for the same pattern as the first, which replaces them. */
  readonly replaced: readonly ExplainedRule[];
  readonly deny: readonly (ExplainedRule & { readonly reason: string | null })[];
  readonly pins: readonly (Pick<Pin, 'place'> & {
    readonly version: string;
    readonly digests: readonly string[];
  })[];
  readonly waivers: readonly (Pick<Waiver, 'place' | 'lifts' | 'expires' | 'approver'> & {
    readonly version: string;
  })[];
  readonly upstream: { readonly upstream: string; readonly place: PolicyPlace } | null;
  readonly requirements: readonly ExplainedRequirement[];
}

/** What one step of the order comes to. */
export interface ExplainedStep {
  readonly step: string;
  readonly asks: string;
  /** Of a name alone, and of one that no rule has, not all steps are asked; of an internal one only the first. */
  readonly asked: boolean;
  readonly reasons: readonly Reason[];
  readonly observed: readonly Reason[];
  readonly waived: readonly Waived[];
  readonly warnings: readonly Reason[];
}

/** null where the policy has no such profile or ecosystem. */
export function explain(
  policy: Policy,
  subject: ExplainSubject,
  schemes: readonly VersionScheme[],
): Explanation | null {
  const { ecosystem, name, version } = subject;
  const profile = policy.profiles.get(subject.profile);
  const rules = profile?.ecosystems.get(ecosystem);
  if (!profile || !rules) return null;
  const written = writtenIn(policy.sources, schemes);
  const patterns = new Map(
    written.rules.map(({ place, kind, ecosystem: id, pattern }) => [
      `${kind} ${id} ${place}`,
      patternText(pattern),
    ]),
  );
  const ruleOf = (
    kind: 'allow' | 'deny',
    { place, range }: Pick<AllowRule, 'place' | 'range'>,
  ): ExplainedRule => ({
    place,
    pattern: patterns.get(`${kind} ${ecosystem} ${place}`) ?? name,
    versions: range?.text ?? null,
    reaches: version === null ? null : range === null || range.has(version),
  });
  const winner = rules.allow.best(name)?.value ?? null;
  return {
    ...subject,
    mode: profile.mode,
    until: profile.until,
    layers: profile.layers,
    internal: rules.internal.best(name)?.value ?? rules.internal.best(name.toLowerCase())?.value ?? null,
    allow: rules.allow.all(name).map((rule) => ruleOf('allow', rule)),
    replaced: replacedBy(winner, profile, ecosystem, written),
    deny: rules.deny
      .all(name)
      .flat()
      .map((rule) => ({ ...ruleOf('deny', rule), reason: rule.reason })),
    pins: [...(rules.pins.get(name) ?? [])]
      .filter(
        ([pinned]) =>
          version === null || rules.pins.get(name)?.get(version) === rules.pins.get(name)?.get(pinned),
      )
      .map(([pinned, { place, digests }]) => ({ version: pinned, place, digests: [...digests].sort() })),
    waivers: waiversOf(rules, name, version),
    upstream: policy.upstreams.get(ecosystem)?.best(name)?.value ?? null,
    requirements: requirementsOf(rules, winner, version, profile, ecosystem, written),
  };
}

/** The decision step by step, in the order of the language: each reason under the step that gave it. */
export function stepsOf(
  decision: Omit<Decision, 'verdict'>,
  internal: boolean,
  byName: boolean,
): ExplainedStep[] {
  const stepOf = (code: Reason['code']): string => {
    // The same word as for a name that nobody lists: only the policy knows which of the two it is.
    const own = ORDER.find(({ step, codes }) => (step !== 'internal' || internal) && codes.includes(code));
    return own?.step ?? 'requirements';
  };
  const of = <R extends Reason | Waived>(list: readonly R[], step: string): readonly R[] =>
    list.filter(({ code }) => stepOf(code) === step);
  return ORDER.map(({ step, asks, byName: always }) => ({
    step,
    asks,
    asked: internal ? step === 'internal' : always || !(byName || decision.place === null),
    reasons: of(decision.reasons, step),
    observed: of(decision.observed, step),
    waived: of(decision.waived, step),
    warnings: of(decision.warnings, step),
  }));
}

function replacedBy(
  winner: AllowRule | null,
  profile: Profile,
  ecosystem: EcosystemId,
  { rules }: Written,
): ExplainedRule[] {
  const own = rules.find(
    (rule) => rule.kind === 'allow' && rule.ecosystem === ecosystem && rule.place === winner?.place,
  );
  if (!own) return [];
  const pattern = patternText(own.pattern);
  return rules
    .filter(
      (rule) =>
        rule.kind === 'allow' &&
        rule.ecosystem === ecosystem &&
        rule.place !== own.place &&
        profile.layers.includes(rule.profile) &&
        patternText(rule.pattern) === pattern,
    )
    .map(({ place, versions }) => ({ place, pattern, versions, reaches: null }));
}

function waiversOf(rules: EcosystemRules, name: PackageName, version: string | null): Explanation['waivers'] {
  const versions = rules.waivers.get(name);
  if (!versions) return [];
  const wanted = version === null ? null : (versions.get(version) ?? []);
  return [...versions].flatMap(([own, list]) =>
    list
      .filter((waiver) => wanted === null || wanted.includes(waiver))
      .map(({ place, lifts, expires, approver }) => ({ version: own, place, lifts, expires, approver })),
  );
}

/** Those that hold for the version; for a name alone those of its rule. */
function requirementsOf(
  rules: EcosystemRules,
  winner: AllowRule | null,
  version: string | null,
  profile: Profile,
  ecosystem: EcosystemId,
  written: Written,
): ExplainedRequirement[] {
  const required =
    version === null ? (winner?.requirements ?? rules.requirements) : requirementsFor(rules, winner, version);
  const isOfRule = winner !== null && required === winner.requirements;
  const own = written.rules.find(
    (rule) => rule.kind === 'allow' && rule.ecosystem === ecosystem && rule.place === winner?.place,
  );
  return REQUIREMENT_KEYS.map((key) => {
    const byRule = isOfRule ? own?.requirements.get(key) : undefined;
    const byLayer = profile.layers.flatMap((layer) =>
      written.requirements.filter(
        (one) => one.profile === layer && one.ecosystem === ecosystem && one.key === key,
      ),
    );
    return { key, value: requirementText(required, key), place: byRule ?? byLayer.at(-1)?.place ?? null };
  });
}
