import { describe, expect, test } from 'vitest';
import { sriOf } from '../../src/model/digest.ts';
import { planOf } from '../../src/policy/language/plan.ts';
import { policyJsonSchema } from '../../src/policy/language/schema.ts';
import { parsePolicy } from '../../src/policy/load.ts';
import { PolicyError, type PolicyProblem, type PolicySource } from '../../src/policy/policy.ts';
import { A256, A512 } from './questions.ts';
import { SCHEMES } from './schemes.ts';

/** A policy that says every key of the language. */
const WHOLE = {
  profile: 'default',
  extends: ['base'],
  mode: 'observe',
  until: '2027-01-31',
  locked: ['age'],
  requirements: Object.fromEntries(
    ['npm', 'pypi'].map((id) => [
      id,
      {
        age: '7d',
        'install-scripts': 'deny',
        sdist: 'deny',
        'startup-hooks': 'deny',
        'foreign-places': 'deny',
        'direct-urls': 'deny',
        'registry-signature': 'if-present',
        provenance: {
          repository: 'github.com/acme/tool',
          workflow: 'release.yml',
          issuer: 'https://issuer.example',
          ref: 'refs/tags/v*',
          environment: 'production',
          'owner-id': '77',
          subject: 'release@acme.example',
          triggers: ['push'],
          runner: 'any',
          predicate: 'slsa',
        },
        malware: 'required',
        vulnerability: 'high',
        licence: { allow: ['MIT'], otherwise: 'warn' },
        floor: 'line',
        changes: 'warn',
      },
    ]),
  ),
  allow: [
    { npm: 'a', versions: '1', requirements: { age: '1d' } },
    { pypi: 'a', versions: '>=1' },
    { npm: '*', wide: true },
  ],
  deny: [{ npm: 'b', versions: '1', reason: 'r' }, { pypi: 'b' }],
  pins: [
    { npm: 'a@1.0.0', integrity: sriOf(A512) },
    { pypi: 'a==1.0', hashes: [A256] },
  ],
  waivers: [
    {
      npm: 'a@1.0.0',
      integrity: sriOf(A512),
      lifts: 'sdist',
      reason: 'r',
      approver: 'ana',
      expires: '2027-01-31',
    },
    {
      pypi: 'a==1.0',
      hashes: [A256],
      lifts: 'sdist',
      reason: 'r',
      approver: 'ana',
      expires: '2027-01-31T10:00Z',
    },
  ],
  internal: ['@acme/*'],
  upstreams: [
    { npm: '@own/*', upstream: 'acme' },
    { pypi: 'own-*', upstream: 'acme' },
  ],
};
const BASE: PolicySource = { path: 'base.yaml', text: 'profile: base\n' };

interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly minItems?: number;
  readonly $ref?: string;
  readonly definitions?: Readonly<Record<string, Schema>>;
}
const root = policyJsonSchema() as Schema;
const resolved = (schema: Schema): Schema =>
  schema.$ref === undefined
    ? schema
    : resolved(root.definitions?.[schema.$ref.split('/').at(-1) ?? ''] ?? {});

type Path = readonly (string | number)[];
interface Violation {
  readonly path: Path;
  /** What stands there; undefined: nothing. */
  readonly value: unknown;
}

const TYPES: Readonly<Record<string, unknown>> = {
  null: null,
  boolean: true,
  number: 7,
  string: 'xyzzy plugh',
  array: [['x']],
  object: { xyzzy: { plugh: 1 } },
};

/** Every way in which the value at a path of WHOLE can violate its part of the schema. */
function* violations(schema: Schema, value: unknown, path: Path, seen: Set<string>): Generator<Violation> {
  const node = resolved(schema);
  const forms = (node.anyOf ?? [node]).map(resolved).filter((form) => form.type ?? form.enum ?? form.const);
  const has = (type: string): boolean => forms.some((form) => form.type === type);
  for (const [type, wrong] of Object.entries(TYPES)) {
    const words = forms.filter((form) => form.type === 'string');
    const isFree = words.some((form) => form.enum === undefined && form.const === undefined);
    if (type === 'string' ? !isFree : !has(type)) yield { path, value: wrong };
  }
  for (const form of forms) {
    const [word] = form.enum ?? [];
    if (word !== undefined) yield { path, value: `${word.slice(0, 1)}x${word.slice(1)}y` };
    if (form.type === 'string')
      for (const wrong of ['', 'x'.repeat(600), 'x '.repeat(25_000)]) yield { path, value: wrong };
    if (form.type === 'array' && Array.isArray(value)) {
      if ((form.minItems ?? 0) > 0) yield { path, value: [] };
      for (const [i, item] of value.entries()) yield* violations(form.items ?? {}, item, [...path, i], seen);
    }
    if (form.properties && typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const key of form.required ?? []) yield { path: [...path, key], value: undefined };
      yield { path: [...path, 'xyzzyplugh'], value: 1 };
      for (const [key, inner] of Object.entries(form.properties)) {
        if (!Object.hasOwn(value, key)) continue;
        seen.add(`${path.filter((part) => typeof part === 'string').join('.')}.${key}`);
        yield { path: [...path, `${key}x`], value: 1 };
        yield* violations(inner, (value as Record<string, unknown>)[key], [...path, key], seen);
      }
    }
  }
}

/** Every key of the schema, as `violations` writes them. */
function* keysOf(schema: Schema, path: string): Generator<string> {
  const node = resolved(schema);
  for (const form of node.anyOf ?? [node]) {
    const { properties, items } = resolved(form);
    if (items) yield* keysOf(items, path);
    for (const [key, inner] of Object.entries(properties ?? {})) {
      yield `${path}.${key}`;
      yield* keysOf(inner, path === '' ? key : `${path}.${key}`);
    }
  }
}

/** WHOLE with a value changed, taken out or put in, as the first key of its map. */
function withValue(data: unknown, [first, ...rest]: Path, value: unknown): unknown {
  if (first === undefined) return value;
  if (Array.isArray(data)) return data.map((item, i) => (i === first ? withValue(item, rest, value) : item));
  const map = data as Record<string, unknown>;
  if (rest.length > 0) return { ...map, [first]: withValue(map[first], rest, value) };
  if (Object.hasOwn(map, first)) return { ...map, [first]: value };
  return { [first]: value, ...map };
}

/** Problems, and that they came in less than a second of our own work. */
function problemsOf(text: string): readonly PolicyProblem[] {
  const before = process.cpuUsage();
  try {
    planOf([{ path: 'p.yaml', text }, BASE], SCHEMES);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(1000);
    expect(error.problems.length).toBeLessThanOrEqual(1000);
    const lines = text.split('\n');
    for (const { path, line, column, message } of error.problems) {
      expect(path).toBe('p.yaml');
      expect(line).toBeGreaterThanOrEqual(1);
      expect(line).toBeLessThanOrEqual(lines.length);
      expect(column).toBeGreaterThanOrEqual(1);
      expect(message.length).toBeLessThan(1500);
      expect(message).not.toMatch(/\n/);
      // Our own words, not a library's for who wrote the schema.
      expect(message).not.toMatch(/Invalid|expected (?:string|object|array)|undefined|\[object/);
    }
    return error.problems;
  }
  return [];
}

const jsonOf = (data: unknown): string => `${JSON.stringify(data, null, 1)}\n`;
const good = jsonOf(WHOLE);
const seen = new Set<string>();
const all = [...violations(root, WHOLE, [], seen)].filter(({ path }) => path.length > 0);

describe('each line of the schema violated', () => {
  test('begins with a policy that is good, and says every key there is', () => {
    expect(parsePolicy([{ path: 'p.yaml', text: good }, BASE], SCHEMES).profiles.size).toBe(2);
    const keys = [...new Set(keysOf(root, ''))].filter((key) => !key.startsWith('allow.requirements.'));
    expect(keys.filter((key) => !seen.has(key))).toEqual([]);
    expect(all.length).toBeGreaterThan(500);
  });

  test('is told at its line, in words that say what is meant', () => {
    for (const { path, value } of all) {
      const text = jsonOf(withValue(WHOLE, path, value));
      const found = problemsOf(text);
      const what = `${path.join('.')}: ${JSON.stringify(value)?.slice(0, 60)}`;
      expect(found.length, what).toBeGreaterThan(0);
      const [then, now] = [good.split('\n'), text.split('\n')];
      const changed = now.findIndex((line, i) => line !== then[i]) + 1;
      const lines = found.map(({ line }) => line);
      // What is missing is told where the map around it begins.
      if (value === undefined) expect(Math.min(...lines), what).toBeLessThanOrEqual(changed);
      else expect(lines, what).toContain(changed);
    }
  }, 120_000);

  test.each([
    ['a key', ['deny', 0, 'resaon'], 1, 'unknown key "resaon"; did you mean "reason"?'],
    [
      'a requirement',
      ['requirements', 'npm', 'licens'],
      'off',
      'unknown key "licens"; did you mean "licence"?',
    ],
    ['a word', ['mode'], 'observ', 'mode must be observe or enforce or frozen; did you mean "observe"?'],
    [
      'a lock',
      ['locked', 0],
      'modes',
      /^locked\.0 must be age or .* or mode or allow; did you mean "mode"\?$/,
    ],
    [
      'a severity',
      ['requirements', 'npm', 'vulnerability'],
      'medium',
      /^requirements\.npm\.vulnerability must be off or warn or critical or high or moderate or low/,
    ],
    ['a level', ['requirements', 'npm', 'malware'], 'dney', /did you mean "deny"/],
    ['a floor', ['requirements', 'npm', 'floor'], 'lines', /did you mean "line"/],
    [
      'a licence',
      ['requirements', 'npm', 'licence', 'allow', 0],
      'Apache2.0',
      'requirements.npm.licence.allow.0 "Apache2.0" is not an SPDX licence id; did you mean "Apache-2.0"?',
    ],
    [
      'licences',
      ['requirements', 'npm', 'licence', 'allow', 0],
      'MIT OR ISC',
      'requirements.npm.licence.allow.0 must be one licence: write each of an expression as an entry of its own',
    ],
    ['what is lifted', ['waivers', 0, 'lifts'], 'install-script', /did you mean "install-scripts"/],
    [
      'an end',
      ['waivers', 0, 'expires'],
      '2027-02-30',
      /^waivers\.0\.expires must be a date such as 2027-01-31, or a time with its zone/,
    ],
    [
      'an approver',
      ['waivers', 0, 'approver'],
      undefined,
      'waivers.0.approver is missing: it must be who approves it',
    ],
    [
      'an upstream',
      ['upstreams', 0, 'upstream'],
      'https://x.example',
      'upstreams.0.upstream must be the id of an upstream in the configuration',
    ],
  ])('%s that is misspelt or missing', (_, path, value, message) => {
    const found = problemsOf(jsonOf(withValue(WHOLE, path, value))).map((problem) => problem.message);
    expect(found).toHaveLength(1);
    if (typeof message === 'string') expect(found).toEqual([message]);
    else expect(found[0]).toMatch(message);
  });
});

const P = 'profile: default\n';
const many = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('');

describe('what is made to hurt', () => {
  test.each([
    ['lists in lists', '['.repeat(5_000_000), 'is nested too deeply'],
    ['maps in maps', `a: ${'{a: '.repeat(1_000_000)}`, 'is nested too deeply'],
    ['dashes', P + '- '.repeat(100_000), 'is nested too deeply'],
    ['question marks', '? '.repeat(100_000), 'is nested too deeply'],
    ['deep indentation', many(3000, (i) => `${' '.repeat(i)}a:\n`), 'is nested too deeply'],
    [
      'a bomb of aliases',
      P + many(1000, (i) => `a${i}: &b${i} [*b${i - 1}, *b${i - 1}]\n`),
      'anchors are not allowed: write the value out',
    ],
    [
      'an alias',
      `${P}allow: *a\n`,
      'aliases are not allowed: write the value out; a name that begins so stands in quotes',
    ],
    ['an anchor', `${P}mode: &a frozen\n`, 'anchors are not allowed: write the value out'],
    ['a merge key', `${P}requirements: { npm: { <<: { age: 7d } } }\n`, /^unknown key "<<"/],
    ['a tag', `${P}mode: !!str frozen\n`, 'tags are not allowed: write the value alone'],
    ['many tags', `${P}allow: ${'!a '.repeat(100_000)}x\n`, 'tags are not allowed: write the value alone'],
    ['a directive', `%YAML 1.1\n---\n${P}`, 'directives are not allowed'],
    ['many directives', `${'%YAML 1.1\n'.repeat(100_000)}---\n${P}`, 'directives are not allowed'],
    ['two documents', `${P}---\n${P}`, 'a policy file holds one document; remove the ---'],
    ['many documents', `${P}---\n`.repeat(10_000), 'a policy file holds one document; remove the ---'],
    ['a tab', `${P}allow:\n\t- npm: a\n`, 'tabs are not allowed as indentation'],
    ['many tabs', P + '\t\n'.repeat(50_000), 'tabs are not allowed as indentation'],
    ['a key twice', `${P}mode: frozen\nmode: enforce\n`, 'the key "mode" stands twice in this map'],
    ['a key many times', P + 'mode: frozen\n'.repeat(30_000), 'the key "mode" stands twice in this map'],
    ['many keys', P + many(30_000, (i) => `k${i}: 1\n`), /^unknown key "k0"; known here: profile, /],
    ['a key of many letters', `${P}${'a'.repeat(50_000)}: 1\n`, /must be at most 1024 chars/],
    ['five megabytes in quotes', `${P}allow: "${'x'.repeat(5e6)}"\n`, 'allow must be a list'],
    ['five plain megabytes', `${P}allow: ${'x'.repeat(5e6)}\n`, 'allow must be a list'],
    [
      'five megabytes of lines',
      `${P}allow: |\n${`  ${'x'.repeat(98)}\n`.repeat(50_000)}`,
      'allow must be a list',
    ],
    ['nine megabytes', `${P}#${' '.repeat(9_000_000)}`, 'the file is larger than 8388608 bytes'],
    ['backslashes', `${P}allow: "${'\\'.repeat(1_000_000)}"`, 'allow must be a list'],
    ['brackets', `${P}allow: ${'[]'.repeat(1_000_000)}`, 'a comma or the end of the line is missing here'],
    [
      'brackets over lines',
      `${P}allow: [${'[]\n '.repeat(500_000)}]`,
      'a comma or the end of the line is missing here',
    ],
    ['commas', `${P}allow: [${','.repeat(1_000_000)}]`, 'nothing stands before this comma'],
    ['colons', `${P}allow: ${'a:'.repeat(1_000_000)}`, /./],
    [
      'a range of 50,000 letters',
      `${P}allow:\n  - { npm: a, versions: "${'>=1 '.repeat(12_500)}" }\n`,
      'allow.0.versions must be a version range, at most 512 characters',
    ],
    [
      'a name of 50,000 letters',
      `${P}allow:\n  - npm: ${'a'.repeat(50_000)}\n`,
      'allow.0.npm must be a name, or a prefix that ends in *, at most 512 characters',
    ],
    [
      'an address of slashes',
      `${P}requirements: { npm: { provenance: { repository: "${'/'.repeat(50_000)}x" } } }`,
      /at most 512 characters$/,
    ],
    ['bad rules', `${P}allow:\n${'  - nmp: x\n'.repeat(10_000)}`, 'unknown key "nmp"; did you mean "npm"?'],
    ['bad names', `${P}allow:\n${'  - npm: x y\n'.repeat(10_000)}`, '"x y": not a valid npm name'],
    ['NUL', `${P}mode: froz\u0000en\n`, 'the character U+0000 is not allowed'],
    ['binary', '\u007fELF\u0002\u0001'.repeat(100_000), 'the character U+007F is not allowed'],
    [
      'bytes that were no UTF-8',
      Buffer.from(`${P}allow: [{ npm: \xff\xfe }]`, 'latin1').toString('utf8'),
      'the character U+FFFD is not allowed',
    ],
    ['half a pair', `${P}deny: [{ npm: a, reason: "\ud800" }]\n`, 'the character U+D800 is not allowed'],
    [
      'text that is shown in another order',
      `${P}deny: [{ npm: a, reason: "\u202egnp.exe" }]\n`,
      'the character U+202E is not allowed',
    ],
  ])('%s', (_, text, message) => {
    const [first] = problemsOf(text);
    if (typeof message === 'string') expect(first?.message).toBe(message);
    else expect(first?.message).toMatch(message);
  });

  test('a thousand problems are told of many thousands', () => {
    const found = problemsOf(`${P}allow:\n${'  - nmp: x\n'.repeat(5_000)}`);
    expect(found).toHaveLength(1000);
    expect(found.at(-1)?.message).toMatch(/ \(and there are more problems\)$/);
    expect(found[0]).toMatchObject({ line: 3, column: 5 });
  });

  test('thousands of pinned versions of one name are no walk over all of them for each', () => {
    const before = process.cpuUsage();
    const pins = many(5_000, (i) => `  - { pypi: a==1.${i + 1}, hashes: ["${A256}"] }\n`);
    planOf([{ path: 'p.yaml', text: `${P}pins:\n${pins}` }], SCHEMES);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(4000);
  });
});
