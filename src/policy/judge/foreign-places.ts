import type { PackageName } from '../../model/artifact.ts';
import type { EcosystemRules } from '../profile.ts';
import type { FileMatter } from './matter.ts';

/** What begins so is a script, anything else a module or a folder of modules. */
const SCRIPTS = 'bin/';

/** Of a refusal more tell nothing new. */
const MAX_TOLD = 16;

/**
 * Packages of other names whose places the file takes: what it installs at the top (`Inspection.places`) has the name
 * of another package that the profile names exactly, in a rule or a pin. Names that nobody spelt out count for
 * nothing: `*` would make a stranger of every module. Sorted.
 */
export function foreignPlaces({ question, rules }: FileMatter): readonly string[] {
  const { facts, name } = question;
  const others = new Set<string>();
  for (const place of facts.places ?? []) {
    const path = place.startsWith(SCRIPTS) ? place.slice(SCRIPTS.length) : place;
    const [top = '', ...below] = path.split('/');
    const other = normalName(top);
    // `poetry/core` is the place of poetry-core, in the folder that it shares with poetry.
    if (below.length > 0 && normalName(`${top}-${below[0]}`) === normalName(name)) continue;
    if (other !== normalName(name) && isNamed(rules, other)) others.add(other);
  }
  return [...others].sort().slice(0, MAX_TOLD);
}

function isNamed({ allow, pins }: EcosystemRules, name: string): boolean {
  return allow.exact.has(name) || pins.has(name as PackageName);
}

/** PEP 503. Only files of PyPI have places. */
function normalName(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase();
}
