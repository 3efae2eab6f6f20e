import { describe, expect, test } from 'vitest';
import { askedBy } from '../../src/cli/ledger-filter.ts';
import { type Actions, program } from '../../src/cli/program.ts';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { ENTRY_WORDS } from '../../src/ledger/asked/words.ts';
import { selectionOf } from '../../src/ledger/filter.ts';

const schemes = ECOSYSTEMS.map(({ versions }) => versions);

describe('what cannot be read is said, and nothing is listed', () => {
  test.each([
    [{ since: '1' }, '--since'],
    [{ since: 'yesterday' }, '--since'],
    [{ until: '' }, '--until'],
    [{ until: '2026-02-30' }, '--until'],
    [{ until: '2026-01-31T25:00:00Z' }, '--until'],
    // In whose zone?
    [{ since: '2026-01-31T08:00:00' }, '--since'],
    [{ since: '2026-01-31 08:00' }, '--since'],
    [{ verdict: 'allowed' }, '--verdict'],
    [{ verdict: '' }, '--verdict'],
    [{ package: 'widget@latest' }, '--package'],
    [{ package: 'widget@' }, '--package'],
    [{ package: 'a b@1.0.0' }, '--package'],
    [{ package: '@acme/x@^1.0.0' }, '--package'],
    [{ type: 'decisions' }, '--type'],
    [{ type: '__proto__' }, '--type'],
    [{ limit: '0' }, '--limit'],
    [{ limit: '-1' }, '--limit'],
    [{ limit: '1e3' }, '--limit'],
    [{ limit: '1000000000' }, '--limit'],
    [{ agent: '' }, '--agent'],
    [{ agent: 'a b' }, '--agent'],
    [{ agent: "x' OR 1=1 --" }, '--agent'],
    [{ profile: '' }, '--profile'],
    [{ profile: 'a\nb' }, '--profile'],
    [{ package: '' }, '--package'],
    [{ package: 'a b' }, '--package'],
    [{ package: 'x'.repeat(513) }, '--package'],
    [{ package: 'pkg:' }, '--package'],
    [{ package: 'pkg:cargo/serde' }, '--package'],
    [{ package: 'pkg:npm/widget@latest' }, '--package'],
    [{ package: 'pkg:npm/widget?arch=x' }, '--package'],
    [{ package: 'pkg:npm/widget#lib' }, '--package'],
    [{ package: 'pkg:npm/%00' }, '--package'],
    [{ versions: '>=1' }, '--versions'],
    [{ versions: '>=1', package: 'widget@1.0.0' }, '--versions'],
    [{ versions: '>=1', package: 'pkg:npm/widget@1.0.0' }, '--versions'],
    [{ versions: 'newest', package: 'widget' }, '--versions'],
    [{ versions: '', package: 'widget' }, '--versions'],
    // npm's words, of a package of PyPI.
    [{ versions: '^1.0.0', package: 'pkg:pypi/widget' }, '--versions'],
    [{ digest: 'sha1:abc' }, '--digest'],
    [{ digest: 'a'.repeat(64) }, '--digest'],
    [{ digest: `sha256:${'a'.repeat(63)}` }, '--digest'],
    [{ digest: `sha512-${'a'.repeat(86)}` }, '--digest'],
    [{ route: 'ARTIFACT' }, '--route'],
    [{ code: 'TOO YOUNG' }, '--code'],
    [{ code: '%' }, '--code'],
    [{ rule: '' }, '--rule'],
    [{ rule: 'x'.repeat(1025) }, '--rule'],
    [{ policy: 'latest' }, '--policy'],
    [{ waiver: '' }, '--waiver'],
    [{ waiver: 'INSTALL_SCRIPT' }, '--waiver'],
    [{ waiver: 'npm.yaml' }, '--waiver'],
    [{ provenance: 'yes' }, '--provenance'],
    [{ since: '2026-01-02', until: '2026-01-01' }, '--until'],
    [{ since: '2026-01-01', until: '2026-01-01' }, '--until'],
    // The fourth digit would be left out, and with it entries.
    [{ until: '2026-01-01T00:00:00.0005Z' }, '--until'],
  ])('%j', (options, flag) => {
    expect(askedBy(options, schemes)).toMatch(new RegExp(`^${flag} `));
  });
});

const PLACE = 'npm.yaml:12';
const DIGEST = `sha256:${'ab'.repeat(32)}`;

test('each flag is a part of the question', () => {
  expect(askedBy({}, schemes)).toEqual({ filter: {}, notes: [] });
  expect(
    askedBy(
      {
        agent: 'ana',
        profile: 'ci',
        package: 'pkg:npm/express@5.0.0',
        digest: DIGEST,
        verdict: 'refuse',
        type: 'decision',
        route: 'artifact',
        code: 'TOO_YOUNG',
        rule: PLACE,
        policy: DIGEST,
        waiver: '*',
        provenance: 'absent',
        since: '2026-01-31',
        until: '2026-01-31T08:00:00.500+02:00',
        limit: '5',
        reverse: true,
        json: true,
      },
      schemes,
    ),
  ).toEqual({
    filter: {
      agent: 'ana',
      profile: 'ci',
      package: 'pkg:npm/express@5.0.0',
      digest: DIGEST,
      verdict: 'refuse',
      type: 'decision',
      route: 'artifact',
      code: 'TOO_YOUNG',
      rule: PLACE,
      policy: DIGEST,
      waiver: '*',
      provenance: 'absent',
      since: Date.UTC(2026, 0, 31),
      until: Date.UTC(2026, 0, 31, 6, 0, 0, 500),
      limit: 5,
      reverse: true,
    },
    notes: [],
  });
});

test('every option that says which entries is read', () => {
  const command = program({} as Actions, '0.0.0', () => {}).commands.find((one) => one.name() === 'ledger');
  const list = command?.commands.find((one) => one.name() === 'list');
  const said = list?.options.map((option) => option.name()).sort();
  expect(said).toEqual([...Object.keys(ENTRY_WORDS), 'config', 'json', 'limit', 'reverse'].sort());
});

test.each([
  [`sha512-${Buffer.alloc(64, 1).toString('base64')}`, `sha512:${'01'.repeat(64)}`],
  [`sha256:${'AB'.repeat(32)}`, DIGEST],
])('--digest %s', (digest, written) => {
  expect(askedBy({ digest }, schemes)).toMatchObject({ filter: { digest: written } });
});

test.each([
  ['Zope.Interface', ['in pypi Zope.Interface is written zope-interface']],
  ['pkg:npm/JSONStream', []],
  ['requests', []],
  ['requests@2.32.0', []],
  ['@types/node@22.0.0', []],
  ['Zope.Interface==5', []],
  ['Widget@1.1.0', ['in pypi Widget@1.1.0 is written widget@1.1.0']],
  ['pkg:npm/%40types/node@22.0.0', []],
  ['@types/node', []],
])('another spelling of %s is told', (asked, notes) => {
  expect(askedBy({ package: asked }, schemes)).toMatchObject({ notes });
});

test.each([
  ['widget', { name: 'widget' }],
  ['@types/node', { name: '@types/node' }],
  ['widget@1.1.0', { name: 'widget', version: '1.1.0' }],
  ['@types/node@22.0.0', { name: '@types/node', version: '22.0.0' }],
  ['Zope.Interface==5.0RC1', { name: 'zope-interface', version: '5.0rc1' }],
  ['widget == 1.1.0', { name: 'widget', version: '1.1.0' }],
  ['JSONStream@1.3.5', { name: 'JSONStream', version: '1.3.5' }],
  ['pkg:npm/widget@1.1.0', { ecosystem: 'npm', name: 'widget', version: '1.1.0' }],
  ['pkg:npm/%40types/node@22.0.0', { ecosystem: 'npm', name: '@types/node', version: '22.0.0' }],
  ['pkg:pypi/Zope.Interface@5.0RC1', { ecosystem: 'pypi', name: 'zope-interface', version: '5.0rc1' }],
])('--package %s asks for what the ledger has', (asked, selection) => {
  const question = askedBy({ package: asked }, schemes);
  if (typeof question === 'string') throw new Error(question);
  expect(selectionOf(question.filter)).toMatchObject(selection);
});
