import type { PackageName } from '../../model/artifact.ts';
import type { PolicyPlace } from '../../model/decision.ts';
import { comparePin } from '../pins.ts';
import type { EcosystemRules, Pin, Profile } from '../profile.ts';
import { type DatedWaiver, waiverDates, waiversOf } from '../waiver-dates.ts';
import { FAR, type Known, type LintFinding, type LintMatter } from './lint-known.ts';

/** Waivers that have ended, are about to, or lift nothing; pins that are overruled or fit nothing. */
export function lintExceptions(matter: LintMatter): LintFinding[] {
  return [...endings(matter), ...idleWaivers(matter), ...pinFindings(matter)];
}

function endings({ policy, now }: LintMatter): LintFinding[] {
  const { expired, expiring } = waiverDates(policy, now);
  const far = waiversOf(policy).filter(({ expires }) => expires - now > FAR);
  return [
    ...expired.map((one) => ended(one, 'error', 'waiver-expired', 'ended')),
    ...expiring.map((one) => ended(one, 'warning', 'waiver-expiring', 'ends')),
    ...far.map((one) => ended(one, 'warning', 'far-end', 'ends only')),
  ];
}

function ended(one: DatedWaiver, level: LintFinding['level'], code: string, verb: string): LintFinding {
  const { name, version, lifts, expires, place } = one;
  const at = new Date(expires);
  const when = Number.isNaN(at.getTime())
    ? 'at no readable time'
    : at.toISOString().slice(0, 16).replace('T', ' ');
  return { level, code, place, message: `the waiver of ${lifts} for ${name}@${version} ${verb} ${when} UTC` };
}

/** Of a version that no profile admits, whatever is lifted. */
function idleWaivers({ policy }: LintMatter): LintFinding[] {
  const profiles = [...policy.profiles.values()];
  return waiversOf(policy).flatMap(({ ecosystem, name, version, lifts, place }): LintFinding[] => {
    const having = profiles.flatMap((profile): EcosystemRules[] => {
      const rules = profile.ecosystems.get(ecosystem);
      const own = rules?.waivers.get(name)?.get(version) ?? [];
      return rules && own.some((waiver) => waiver.place === place) ? [rules] : [];
    });
    if (having.some((rules) => admitsVersion(rules, name, version))) return [];
    const message = `the waiver of ${lifts} is for ${name}@${version}, which no rule and no pin admits`;
    return [{ level: 'warning', code: 'waiver-of-nothing', place, message }];
  });
}

function admitsVersion({ allow, pins }: EcosystemRules, name: PackageName, version: string): boolean {
  const rule = allow.best(name)?.value;
  if (rule && (rule.range === null || rule.range.has(version))) return true;
  return pins.get(name)?.get(version) !== undefined;
}

interface PinUse {
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  readonly pin: Pin;
  /** What overrules it, in each profile that has it; null where nothing does. */
  readonly overrulers: (string | null)[];
}

function pinFindings({ policy, known }: LintMatter): LintFinding[] {
  const uses = new Map<string, PinUse>();
  for (const profile of policy.profiles.values()) for (const use of pinsOf(profile)) merge(uses, use);
  return [...uses.values()].flatMap((use) => [...overruledPin(use), ...unfitPin(use, known)]);
}

function* pinsOf({ ecosystems }: Profile): Generator<PinUse> {
  for (const [ecosystem, rules] of ecosystems) {
    for (const [name, versions] of rules.pins)
      for (const [version, pin] of versions)
        yield { ecosystem, name, version, pin, overrulers: [overruler(rules, name, version)] };
  }
}

function merge(uses: Map<string, PinUse>, use: PinUse): void {
  const key = JSON.stringify([use.pin.place, use.ecosystem, use.name, use.version]);
  const known = uses.get(key);
  if (known) known.overrulers.push(...use.overrulers);
  else uses.set(key, use);
}

function overruler({ internal, deny }: EcosystemRules, name: string, version: string): string | null {
  const inside: PolicyPlace | undefined = internal.best(name)?.value;
  if (inside !== undefined) return `internal ${inside}`;
  const denied = deny
    .all(name)
    .flat()
    .find(({ range }) => range === null || range.has(version));
  return denied ? `denied ${denied.place}` : null;
}

function overruledPin({ name, version, pin, overrulers }: PinUse): LintFinding[] {
  const [first] = overrulers;
  if (!first || overrulers.includes(null)) return [];
  const [by, place] = first.split(' ');
  const why = by === 'internal' ? `${place} says that the name is internal` : `${place} denies it`;
  const message = `the pin of ${name}@${version} admits nothing: ${why}`;
  return [{ level: 'error', code: `pin-${by}`, place: pin.place, message }];
}

/** As far as the index is known here. */
function unfitPin({ ecosystem, name, version, pin }: PinUse, known: Known): LintFinding[] {
  const found = known.package(ecosystem, name);
  if (!found || found.versions.length === 0) return [];
  const files = found.digests(version);
  if (files.length === 0) {
    const message = `the pin of ${name}@${version} is of a version that the index known here does not have`;
    return [{ level: 'info', code: 'pin-unknown-version', place: pin.place, message }];
  }
  if (files.some((digests) => comparePin(pin, digests) !== 'mismatch')) return [];
  const message = `the pin of ${name}@${version} is of no file that the index known here has`;
  return [{ level: 'warning', code: 'pin-unusable', place: pin.place, message }];
}
