import { z } from 'zod';
import { LIFTABLE } from '../../model/liftable.ts';
import type { Mode } from '../profile.ts';
import { AGE, parseAge } from './age.ts';
import { identitySchema } from './identity-schema.ts';
import { parseEnd } from './instants.ts';
import { type LicenceInput, licenceSchema } from './licence-schema.ts';
import { known, list, oneOf, text } from './schema-parts.ts';
import {
  CHANGES_LEVELS,
  EVIDENCE_LEVELS,
  FLOOR_LEVELS,
  LOCKABLE,
  type Lockable,
  MALWARE_LEVELS,
  MODES,
  PERMISSIONS,
  VULNERABILITY_LEVELS,
} from './strictness.ts';

export type { LicenceInput };

/** The ecosystems whose names a published schema completes; `parsePolicy` takes those of its schemes. */
export const ECOSYSTEMS: readonly string[] = ['npm', 'pypi'];

const order = (words: readonly string[]): string => `From loose to strict: ${words.join(', ')}.`;

const permission = (description: string) => oneOf(PERMISSIONS, `${description} ${order(PERMISSIONS)}`);

const AGE_WORDS = 'must be an age such as 7d, 12h, 30m or 0';
const LEVEL_WORDS =
  'off: not looked at. if-present: what is there must verify. no-downgrade: and what earlier versions carried must be there. required: it must be there.';

const requirements = known({
  age: z
    .union([z.string().regex(AGE, { error: AGE_WORDS, abort: true }), z.literal(0)], { error: AGE_WORDS })
    .refine((age) => parseAge(age) !== null, 'must be an age such as 7d, 12h, 30m or 0, at most 3650d')
    .describe(
      'How long a file must have been public: 7d, 12h, 30m, or 0 for no age. Longer is stricter. Default 0.',
    )
    .optional(),
  'install-scripts': permission(
    'Code of the package that runs when it is installed. Default deny.',
  ).optional(),
  sdist: permission('Source distributions, which run code when they are built. Default deny.').optional(),
  'direct-urls': permission('Dependencies that are an address instead of a name. Default deny.').optional(),
  'registry-signature': oneOf(
    EVIDENCE_LEVELS,
    `The registry's signature over name, version and digest. ${LEVEL_WORDS} ${order(EVIDENCE_LEVELS)} Default if-present. Not for pypi, which has none: there off or if-present.`,
  ).optional(),
  provenance: z
    .union([
      oneOf(
        EVIDENCE_LEVELS,
        `${LEVEL_WORDS} ${order(EVIDENCE_LEVELS)} A named signer is stricter than required.`,
        ', or a map that names the signer',
      ),
      identitySchema,
    ])
    .describe(
      'Who built or uploaded the file: npm provenance, PyPI attestations (PEP 740). A level, or the one signer from whom it is required. Default if-present.',
    )
    .optional(),
  'startup-hooks': permission(
    'Files that Python runs at every start (.pth, sitecustomize). Default deny.',
  ).optional(),
  'foreign-places': permission(
    'Files that land where those of something else belong: modules of a package that the policy names, commands of the system. Default deny.',
  ).optional(),
  malware: oneOf(
    MALWARE_LEVELS,
    `Versions that the feed of malicious packages names. off: not looked at. warn: said in the ledger. deny: refused, as far as there is a feed. required: and there must be a feed that is young enough. ${order(MALWARE_LEVELS)} Default deny.`,
  ).optional(),
  vulnerability: oneOf(
    VULNERABILITY_LEVELS,
    `Versions with known vulnerabilities. off: not looked at. warn: said in the ledger. A severity: refused from that one on, and those below it are warned of. ${order(VULNERABILITY_LEVELS)} Default off.`,
  ).optional(),
  licence: licenceSchema.optional(),
  floor: oneOf(
    FLOOR_LEVELS,
    `No version below one that was admitted before. off: any. line: of the same major line. admitted: of the package. ${order(FLOOR_LEVELS)} Default off.`,
  ).optional(),
  changes: oneOf(
    CHANGES_LEVELS,
    `What the version admitted before did not have, and no other requirement asks for: install scripts, dependencies that are not known here or too young, a source distribution instead of wheels, evidence that is gone, another signer. warn: said in the ledger. ${order(CHANGES_LEVELS)} Default off.`,
  ).optional(),
});

export type RequirementsInput = z.infer<typeof requirements>;

const PATTERN = 'a name, or a prefix that ends in *';

const ruleFields = {
  versions: text('a version range').describe('A semver range, or PEP 440 specifiers for PyPI.').optional(),
};
const allowFields = {
  ...ruleFields,
  wide: z.boolean('must be true or false').describe('Must be true for the pattern *.').optional(),
  requirements: requirements.optional(),
};
const denyFields = { ...ruleFields, reason: text('a reason').describe('For people.').optional() };
const pinFields = {
  integrity: text('an SRI string such as sha512-…')
    .describe('The digest of the one file, as lockfiles write it.')
    .optional(),
  hashes: list(text('a digest such as sha256:…'))
    .min(1, 'must name at least one digest')
    .describe('One per file.')
    .optional(),
};
const end = (description: string) =>
  text('a date such as 2027-01-31')
    .refine((said) => parseEnd(said) !== null, {
      error: 'must be a date such as 2027-01-31, or a time with its zone such as 2027-01-31T18:00Z',
    })
    .describe(
      `${description} A date (the end of that day, UTC), or a time with its zone: 2027-01-31T18:00+01:00.`,
    );
const waiverFields = {
  ...pinFields,
  lifts: oneOf(
    LIFTABLE,
    'The one requirement that it lifts, or metadata: what the index says and the artifact does not.',
  ),
  reason: text('a reason').describe('Why. For people.'),
  approver: text('who approves it').describe('Who approves it. For people.'),
  expires: end('From then on it lifts nothing.'),
};
const upstreamFields = {
  upstream: text('the id of an upstream')
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be the id of an upstream in the configuration')
    .describe('The id of a private upstream in the configuration, from which these names come.'),
};

/** A rule's own keys; the ecosystem's key is read with `subjectOf`. */
type Named<F extends z.ZodRawShape> = z.infer<z.ZodObject<F>> & { readonly [ecosystem: string]: unknown };
export type AllowInput = Named<typeof allowFields>;
export type DenyInput = Named<typeof denyFields>;
export type PinInput = Named<typeof pinFields>;

export type WaiverInput = Named<typeof waiverFields>;
export type UpstreamInput = Named<typeof upstreamFields>;

/** One policy file, as it is written. */
export interface PolicyInput {
  readonly profile: string;
  readonly extends?: readonly string[];
  readonly mode?: Mode;
  readonly until?: string;
  readonly locked?: readonly Lockable[];
  readonly requirements?: Readonly<Record<string, RequirementsInput>>;
  readonly allow?: readonly AllowInput[];
  readonly deny?: readonly DenyInput[];
  readonly pins?: readonly PinInput[];
  readonly waivers?: readonly WaiverInput[];
  readonly internal?: readonly string[];
  readonly upstreams?: readonly UpstreamInput[];
}

/** An entry that names one package of one ecosystem: `{ npm: express, … }`. */
function named<F extends z.ZodRawShape>(fields: F, ecosystems: readonly string[], what: string) {
  const names = Object.fromEntries(
    ecosystems.map((id) => [id, text(what).describe(`${id}: ${what}.`).optional()]),
  );
  return known({ ...names, ...fields })
    .refine((entry) => ecosystems.filter((id) => Object.hasOwn(entry, id)).length === 1, {
      error: `must name exactly one of ${ecosystems.join(', ')}`,
    })
    .meta({ oneOf: ecosystems.map((id) => ({ required: [id] })) });
}

/** Which ecosystem an entry names, and the name as it was written; null cannot pass the schema. */
export function subjectOf(entry: object, ecosystems: Iterable<string>): { id: string; text: string } | null {
  for (const id of ecosystems) {
    const text: unknown = Object.hasOwn(entry, id) ? (entry as Record<string, unknown>)[id] : undefined;
    if (typeof text === 'string') return { id, text };
  }
  return null;
}

/** Made once for the same ecosystems: the library compiles what it makes. */
const made = new Map<string, z.ZodType<PolicyInput>>();

/** The language of a policy file. */
export function policySchema(ecosystems: readonly string[] = ECOSYSTEMS): z.ZodType<PolicyInput> {
  const key = ecosystems.join(' ');
  const schema = made.get(key) ?? schemaOf(ecosystems);
  made.set(key, schema);
  return schema;
}

function schemaOf(ecosystems: readonly string[]): z.ZodType<PolicyInput> {
  const perEcosystem = Object.fromEntries(ecosystems.map((id) => [id, requirements.optional()]));
  const bound = <F extends typeof pinFields>(fields: F) =>
    named(fields, ecosystems, 'name@version').refine(
      (entry: object) => Object.hasOwn(entry, 'integrity') !== Object.hasOwn(entry, 'hashes'),
      { error: 'must have either integrity or hashes' },
    );
  const profile = text('the name of a profile');
  const schema = known({
    profile: profile.describe('Whose rules these are. Several files may speak for one profile.'),
    extends: list(profile)
      .describe('Other profiles whose rules hold here too, the upper layers first.')
      .optional(),
    mode: oneOf(
      MODES,
      `observe: what only lacks a rule or a requirement is served and recorded; needs until. enforce: rules and pins. frozen: pins only. ${order(MODES)} Default: that of the nearest upper layer, else enforce.`,
    ).optional(),
    until: end('When mode observe ends and enforce begins.').optional(),
    locked: list(oneOf(LOCKABLE, 'A requirement, mode, or allow (no further rules, pins or waivers).'))
      .describe('What layers below this one may only tighten.')
      .optional(),
    requirements: known(perEcosystem)
      .describe('What an artifact must show, unless a rule says otherwise.')
      .optional(),
    allow: list(named(allowFields, ecosystems, PATTERN))
      .describe('What may be installed. The most specific name wins, whatever the order.')
      .optional(),
    deny: list(named(denyFields, ecosystems, PATTERN))
      .describe('What may never be installed; beats allow and pins.')
      .optional(),
    pins: list(bound(pinFields))
      .describe('Exact artifacts. A pin stands for the allow rule and for age.')
      .optional(),
    waivers: list(bound(waiverFields))
      .describe('Each lifts one requirement for one version and its digests, until it expires.')
      .optional(),
    internal: list(text(PATTERN)).describe('Names that never go upstream.').optional(),
    upstreams: list(named(upstreamFields, ecosystems, PATTERN))
      .describe('Names that come from a private upstream. For all profiles together.')
      .optional(),
  });
  return schema as unknown as z.ZodType<PolicyInput>;
}

/** The policy language as JSON Schema (draft 7), for editors and checks outside of this program. */
export function policyJsonSchema(ecosystems: readonly string[] = ECOSYSTEMS): Record<string, unknown> {
  const schema = z.toJSONSchema(policySchema(ecosystems), { target: 'draft-7', io: 'input' });
  return { title: 'sallyport policy', ...schema };
}
