import { z } from 'zod';
import { digestsOfSri, parseDigest } from '../../model/digest.ts';
import { ENTRY_TYPES } from '../canonical.ts';
import type { EntryType, StatsKey } from '../ledger.ts';

/** A day, or a time with its offset: what is read by guess, or in the machine's own zone, shows other entries. */
const ISO_8601 =
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?$/;

/** A name as the configuration knows agents, or a pseudonym, which begins with `~`. */
const AGENT = /^~?[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$/;

const DIGEST =
  /^(sha256:[0-9a-fA-F]{64}|sha512:[0-9a-fA-F]{128}|sha256-[0-9A-Za-z+/]{43}=|sha512-[0-9A-Za-z+/]{86}==)$/;

/** Text without control characters: it is compared with what entries hold, and never parsed. */
function text(max: number, what: string) {
  const plain = new RegExp(`^[^\\x00-\\x1f\\x7f]{1,${max}}$`);
  return z.string().regex(plain, `must be ${what}: 1 to ${max} characters`);
}

/** A whole number in decimal digits; as a number where it is described. */
export function whole(min: number, max: number) {
  const wrong = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^(0|[1-9][0-9]{0,15})$/, wrong)
    .transform(Number)
    .pipe(z.int(wrong).min(min, wrong).max(max, wrong));
}

function instant(what: string) {
  return z
    .string()
    .refine(
      isInstant,
      'must be a day such as 2026-01-31, or a time with its offset such as 2026-01-31T08:00:00Z',
    )
    .meta({ pattern: ISO_8601.source, description: `${what}; ISO 8601, a day begins at midnight UTC.` });
}

/** Every type of an entry. */
export const TYPES = [...ENTRY_TYPES] as [EntryType, ...EntryType[]];

/**
 * The words in which people ask for entries, by flag or by query parameter: each checked by itself here, all together
 * by `questionOf`. One that cannot be read is an error: an audit shows neither more nor less than was asked for.
 */
export const ENTRY_WORDS = {
  agent: z
    .string()
    .regex(AGENT, 'must be the name of an agent, or a pseudonym')
    .describe('Entries of this agent: a name, or a pseudonym as entries have it.'),
  profile: text(100, 'the name of a profile').describe('Entries of this profile.'),
  package: text(512, 'a package').describe(
    'Entries about this package, bundled copies too: a name, NAME@VERSION, NAME==VERSION or a package URL.',
  ),
  versions: text(512, 'a range of versions').describe(
    "With a package without a version: these versions of it, in the ecosystem's own words; pre-releases count.",
  ),
  digest: z
    .string()
    .regex(DIGEST, 'must be sha256:HEX, sha512:HEX or one SRI digest')
    .describe(
      "Entries about bytes with this digest: `sha256:HEX`, `sha512:HEX` or a lockfile's `sha512-BASE64`.",
    ),
  verdict: z.enum(['allow', 'refuse'], 'must be allow or refuse').describe('How it was decided.'),
  type: z.enum(TYPES, `must be one of ${TYPES.join(', ')}`).describe('Entries of this type.'),
  route: z
    .string()
    .regex(/^[a-z][a-z-]{0,39}$/, 'must be a kind of request such as artifact')
    .describe('Entries of this kind of request: artifact, index, metadata and so on.'),
  code: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'must be a code such as TOO_YOUNG')
    .describe(
      'Entries with this code among their reasons, what was observed or warned of; of alarms and acts their code; BUNDLED_UNNAMED where not all is named that lies in an artifact.',
    ),
  rule: text(1024, 'the place of a rule').describe('Decided by the rule at this place in the policy.'),
  policy: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256:HEX')
    .describe('Decided under the policy with this digest.'),
  waiver: text(1024, 'the place of a waiver, a code, or *').describe(
    'Admitted by the waiver at this place, or by one that lifts this code; `*` for any.',
  ),
  provenance: z
    .enum(['verified', 'failed', 'absent', 'unchecked'], 'must be verified, failed, absent or unchecked')
    .describe('Admitted artifacts whose provenance came to this; absent also where nobody looked.'),
  since: instant('Not before this instant'),
  until: instant('Before this instant'),
} as const;

export type EntryWord = keyof typeof ENTRY_WORDS;
/** What was asked for, each word checked by itself. */
export type EntryWords = { readonly [W in EntryWord]?: z.output<(typeof ENTRY_WORDS)[W]> };

/** By what entries are counted. */
export const STATS_KEYS = [
  'agent',
  'profile',
  'package',
  'version',
  'artifact',
  'verdict',
  'type',
  'code',
  'rule',
  'policy',
  'provenance',
] as const satisfies readonly StatsKey[];

/** Milliseconds since 1970 of a text that passed. */
export function instantOf(text: string): number {
  return Date.parse(text);
}

/** The digest of a text that passed; null where base64 says another length. */
export function digestOf(text: string) {
  return parseDigest(text) ?? digestsOfSri(text)[0] ?? null;
}

function isInstant(text: string): boolean {
  if (!ISO_8601.test(text) || Number.isNaN(Date.parse(text))) return false;
  // Date.parse makes 31 February a day in March.
  const day = text.slice(0, 10);
  return new Date(Date.parse(day)).toISOString().startsWith(day);
}
