import type { PolicyPlace } from '../../model/decision.ts';
import { writtenIn } from '../language/rules-of.ts';
import type { PolicyError } from '../policy.ts';
import { lintDependencies } from './lint-dependencies.ts';
import { lintExceptions } from './lint-exceptions.ts';
import type { LintFinding, LintMatter } from './lint-known.ts';
import { lintNames } from './lint-names.ts';
import { lintPatterns } from './lint-patterns.ts';
import { lintProfiles } from './lint-profiles.ts';
import { lintRanges } from './lint-ranges.ts';
import { lintRules } from './lint-rules.ts';

/**
 * What in a policy that loads is idle, ended, or wider than it looks: by its text alone, and by what is known here of
 * the packages it names. Sorted by place; each finding once, though several profiles share its line.
 */
export function lint(matter: Omit<LintMatter, 'written'>): LintFinding[] {
  const whole: LintMatter = { ...matter, written: writtenIn(matter.policy.sources, matter.schemes) };
  const findings = [
    lintRules,
    lintRanges,
    lintPatterns,
    lintExceptions,
    lintDependencies,
    lintNames,
    lintProfiles,
  ].flatMap((look) => look(whole));
  const once = new Map(findings.map((one) => [JSON.stringify([one.code, one.place, one.message]), one]));
  return [...once.values()].sort(byPlace);
}

/** Why a policy does not load, as findings. */
export function unloadable({ problems }: PolicyError): LintFinding[] {
  return problems
    .map(
      ({ path, line, message }): LintFinding => ({
        level: 'error',
        code: 'unloadable',
        place: `${path}:${line}`,
        message,
      }),
    )
    .sort(byPlace);
}

function byPlace(a: LintFinding, b: LintFinding): number {
  const [one, other] = [partsOf(a.place), partsOf(b.place)];
  if (one.path !== other.path) return one.path < other.path ? -1 : 1;
  return one.line - other.line || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0);
}

function partsOf(place: PolicyPlace): { readonly path: string; readonly line: number } {
  const at = place.lastIndexOf(':');
  return { path: place.slice(0, at), line: Number(place.slice(at + 1)) };
}
