import type { PolicyPlace } from '../../model/decision.ts';
import type { LintFinding, LintMatter } from './lint-known.ts';

/** Admitted names of which one can be taken for another: the mark of a name that was squatted. */
export function lintNames({ policy, schemes }: LintMatter): LintFinding[] {
  const findings: LintFinding[] = [];
  for (const { ecosystems } of policy.profiles.values()) {
    for (const { ecosystem } of schemes) {
      const rules = ecosystems.get(ecosystem);
      if (!rules) continue;
      const names = new Map<string, PolicyPlace>();
      for (const [name, versions] of rules.pins)
        for (const pin of versions.values()) names.set(name, pin.place);
      for (const [name, rule] of rules.allow.exact) names.set(name, rule.place);
      const seen = new Map<string, string>();
      for (const [name, place] of names) {
        const alike = seen.get(lookOf(name));
        if (alike === undefined) seen.set(lookOf(name), name);
        else
          findings.push({
            level: 'warning',
            code: 'look-alike',
            place,
            message: `${name} looks like ${alike}, at ${names.get(alike)}`,
          });
      }
    }
  }
  return findings;
}

/** What a hurried reader sees: letters that resemble each other are one, and so are separators. */
function lookOf(name: string): string {
  return name
    .toLowerCase()
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .replaceAll(/[1il|]/g, 'l')
    .replaceAll('0', 'o')
    .replaceAll('5', 's')
    .replaceAll(/[-._]+/g, '-');
}
