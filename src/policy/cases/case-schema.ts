import { z } from 'zod';
import { parseDigest } from '../../model/digest.ts';
import { LIFTABLE } from '../../model/liftable.ts';
import { REASONS, type ReasonCode } from '../../model/reason-codes.ts';
import { AGE } from '../language/age.ts';
import { ECOSYSTEMS } from '../language/schema.ts';
import { known, list, oneOf, text } from '../language/schema-parts.ts';
import { evidenceFields } from './case-evidence.ts';
import { factFields } from './case-facts.ts';

const CODES = Object.keys(REASONS) as [ReasonCode, ...ReasonCode[]];
const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
const TIME = /^([0-9]{4}-[0-9]{2}-[0-9]{2})T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})$/;

/** Milliseconds since 1970 of a date (its beginning, UTC) or of a time with its zone; null for other texts. */
export function parseAt(said: string): number | null {
  const date = DATE.test(said) ? said : TIME.exec(said)?.[1];
  if (date === undefined) return null;
  const day = Date.parse(`${date}T00:00Z`);
  const at = Date.parse(said === date ? `${date}T00:00Z` : said);
  // 30 February would be a day in March.
  const exists = Number.isFinite(day) && new Date(day).toISOString().slice(0, 10) === date;
  return exists && Number.isFinite(at) ? at : null;
}

const flag = (description: string) => z.boolean('must be true or false').describe(description).optional();

const AT = 'must be a date such as 2027-01-31, or a time with its zone such as 2027-01-31T18:00Z';

/** One case, as it is written. */
export function caseSchema(ecosystems: readonly string[]) {
  const names = Object.fromEntries(
    ecosystems.map((id) => [
      id,
      text('a name, or name@version').describe(`${id}: a name, or name@version.`).optional(),
    ]),
  );
  const digest = text('sha256:… or sha512:…').refine((said) => parseDigest(said) !== null, {
    error: 'must be sha256:… or sha512:…',
  });
  return known({
    ...names,
    profile: text('the name of a profile').describe("Default: the file's.").optional(),
    expect: oneOf(
      ['allow', 'refuse', 'observe'],
      'observe: served, and only because the profile is in mode observe.',
    ),
    code: oneOf(CODES, 'The first reason of the refusal, or of what mode observe lets pass.').optional(),
    why: text('a reason').describe('Why. For people.'),
    at: text('a date or a time')
      .refine((said) => parseAt(said) !== null, { error: AT })
      .describe('When it is asked: a date, or a time with its zone. Waivers and mode observe end.')
      .optional(),
    age: z
      .union([z.string().regex(AGE), z.literal(0), z.literal('unknown')], {
        error: 'must be an age such as 7d, 12h, 30m or 0, or unknown',
      })
      .describe('How long the file has been public. Default: old enough.')
      .optional(),
    'install-scripts': flag('Installing runs code of the package.'),
    'direct-urls': flag('A dependency is an address.'),
    sdist: flag('A source distribution.'),
    quarantined: flag('The registry has put the project in quarantine.'),
    digest: z
      .union([digest, z.literal('none')], { error: 'must be sha256:… or sha512:…, or none' })
      .describe('What the index declares. Default: that of the pin or waiver, else some digest.')
      .optional(),
    'first-digest': digest.describe('What was admitted before under this file name.').optional(),
    waived: oneOf(LIFTABLE, 'What a waiver of the policy must have lifted.').optional(),
    ...factFields,
    ...evidenceFields,
  })
    .refine((entry) => ecosystems.filter((id) => Object.hasOwn(entry, id)).length === 1, {
      error: `must name exactly one of ${ecosystems.join(', ')}`,
    })
    .refine((entry) => (entry.expect === 'allow') === (entry.code === undefined), {
      error: 'a refusal must name its code, and so must observe; an admission has none',
    })
    .refine(
      (entry) => !entry['first-digest'] || entry.digest?.slice(0, 6) === entry['first-digest'].slice(0, 6),
      { error: 'first-digest needs a digest of the same algorithm to compare with' },
    )
    .meta({ oneOf: ecosystems.map((id) => ({ required: [id] })) });
}

export type CaseInput = z.infer<ReturnType<typeof caseSchema>>;

/** A file of cases. */
export function caseFileSchema(ecosystems: readonly string[]) {
  return known({
    profile: text('the name of a profile').describe('Under whose rules the cases are asked.'),
    cases: list(caseSchema(ecosystems)).min(1, 'must have at least one case'),
  });
}

/** The language of cases as JSON Schema (draft 7), for editors. */
export function caseJsonSchema(ecosystems: readonly string[] = ECOSYSTEMS): Record<string, unknown> {
  const schema = z.toJSONSchema(caseFileSchema(ecosystems), { target: 'draft-7', io: 'input' });
  return { title: 'sallyport policy cases', ...schema };
}
