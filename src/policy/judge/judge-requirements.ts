import type { PackageName } from '../../model/artifact.ts';
import type { Liftable } from '../../model/liftable.ts';
import type { ReasonCode } from '../../model/reason-codes.ts';
import { judgeVulnerabilities } from './advisories.ts';
import { givenOf, judgeChanges } from './changes.ts';
import { judgeEvidence } from './evidence.ts';
import { foreignPlaces } from './foreign-places.ts';
import { decidedBy } from './integrity.ts';
import { judgeLicence } from './licences.ts';
import { type FileMatter, type Given, unmet } from './matter.ts';

/** What an artifact must show. A pin stands for the rule and for `age`, where no upper layer locks that. */
export function judgeRequirements(matter: FileMatter): Given[] {
  const { question, required } = matter;
  const { file, facts } = question;
  const place = matter.rule?.value.place ?? null;
  const shown = new Set(facts.findings?.map(decidedBy));
  const given: Given[] = [];
  const demand = (met: boolean, lifts: Liftable, code: ReasonCode): void => {
    if (!met) given.push(unmet(lifts, { code, place }));
  };
  demand(isOldEnough(matter), 'age', 'TOO_YOUNG');
  const runs = file.installScripts || shown.has('install-scripts');
  demand(required.installScripts === 'allow' || !runs, 'install-scripts', 'INSTALL_SCRIPTS');
  const builds = file.kind === 'sdist' || shown.has('sdist');
  demand(required.sdist === 'allow' || !builds, 'sdist', 'SDIST');
  const leads = file.directUrls || shown.has('direct-urls');
  demand(required.directUrls === 'allow' || !leads, 'direct-urls', 'DIRECT_URL');
  const hidden = required.directUrls === 'allow' ? [] : notAdmitted(matter, file.aliases ?? []);
  if (hidden.length > 0)
    given.push(unmet('direct-urls', { code: 'ALIAS_NOT_ADMITTED', place, about: hidden }));
  demand(required.startupHooks === 'allow' || !shown.has('startup-hooks'), 'startup-hooks', 'STARTUP_HOOK');
  given.push(...judgeForeignPlaces(matter, shown.has('foreign-places')));
  given.push(...judgeVulnerabilities(matter, place), ...judgeLicence(matter, place));
  given.push(...judgeFloor(matter), ...judgeChanges(matter, runs));
  for (const { changes, ...reason } of judgeEvidence(required, place, question).reasons) {
    given.push(changes ? givenOf(matter, reason) : unmet(reason.detail.check, reason));
  }
  return given;
}

/**
 * Names behind aliases that this profile does not admit by name. Whoever reads the manifest sees another name; a client
 * asks for this one.
 */
function notAdmitted({ rules, mode }: FileMatter, names: readonly PackageName[]): readonly PackageName[] {
  return names.filter((name) => {
    if ([name, name.toLowerCase()].some((one) => rules.internal.best(one) !== null)) return true;
    if (rules.deny.all(name).some((denied) => denied.some(({ range }) => range === null))) return true;
    if (rules.pins.has(name)) return false;
    return mode === 'frozen' || rules.allow.best(name) === null;
  });
}

/** When the evidence of a file that was found wanting is looked at again, so that its answer may change. */
export function evidenceUntil({ question, required }: FileMatter): number | null {
  return judgeEvidence(required, null, question).until;
}

/** Written so that a time which is no number is too young, too. */
function isOldEnough(matter: FileMatter): boolean {
  const { pin, required, question } = matter;
  const standsForAge = pin !== null && !pin.keepsAge;
  if (standsForAge || required.age <= 0) return true;
  return question.now >= (ripeAt(matter) ?? Number.NaN);
}

/** Of what an age is made. */
interface Dated {
  readonly question: Pick<FileMatter['question'], 'file' | 'facts'>;
  readonly required: Pick<FileMatter['required'], 'age'>;
}

/**
 * When the file is old enough: its age counts from the later of the latest time ever claimed for it and our
 * last sighting of the index without it. null where no time was ever claimed: nobody knows.
 */
export function ripeAt({ question: { file, facts }, required }: Dated): number | null {
  const claims = [file.claimedAt, facts.claimedAt].filter((time) => time !== null);
  if (claims.length === 0) return null;
  const since = Math.max(...claims, facts.lastAbsent ?? Number.NEGATIVE_INFINITY);
  const ripe = since + required.age;
  return Number.isFinite(ripe) ? ripe : null;
}

/** Of another's module or command the reason says which; of what the bytes showed by themselves the findings do. */
function judgeForeignPlaces(matter: FileMatter, shown: boolean): Given[] {
  if (matter.required.foreignPlaces === 'allow') return [];
  const { of: about, untold } = foreignPlaces(matter);
  if (about.length === 0 && !untold && !shown) return [];
  const place = matter.rule?.value.place ?? null;
  const reason = { code: 'FOREIGN_PLACE', place } as const;
  return [unmet('foreign-places', about.length === 0 ? reason : { ...reason, about })];
}

/** No rollback: nothing below what was admitted before, of the same major line or of the whole package. */
function judgeFloor(matter: FileMatter): Given[] {
  const { floor } = matter.required;
  if (floor === 'off') return [];
  const { line, any } = matter.question.above;
  const above = floor === 'line' ? line : (any ?? line);
  const place = matter.rule?.value.place ?? null;
  return above === null ? [] : [unmet('floor', { code: 'BELOW_FLOOR', place, about: [above] })];
}
