import { z } from 'zod';
import { AGE, parseAge } from './age.ts';
import { identitySchema } from './identity-schema.ts';
import { known, list, oneOf, text } from './schema-parts.ts';

/** The ecosystems whose names a published schema completes; `parsePolicy` takes those of its schemes. */
export const ECOSYSTEMS: readonly string[] = ['npm', 'pypi'];

/** A key of the language that does not work in this version. Silence would look like protection, so it is refused. */
function notYet(key: string, description: string) {
  return z
    .unknown()
    .refine((value) => value === 'off' || (Array.isArray(value) && value.length === 0), {
      error: `${key} is not available in this version of sallyport: write off, or leave it out`,
    })
    .meta({
      description: `${description} Not available in this version: any value but off is an error.`,
      anyOf: [{ const: 'off' }, { type: 'array', maxItems: 0 }],
    });
}

const permission = (description: string) =>
  oneOf(['allow', 'deny'], `${description} From loose to strict: allow, deny.`);

const LEVELS = ['off', 'if-present', 'no-downgrade', 'required'] as const;
const LEVEL_WORDS =
  'off: not looked at. if-present: what is there must verify. no-downgrade: and what earlier versions carried must be there. required: it must be there.';

const requirements = known({
  age: z
    .union([z.string().regex(AGE), z.literal(0)], { error: 'must be an age such as 7d, 12h, 30m or 0' })
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
    LEVELS,
    `The registry's signature over name, version and digest. ${LEVEL_WORDS} From loose to strict: ${LEVELS.join(', ')}. Default if-present. Not for pypi, which has none: there off or if-present.`,
  ).optional(),
  provenance: z
    .union([
      oneOf(
        LEVELS,
        `${LEVEL_WORDS} From loose to strict: ${LEVELS.join(', ')}.`,
        ', or a map that names the signer',
      ),
      identitySchema,
    ])
    .describe(
      'Who built or uploaded the file: npm provenance, PyPI attestations (PEP 740). A level, or the one signer from whom it is required. Default if-present.',
    )
    .optional(),
  'startup-hooks': notYet(
    'startup-hooks',
    'Files that Python runs at every start (.pth, sitecustomize).',
  ).optional(),
  malware: notYet('malware', 'Versions that the malicious-packages feed names.').optional(),
  vulnerability: notYet('vulnerability', 'Versions with known vulnerabilities.').optional(),
  licence: notYet('licence', 'Which licences are accepted.').optional(),
  floor: notYet('floor', 'No version below one that was admitted before.').optional(),
});

export type RequirementsInput = z.infer<typeof requirements>;

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

/** A rule's own keys; the ecosystem's key is read with `subjectOf`. */
type Named<F extends z.ZodRawShape> = z.infer<z.ZodObject<F>> & { readonly [ecosystem: string]: unknown };
export type AllowInput = Named<typeof allowFields>;
export type DenyInput = Named<typeof denyFields>;
export type PinInput = Named<typeof pinFields>;

/** One policy file, as it is written. */
export interface PolicyInput {
  readonly profile: string;
  readonly mode?: 'enforce' | 'frozen';
  readonly requirements?: Readonly<Record<string, RequirementsInput>>;
  readonly allow?: readonly AllowInput[];
  readonly deny?: readonly DenyInput[];
  readonly pins?: readonly PinInput[];
  readonly internal?: readonly string[];
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

/** The language of a policy file. All of its keys are known from the start; some work only in later versions. */
export function policySchema(ecosystems: readonly string[] = ECOSYSTEMS): z.ZodType<PolicyInput> {
  const perEcosystem = Object.fromEntries(ecosystems.map((id) => [id, requirements.optional()]));
  const schema = known({
    profile: text('the name of a profile').describe(
      'Whose rules these are. Several files may speak for one profile.',
    ),
    mode: z
      .enum(['enforce', 'frozen'], {
        error: (issue) =>
          issue.input === 'observe'
            ? 'mode observe is not available in this version of sallyport'
            : 'must be enforce or frozen',
      })
      .describe('enforce: rules and pins. frozen: pins only. Default enforce.')
      .optional(),
    requirements: known(perEcosystem)
      .describe('What an artifact must show, unless a rule says otherwise.')
      .optional(),
    allow: list(named(allowFields, ecosystems, 'a name, or a prefix that ends in *')).optional(),
    deny: list(named(denyFields, ecosystems, 'a name, or a prefix that ends in *')).optional(),
    pins: list(
      named(pinFields, ecosystems, 'name@version').refine(
        (pin) => (pin.integrity === undefined) !== (pin.hashes === undefined),
        { error: 'must have either integrity or hashes' },
      ),
    ).optional(),
    internal: list(text('a name, or a prefix that ends in *'))
      .describe('Names that never go upstream.')
      .optional(),
    extends: notYet('extends', 'Other profiles, the upper layers first.').optional(),
    until: notYet('until', 'When mode observe ends.').optional(),
    locked: notYet('locked', 'Requirements that lower layers may only tighten.').optional(),
    waivers: notYet('waivers', 'Lift one requirement for one version and digest.').optional(),
    upstreams: notYet('upstreams', 'Private upstreams of names.').optional(),
  });
  return schema as unknown as z.ZodType<PolicyInput>;
}

/** The policy language as JSON Schema (draft 7), for editors and checks outside of this program. */
export function policyJsonSchema(ecosystems: readonly string[] = ECOSYSTEMS): Record<string, unknown> {
  const schema = z.toJSONSchema(policySchema(ecosystems), { target: 'draft-7', io: 'input' });
  return { title: 'sallyport policy', ...schema };
}
