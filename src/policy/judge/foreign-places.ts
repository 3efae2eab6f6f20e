import type { PackageName } from '../../model/artifact.ts';
import { normalName } from '../../model/pypi-name.ts';
import type { TakenPlaces } from '../../model/taken-places.ts';
import { areUntold, isScript } from '../../model/told-places.ts';
import type { EcosystemRules } from '../profile.ts';
import type { FileMatter } from './matter.ts';

/** Of a refusal more tell nothing new. */
const MAX_TOLD = 16;

/** Whose places a file takes. */
export interface ForeignPlaces {
  /** Packages of other names, sorted. */
  readonly of: readonly string[];
  /** There are so many that nobody knows of whom all are. */
  readonly untold: boolean;
}

/**
 * Packages of other names whose places the file takes: what it installs at the top (`Inspection.places`) has the name
 * of another package that the profile names exactly, in a rule or a pin, or another one was admitted with it before.
 * Names that nobody spelt out count for nothing in a name: `*` would make a stranger of every module; and what was
 * admitted without being spelt out takes nothing from what is.
 */
export function foreignPlaces({ question, rules }: FileMatter): ForeignPlaces {
  const { facts, name, taken } = question;
  const others = new Set<string>();
  for (const place of facts.places ?? []) {
    const [top = '', ...below] = (isScript(place) ? place.slice(place.indexOf('/') + 1) : place).split('/');
    const other = normalName(top);
    // `poetry/core` is the place of poetry-core, in the folder that it shares with poetry.
    if (below.length > 0 && normalName(`${top}-${below[0]}`) === normalName(name)) continue;
    if (other !== normalName(name) && isNamed(rules, other)) others.add(other);
  }
  for (const other of takenFrom(rules, name, taken)) others.add(other);
  const untold = (taken.more && others.size === 0) || areUntold(facts.places ?? [], name);
  return { of: [...others].sort().slice(0, MAX_TOLD), untold };
}

function takenFrom(rules: EcosystemRules, name: string, { taken }: TakenPlaces): readonly string[] {
  const others = taken.map(({ by }) => by);
  return isNamed(rules, name) ? others.filter((by) => isNamed(rules, by)) : others;
}

function isNamed({ allow, pins }: EcosystemRules, name: string): boolean {
  return allow.exact.has(name) || pins.has(name as PackageName);
}
