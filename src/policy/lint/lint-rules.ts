import type { PolicyPlace } from '../../model/decision.ts';
import { patternText, type WrittenRule } from '../language/rules-of.ts';
import type { Pattern, PatternMap } from '../patterns.ts';
import type { EcosystemRules, Profile } from '../profile.ts';
import type { LintFinding, LintMatter } from './lint-known.ts';

/** Allow rules that admit nothing, or less than they say. */
export function lintRules({ policy, written }: LintMatter): LintFinding[] {
  const using = new Map<string, Profile[]>();
  for (const profile of policy.profiles.values())
    for (const layer of profile.layers) using.set(layer, [...(using.get(layer) ?? []), profile]);
  return written.rules.flatMap((rule) => {
    if (rule.kind !== 'allow') return [];
    const profiles = using.get(rule.profile) ?? [];
    return [...overruled(rule, profiles), ...overridden(rule, profiles)];
  });
}

/** Denied or internal whatever its version, in every profile that has the rule. */
function overruled(rule: WrittenRule, profiles: readonly Profile[]): LintFinding[] {
  const found = profiles.map((profile) => {
    const rules = profile.ecosystems.get(rule.ecosystem);
    return rules ? overrulerOf(rule.pattern, rules) : null;
  });
  const [first] = found;
  if (!first || found.includes(null)) return [];
  const name = patternText(rule.pattern);
  const message =
    first.by === 'internal'
      ? `${name} never comes in: ${first.place} says that it is internal`
      : `${name} never comes in: ${first.place} denies every version`;
  return [{ level: 'error', code: `never-matches-${first.by}`, place: rule.place, message }];
}

interface Overruler {
  readonly by: 'internal' | 'denied';
  readonly place: PolicyPlace;
}

function overrulerOf(pattern: Pattern, { internal, deny }: EcosystemRules): Overruler | null {
  const [place] = covering(internal, pattern);
  if (place !== undefined) return { by: 'internal', place };
  const denied = covering(deny, pattern)
    .flat()
    .find(({ range }) => range === null);
  return denied ? { by: 'denied', place: denied.place } : null;
}

/** The values of every pattern that takes in all names of the given one. */
function covering<T>(map: PatternMap<T>, { text, prefix }: Pattern): T[] {
  if (!prefix) return map.all(text);
  return [...map.entries()].flatMap(([one, value]) =>
    one.prefix && text.startsWith(one.text) ? [value] : [],
  );
}

/** A lower layer has a rule of its own for the very pattern: there, this one says nothing. */
function overridden(rule: WrittenRule, profiles: readonly Profile[]): LintFinding[] {
  return profiles.flatMap((profile): LintFinding[] => {
    const counts = profile.ecosystems.get(rule.ecosystem)?.allow.get(rule.pattern);
    if (!counts || counts.place === rule.place || profile.name === rule.profile) return [];
    const message = `in profile ${profile.name} the rule at ${counts.place} counts for ${patternText(rule.pattern)} instead`;
    return [{ level: 'info', code: 'overridden', place: rule.place, message }];
  });
}
