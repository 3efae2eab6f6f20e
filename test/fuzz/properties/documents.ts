import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ECOSYSTEMS } from '../../../src/ecosystems/all.ts';
import { IndexUnreadable } from '../../../src/ecosystems/ecosystem.ts';
import { entryBytes } from '../../../src/ledger/canonical.ts';
import { type EntryDraft, LedgerError } from '../../../src/ledger/ledger.ts';
import { decide } from '../../../src/policy/decide.ts';
import { parsePolicy } from '../../../src/policy/load.ts';
import { PolicyError } from '../../../src/policy/policy.ts';
import { NpmPackages } from '../../harness/npm-registry.ts';
import { PypiProjects } from '../../harness/pypi-registry.ts';
import { SCHEMES } from '../../policy/schemes.ts';
import { type Property, property } from '../property.ts';

// Documents that are nearly right: an index in which any value is another, a policy in which any line is, an entry.

const npm = new NpmPackages('http://127.0.0.1:1/npm-up/');
npm.add('demo', { '1.0.0': {}, '1.1.0': { manifest: { dependencies: { a: '^1.0.0' } } }, '2.0.0-rc.1': {} });
const pypi = new PypiProjects('http://127.0.0.1:1', 'http://127.0.0.1:2');
pypi.add('demo', [
  { filename: 'demo-1.0.0-py3-none-any.whl', coreMetadata: 'right' },
  { filename: 'demo-1.0.0.tar.gz' },
]);
const INDEXES = { npm: npm.packument('demo'), pypi: pypi.json('demo') };

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 1 }),
  fc.constantFrom(
    '__proto__',
    '../x',
    '1.0.0',
    '1.1.0',
    'http://127.0.0.1:3/x.tgz',
    '',
    'demo-9.9.9.tar.gz',
    -1,
    1e300,
  ),
);

interface Changed {
  readonly ecosystem: 'npm' | 'pypi';
  readonly text: string;
}

const changed = fc
  .tuple(
    fc.constantFrom('npm', 'pypi'),
    fc.array(fc.tuple(fc.nat(), odd, fc.boolean()), { minLength: 1, maxLength: 3 }),
  )
  .map(([ecosystem, changes]): Changed => {
    const copy: unknown = structuredClone(INDEXES[ecosystem]);
    for (const [pick, value, rename] of changes) {
      const places = placesIn(copy);
      const place = places[pick % Math.max(1, places.length)];
      if (place) place(value, rename);
    }
    return { ecosystem, text: JSON.stringify(copy) };
  });

const indexes = property('indexes', 500, changed, ({ ecosystem: id, text }) => {
  const ecosystem = ECOSYSTEMS.find((one) => one.id === id);
  assert.ok(ecosystem);
  const name = ecosystem.versions.canonicalName('demo');
  assert.ok(name);
  let listing: ReturnType<typeof ecosystem.readIndex>;
  try {
    listing = ecosystem.readIndex(name, Buffer.from(text));
  } catch (error) {
    assert.ok(error instanceof IndexUnreadable, `${error}`);
    return;
  }
  for (const [filename, file] of listing.files) {
    assert.equal(file.filename, filename);
    const named = ecosystem.parseFilename(name, filename);
    assert.ok(named && named.version === file.version && named.kind === file.kind, filename);
    for (const digest of file.digests) assert.match(digest, /^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/);
    for (const value of [file.size, file.claimedAt])
      assert.ok(value === null || Number.isSafeInteger(value), `${value}`);
  }
  // A file without a decision is refused: nothing of it is to be had by what is written.
  for (const representation of id === 'npm'
    ? ['full', 'abbreviated', 'version:1.0.0', 'tags']
    : ['html', 'json']) {
    const page = ecosystem.writeIndex(listing, {
      representation,
      base: 'http://127.0.0.1:4/base/',
      files: new Map(),
      message: (version, code) => `${version} ${code}`,
    });
    const written = Buffer.from(page.body).toString();
    for (const [filename] of listing.files) {
      const links = written.split(filename).slice(0, -1);
      for (const before of links)
        assert.doesNotMatch(before, /127\.0\.0\.1:[123][^"]*$/, 'an address of the upstream');
    }
    assert.doesNotMatch(written, /127\.0\.0\.1:3/, 'an address that the index was given');
  }
});

const POLICY = `profile: default
mode: enforce
locked: [age]
requirements:
  npm: { age: 7d, install-scripts: deny }
allow:
  - { npm: demo, versions: ">=1.0 <2" }
  - { npm: "@s/*" }
  - { pypi: demo }
deny:
  - { npm: "evil", reason: malicious }
internal: ["@acme/*"]
`;

const line = fc.oneof(
  fc.constantFrom(...POLICY.split('\n')),
  fc.constantFrom(
    '  - { npm: "*" }',
    '  - npm: evil',
    'mode: observe',
    'allow: all',
    '  - *a',
    'locked: []',
    '<<: x',
    '---',
    '\t- x',
  ),
  fc.string({ maxLength: 20 }),
);

const policies = property(
  'policies',
  250,
  fc
    .tuple(fc.array(fc.tuple(fc.nat(), line, fc.constantFrom(0, 1, 2)), { minLength: 1, maxLength: 4 }))
    .map(([changes]) => {
      const lines = POLICY.split('\n');
      for (const [at, text, drop] of changes) lines.splice(at % lines.length, drop, text);
      return lines.join('\n');
    }),
  (text) => {
    try {
      const policy = parsePolicy([{ path: 'default.yaml', text }], SCHEMES);
      const ask = (name: string) => {
        const id = ECOSYSTEMS[0]?.versions.canonicalName(name);
        assert.ok(id);
        return decide(policy, 'default', { stage: 'name', ecosystem: 'npm', name: id, now: 0 }).verdict;
      };
      // What no rule names is refused, and what the file denies by a line that stands as it was.
      if (!text.includes('*'))
        assert.equal(ask('somebody-elses'), /mode:\s*observe/.test(text) ? ask('somebody-elses') : 'refuse');
      const data = text.split('\n');
      const deny = data.indexOf('deny:');
      if (deny >= 0 && data[deny + 1] === '  - { npm: "evil", reason: malicious }') {
        const versions = decide(policy, 'default', {
          stage: 'name',
          ecosystem: 'npm',
          name: 'evil' as never,
          now: 0,
        });
        assert.equal(versions.verdict, 'refuse');
      }
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      assert.ok(error.problems.length > 0);
    }
  },
);

const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.integer(),
    fc.constantFrom(null, true, 1.5, -0, 2 ** 53, '\ud800'),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(
      fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('__proto__', 'v', 'toJSON')),
      tie('any'),
      { maxKeys: 3 },
    ),
  ),
})).any;

const entries = property(
  'entries',
  600,
  fc.record({
    type: fc.constantFrom('decision', 'served', 'nothing'),
    time: fc.oneof(fc.nat(), fc.constantFrom(-1, 1.5)),
    id: fc.oneof(fc.string({ maxLength: 5 }), fc.constant('x')),
    reason: value,
    more: value,
  }),
  (draft) => {
    let bytes: string;
    try {
      bytes = entryBytes(draft as unknown as EntryDraft);
    } catch (error) {
      assert.ok(error instanceof LedgerError && ['malformed', 'too-large'].includes(error.code), `${error}`);
      return;
    }
    const { v, ...back } = JSON.parse(bytes) as Record<string, unknown>;
    assert.equal(v, 1);
    assert.equal(entryBytes(back as unknown as EntryDraft), bytes, 'read and written again, it is the same');
    assert.deepEqual(
      JSON.parse(JSON.stringify(back)),
      JSON.parse(JSON.stringify(draft)),
      'it says what it was given',
    );
  },
);

/** For every member and element in JSON, what puts another value there, or gives it another name. */
function placesIn(of: unknown): ((other: unknown, rename: boolean) => void)[] {
  if (typeof of !== 'object' || of === null) return [];
  return Object.entries(of).flatMap(([key, child]) => [
    (other: unknown, rename: boolean) => {
      const target = of as Record<string, unknown>;
      const put = (name: string, what: unknown) =>
        Object.defineProperty(target, name, {
          value: what,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      if (!rename || Array.isArray(of) || typeof other !== 'string') return put(key, other);
      delete target[key];
      return put(other, child);
    },
    ...placesIn(child),
  ]);
}

export const DOCUMENTS: readonly Property[] = [indexes, policies, entries];
