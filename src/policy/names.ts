import type { EcosystemId, PackageName } from '../model/artifact.ts';
import { decide } from './decide.ts';
import type { Policy } from './policy.ts';
import { type EcosystemRules, effectiveMode, type Mode } from './profile.ts';

/** Names that a profile admits, in canonical spelling. */
export interface AdmittedNames {
  /** Those that the policy spells out. Sorted. */
  readonly exact: readonly PackageName[];
  /** `@types/` for the rule `@types/*`; the empty prefix admits every name, as mode `observe` does. The longest first. */
  readonly prefixes: readonly string[];
}

/** The names that `decide` admits by name: what search and the list of all names may show. */
export function admittedNames(
  policy: Policy,
  profile: string,
  ecosystem: EcosystemId,
  now: number,
): AdmittedNames {
  const found = policy.profiles.get(profile);
  const rules = found?.ecosystems.get(ecosystem);
  if (!found || !rules) return { exact: [], prefixes: [] };
  const names = new Set([...rules.pins.keys()]);
  // The keys are what the scheme's canonicalName gave at load.
  for (const name of rules.allow.exact.keys()) names.add(name as PackageName);
  const exact = [...names].filter(
    (name) => decide(policy, profile, { stage: 'name', ecosystem, name, now }).verdict === 'allow',
  );
  return { exact: exact.sort(), prefixes: prefixesOf(effectiveMode(found, now), rules) };
}

function prefixesOf(mode: Mode, rules: EcosystemRules): readonly string[] {
  if (mode === 'frozen') return [];
  const prefixes = rules.allow.prefixes();
  // Every name is let through there, but those that are denied or ours.
  return mode === 'observe' && !prefixes.includes('') ? [...prefixes, ''] : prefixes;
}
