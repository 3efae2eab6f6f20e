import { patternText, type WrittenRule } from '../language/rules-of.ts';
import type { LintFinding, LintMatter } from './lint-known.ts';

/** Below so many letters a prefix takes in thousands of names of any registry. */
const SHORT = 4;

/** Prefixes that take in more than they seem to: names that anybody can register tomorrow. */
export function lintPatterns({ written, known }: LintMatter): LintFinding[] {
  return written.rules.flatMap((rule): LintFinding[] => {
    if (rule.kind !== 'allow' || !rule.pattern.prefix) return [];
    const matter = openness(rule);
    if (!matter) return [];
    const names = known.names.get(rule.ecosystem) ?? [];
    const taken = names.filter((name) => name.startsWith(rule.pattern.text)).length;
    const seen = names.length === 0 ? '' : `; of the ${names.length} names known here it takes in ${taken}`;
    return [{ ...matter, place: rule.place, message: `${matter.message}${seen}` }];
  });
}

/** null for a scope's own names: nobody else can register there. */
function openness({ pattern, ecosystem }: WrittenRule): Omit<LintFinding, 'place'> | null {
  const { text } = pattern;
  const name = patternText(pattern);
  if (text === '') {
    const message = `every ${ecosystem} name there is, and every one to come, is admitted`;
    return { level: 'warning', code: 'every-name', message };
  }
  if (text.startsWith('@')) return null;
  if (text.length < SHORT) {
    const message = `${name} takes in every name that begins with ${text.length === 1 ? 'one letter' : `these ${text.length} letters`}`;
    return { level: 'warning', code: 'short-prefix', message };
  }
  if (!/[-._/]$/.test(text)) {
    const message = `${name} also takes in ${text}evil: end the prefix in a separator, or name the packages`;
    return { level: 'warning', code: 'prefix-without-separator', message };
  }
  const message = `${name} takes in whatever anybody registers under such a name`;
  return { level: ecosystem === 'npm' ? 'warning' : 'info', code: 'open-prefix', message };
}
