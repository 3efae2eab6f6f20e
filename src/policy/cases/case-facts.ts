import { z } from 'zod';
import { ADVISORY_ID, type Advisory, type FeedFacts, SEVERITIES } from '../../model/advisory.ts';
import { type Change, NO_CHANGE } from '../../model/change.ts';
import { sha256 } from '../../model/digest.ts';
import type { Finding } from '../../model/finding.ts';
import { readLicence, UNREADABLE_LICENCE } from '../../model/licence.ts';
import type { VersionScheme } from '../../model/versions.ts';
import { AdmittedVersions, NO_HIGHER } from '../judge/floor.ts';
import { known, list, oneOf, text } from '../language/schema-parts.ts';
import type { HigherAdmitted } from '../policy.ts';

/*
 * How a case tells what a feed has on a version, what its bytes declare and run, and what was admitted before.
 * What is left out is what no policy objects to: no record, a feed that is young, a licence that is accepted.
 */

const DAY = 86_400_000;
/** The word for bytes that declare no licence. */
const NONE = 'none';

const advisoryId = text("an advisory's id such as MAL-2025-1").regex(
  ADVISORY_ID,
  "must be an advisory's id such as MAL-2025-1",
);
const severity = oneOf([...SEVERITIES, 'unknown'], 'The severity of one vulnerability that is known.');
const version = text('a version');

/** The keys of a case that tell of a feed, of bytes and of earlier admissions. */
export const factFields = {
  malware: z
    .union([advisoryId, list(advisoryId)])
    .describe('Ids of records that name the version as malicious.')
    .optional(),
  vulnerability: z
    .union([severity, list(severity)])
    .describe('The severity of each vulnerability that is known of the version.')
    .optional(),
  feed: oneOf(
    ['fresh', 'stale', 'missing'],
    'The feed of advisories that the case is decided with. Default fresh.',
  ).optional(),
  licence: text('an SPDX expression, or none')
    .refine((said) => said === NONE || said === UNREADABLE_LICENCE || isExpression(said), {
      error: `must be an SPDX expression, ${UNREADABLE_LICENCE} for words that are none, or none`,
    })
    .describe('The licence that the bytes declare: an SPDX expression, NOASSERTION, or none.')
    .optional(),
  'startup-hooks': z
    .boolean('must be true or false')
    .describe('The bytes run whenever Python starts.')
    .optional(),
  'foreign-places': z
    .boolean('must be true or false')
    .describe('The bytes put files where those of something else belong.')
    .optional(),
  'metadata-mismatch': z
    .boolean('must be true or false')
    .describe('The bytes say another name or version than the index.')
    .optional(),
  'new-dependency': z
    .union([text('a name'), list(text('a name'))])
    .describe('Packages that the version depends on, and the one admitted before did not.')
    .optional(),
  'new-install-script': z
    .boolean('must be true or false')
    .describe('The bytes run code when they are installed, and those of the version admitted before did not.')
    .optional(),
  'sdist-instead': z
    .boolean('must be true or false')
    .describe('Of the version admitted before there were wheels, and of this one a source distribution.')
    .optional(),
  admitted: z
    .union([version, list(version)])
    .describe('Versions that were admitted before.')
    .optional(),
};

const factShape = known(factFields);
type FactInput = z.infer<typeof factShape>;

/** What the bytes of a case show. */
export interface ShownBytes {
  readonly findings: readonly Finding[];
  /** `undefined` where the case does not say. */
  readonly licence: string | null | undefined;
}

function isExpression(said: string): boolean {
  return readLicence(said) !== UNREADABLE_LICENCE;
}

/** Whether a case tells of anything that a name alone does not have. */
export function saysFacts(input: FactInput): boolean {
  return Object.keys(factFields).some((key) => Object.hasOwn(input, key));
}

/** Null where the case says nothing that only bytes can show. */
export function shownBytesOf(input: FactInput): ShownBytes | null {
  const { licence, 'startup-hooks': hooks, 'foreign-places': foreign, 'metadata-mismatch': mismatch } = input;
  const said = [licence, hooks, foreign, mismatch, input['new-install-script']];
  if (said.every((one) => one === undefined)) return null;
  const findings: Finding[] = [];
  if (input['new-install-script'] === true) findings.push({ code: 'INSTALL_SCRIPT', place: 'package.json' });
  if (hooks === true) findings.push({ code: 'STARTUP_HOOK', place: 'x.pth' });
  if (foreign === true) findings.push({ code: 'FOREIGN_PLACE', place: 'x' });
  if (mismatch === true) findings.push({ code: 'METADATA_MISMATCH', place: 'METADATA' });
  return { findings, licence: licence === NONE ? null : licence };
}

/** What the feed has on the version, and the feed itself: `now` is milliseconds since 1970. */
export function advisoriesOf(
  input: FactInput,
  now: number,
): { readonly feed: FeedFacts | null; readonly advisories: readonly Advisory[] } {
  const malware = listOf(input.malware).map((id): Advisory => ({ id, kind: 'malware', severity: null }));
  const vulnerabilities = listOf(input.vulnerability).map(
    (said, i): Advisory => ({
      id: `CASE-${i + 1}`,
      kind: 'vulnerability',
      severity: said === 'unknown' ? null : said,
    }),
  );
  const staleAt = input.feed === 'stale' ? now : now + DAY;
  const feed = input.feed === 'missing' ? null : { digest: sha256('a feed'), at: now - DAY, staleAt };
  return { feed, advisories: [...malware, ...vulnerabilities] };
}

/** What is new beside the version before: a dependency that the policy admits is as old as it asks for. */
export function changeOf(input: FactInput): Change {
  const dependencies = listOf(input['new-dependency']);
  const [script, instead] = [input['new-install-script'] === true, input['sdist-instead'] === true];
  if (dependencies.length === 0 && !script && !instead) return NO_CHANGE;
  return {
    before: { version: '0', runs: false, kinds: instead ? ['wheel'] : [] },
    dependencies: dependencies.map((name) => ({ name, born: 0 })),
  };
}

/** What was admitted above a version, or what is wrong with the case's word for it. */
export function aboveOf(
  input: FactInput,
  scheme: VersionScheme,
  ofVersion: string,
): HigherAdmitted | { readonly problem: string } {
  const admitted: string[] = [];
  for (const said of listOf(input.admitted)) {
    const version = scheme.parseVersion(said);
    if (version === null) return { problem: `admitted names no ${scheme.ecosystem} version` };
    admitted.push(version);
  }
  return admitted.length === 0 ? NO_HIGHER : new AdmittedVersions(scheme, admitted).above(ofVersion);
}

function listOf<T>(said: T | readonly T[] | undefined): readonly T[] {
  if (said === undefined) return [];
  return isList(said) ? said : [said];
}

function isList<T>(said: T | readonly T[]): said is readonly T[] {
  return Array.isArray(said);
}
