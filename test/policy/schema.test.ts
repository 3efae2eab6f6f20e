import { expect, test } from 'vitest';
import { policyJsonSchema } from '../../src/policy/language/schema.ts';

interface Schema {
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
  readonly $ref?: string;
  readonly definitions?: Record<string, Schema>;
  readonly additionalProperties?: unknown;
  readonly oneOf?: unknown;
  readonly [key: string]: unknown;
}

const root = policyJsonSchema() as Schema;
const resolve = (schema: Schema | undefined): Schema =>
  schema?.$ref ? resolve(root.definitions?.[schema.$ref.split('/').at(-1) ?? '']) : (schema ?? {});

test('the JSON Schema has every key of the language, and no others', () => {
  expect(root['$schema']).toBe('http://json-schema.org/draft-07/schema#');
  expect(root.additionalProperties).toBe(false);
  expect(root['required']).toEqual(['profile']);
  expect(Object.keys(root.properties ?? {}).sort()).toEqual(
    'allow deny extends internal locked mode pins profile requirements until upstreams waivers'.split(' '),
  );
  const allow = resolve(resolve(root.properties?.['allow']).items);
  expect(Object.keys(allow.properties ?? {}).sort()).toEqual([
    'npm',
    'pypi',
    'requirements',
    'versions',
    'wide',
  ]);
  expect(allow.oneOf).toEqual([{ required: ['npm'] }, { required: ['pypi'] }]);
  expect(allow.additionalProperties).toBe(false);
  const requirements = resolve(allow.properties?.['requirements']);
  expect(Object.keys(requirements.properties ?? {}).sort()).toEqual(
    'age changes direct-urls floor foreign-places install-scripts licence malware provenance registry-signature sdist startup-hooks vulnerability'.split(
      ' ',
    ),
  );
  const levels = ['off', 'if-present', 'no-downgrade', 'required'];
  expect(resolve(requirements.properties?.['registry-signature'])).toMatchObject({ enum: levels });
  const [words, identity] = resolve(requirements.properties?.['provenance'])['anyOf'] as [Schema, Schema];
  expect(words).toMatchObject({ enum: levels });
  expect(resolve(identity)).toMatchObject({
    additionalProperties: false,
    anyOf: [{ required: ['repository'] }, { required: ['subject', 'issuer'] }],
  });
  expect(Object.keys(resolve(identity).properties ?? {}).sort()).toEqual(
    'environment issuer owner-id predicate ref repository runner subject triggers workflow'.split(' '),
  );
  // An editor shows what a key means while it is written.
  for (const key of Object.values(resolve(identity).properties ?? {}))
    expect(key['description']).toMatch(/\.$/);
  expect(resolve(requirements.properties?.['sdist'])).toMatchObject({ enum: ['allow', 'deny'] });
});

test('an ecosystem more is a key more', () => {
  const schema = policyJsonSchema(['npm', 'pypi', 'cargo']) as Schema;
  expect(JSON.stringify(schema)).toContain('"cargo"');
});

test('the published schema is the one that this version checks with', async () => {
  const published = `${JSON.stringify(policyJsonSchema(), null, 2)}\n`;
  await expect(published).toMatchFileSnapshot('../../allowlists/policy.schema.json');
});
