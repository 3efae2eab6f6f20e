import type { PolicyPlace } from '../../model/decision.ts';
import { writtenIn } from '../language/rules-of.ts';
import type { PolicyError } from '../policy.ts';
import { lintDependencies } from './lint-dependencies.ts';
import { lintExceptions } from './lint-exceptions.ts';
import type { LintMatter, LocatedFinding } from './lint-known.ts';
import { lintNames } from './lint-names.ts';
import { lintPatterns } from './lint-patterns.ts';
import { lintProfiles } from './lint-profiles.ts';
import { lintRanges } from './lint-ranges.ts';
import { lintRules } from './lint-rules.ts';

/**
 * What in a policy that loads is idle, ended, or wider than it looks: by its text alone, and by what is known here of
 * the packages it names. Sorted by place; each finding once, though several profiles share its line.
 */
export function lint(matter: Omit<LintMatter, 'written'>): LocatedFinding[] {
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
  const lines = new Map(matter.policy.sources.map(({ path, text }) => [path, text.split(/\r\n|\r|\n/)]));
  return [...once.values()]
    .map((finding): LocatedFinding => {
      const { path, line } = partsOf(finding.place);
      return { ...finding, path, line, column: columnOf(lines.get(path)?.[line - 1]) };
    })
    .sort(byPlace);
}

/** Why a policy does not load, as findings. */
export function unloadable({ problems }: PolicyError): LocatedFinding[] {
  return problems
    .map(
      ({ path, line, column, message }): LocatedFinding => ({
        level: 'error',
        code: 'unloadable',
        place: `${path}:${line}`,
        path,
        line,
        column,
        message,
      }),
    )
    .sort(byPlace);
}

/** Where the first word of a line stands, behind the dashes of its list. */
function columnOf(line: string | undefined): number {
  return (/^\s*(?:- +)*/.exec(line ?? '')?.[0].length ?? 0) + 1;
}

function byPlace(a: LocatedFinding, b: LocatedFinding): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return a.line - b.line || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0);
}

function partsOf(place: PolicyPlace): { readonly path: string; readonly line: number } {
  const at = place.lastIndexOf(':');
  return { path: place.slice(0, at), line: Number(place.slice(at + 1)) };
}
