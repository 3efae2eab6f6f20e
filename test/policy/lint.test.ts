import { expect, test } from 'vitest';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import type { PackageName } from '../../src/model/artifact.ts';
import { sriOf } from '../../src/model/digest.ts';
import type { VersionScheme } from '../../src/model/versions.ts';
import { lint, unloadable } from '../../src/policy/lint/lint.ts';
import { type Known, type KnownPackage, NOTHING_KNOWN } from '../../src/policy/lint/lint-known.ts';
import { parsePolicy } from '../../src/policy/load.ts';
import { PolicyError } from '../../src/policy/policy.ts';
import { A512, B512, DAY, NOW } from './questions.ts';
import { SCHEMES } from './schemes.ts';

const CASES = [
  { path: 'cases/a.yaml', text: 'profile: default\ncases:\n  - { npm: x, expect: allow, why: y }\n' },
];

/** `level code place: message` of each finding; of other codes than those that were asked for none is told. */
function found(files: Record<string, string> | string, known: Partial<Known> = {}, now = NOW): string[] {
  return foundBy(SCHEMES, files, known, now);
}

const REAL = ECOSYSTEMS.map((one) => one.versions);

function foundBy(
  schemes: readonly VersionScheme[],
  files: Record<string, string> | string,
  known: Partial<Known> = {},
  now = NOW,
): string[] {
  const named = typeof files === 'string' ? { 'p.yaml': `profile: default\n${files}` } : files;
  const sources = Object.entries(named).map(([path, text]) => ({ path, text }));
  const policy = parsePolicy(sources, schemes);
  return lint({ policy, schemes, cases: CASES, known: { ...NOTHING_KNOWN, ...known }, now }).map(
    ({ level, code, place, message }) => `${level} ${code} ${place}: ${message}`,
  );
}

const name = (text: string) => text as PackageName;

function knowing(packages: Record<string, Partial<KnownPackage>>): Partial<Known> {
  return {
    names: new Map([['npm', Object.keys(packages).map(name)]]),
    package: (_, wanted) => {
      const one = packages[wanted];
      return one ? { versions: ['1.0.0'], digests: () => [[A512]], dependencies: () => null, ...one } : null;
    },
  };
}

const day = (days: number) => new Date(NOW + days * DAY).toISOString().slice(0, 10);
const waiver = (days: number, subject = 'esbuild@0.25.0') =>
  `waivers:\n  - { npm: ${subject}, integrity: "${sriOf(A512)}", lifts: install-scripts, reason: r, approver: ana, expires: ${day(days)} }\n`;

test('a plain policy has no findings', () => {
  expect(found('allow:\n  - npm: express\n  - { npm: "@types/*" }\n')).toEqual([]);
});

test('waivers: ended, about to, and of what nothing admits', () => {
  const rule = 'allow:\n  - npm: esbuild\n';
  expect(found(rule + waiver(-1))).toEqual([
    expect.stringMatching(
      /^error waiver-expired p\.yaml:5: the waiver of install-scripts for esbuild@0\.25\.0 ended 20/,
    ),
  ]);
  expect(found(rule + waiver(5))).toEqual([expect.stringMatching(/^warning waiver-expiring p\.yaml:5: /)]);
  expect(found(rule + waiver(30))).toEqual([]);
  expect(found(`allow:\n  - { npm: esbuild, versions: ">=1" }\n${waiver(30)}`)).toEqual([
    'warning waiver-of-nothing p.yaml:5: the waiver of install-scripts is for esbuild@0.25.0, which no rule and no pin admits',
  ]);
  expect(found(`pins:\n  - { npm: esbuild@0.25.0, integrity: "${sriOf(A512)}" }\n${waiver(30)}`)).toEqual([]);
});

test('rules that never match: denied, or internal, whatever the version', () => {
  const never = 'express never comes in: ';
  expect(found('allow:\n  - npm: express\ndeny:\n  - npm: express\n')).toEqual([
    `error never-matches-denied p.yaml:3: ${never}p.yaml:5 denies every version`,
  ]);
  expect(found('allow:\n  - npm: express\ndeny:\n  - npm: "expr*"\n')).toEqual([
    `error never-matches-denied p.yaml:3: ${never}p.yaml:5 denies every version`,
  ]);
  expect(found('allow:\n  - npm: "@a/b*"\ninternal: ["@a/*"]\n')).toEqual([
    'error never-matches-internal p.yaml:3: @a/b* never comes in: p.yaml:4 says that it is internal',
  ]);
  expect(found('allow:\n  - npm: express\ndeny:\n  - { npm: express, versions: "1.0.0" }\n')).toEqual([]);
  // A deny of some names below a prefix leaves the others.
  expect(found('allow:\n  - npm: "@a/*"\ndeny:\n  - npm: "@a/b*"\n')).toEqual([]);
});

test('a rule that a lower layer replaces, and one that is denied in one profile only', () => {
  const files = {
    'base.yaml': 'profile: default\nallow:\n  - npm: express\n  - npm: zod\n',
    'team.yaml':
      'profile: team\nextends: [default]\nallow:\n  - { npm: express, versions: ">=5" }\ndeny:\n  - npm: zod\n',
  };
  expect(found(files)).toEqual([
    'info overridden base.yaml:3: in profile team the rule at team.yaml:4 counts for express instead',
    'info no-cases team.yaml:1: no case says what profile team must do',
  ]);
});

test('a range that no version known here is in', () => {
  const rule = 'allow:\n  - { npm: express, versions: ">=9" }\n';
  expect(found(rule, knowing({ express: { versions: ['4.0.0', '5.0.0'] } }))).toEqual([
    'info no-known-version p.yaml:3: of the 2 versions of express that are known here none is in ">=9"',
  ]);
  expect(found(rule, knowing({ express: { versions: ['9.1.0'] } }))).toEqual([]);
  expect(found(rule)).toEqual([]);
});

test('pins that a deny or an internal name overrules, and that fit no file', () => {
  const pin = `pins:\n  - { npm: left-pad@1.3.0, integrity: "${sriOf(A512)}" }\n`;
  expect(found(`${pin}deny:\n  - { npm: left-pad, versions: "<2" }\n`)).toEqual([
    'error pin-denied p.yaml:3: the pin of left-pad@1.3.0 admits nothing: p.yaml:5 denies it',
  ]);
  expect(found(`${pin}internal: ["left-*"]\n`)).toEqual([
    'error pin-internal p.yaml:3: the pin of left-pad@1.3.0 admits nothing: p.yaml:4 says that the name is internal',
  ]);
  expect(found(`${pin}deny:\n  - { npm: left-pad, versions: ">2" }\n`)).toEqual([]);
  expect(found(pin, knowing({ 'left-pad': { digests: () => [[B512]] } }))).toEqual([
    'warning pin-unusable p.yaml:3: the pin of left-pad@1.3.0 is of no file that the index known here has',
  ]);
  expect(found(pin, knowing({ 'left-pad': { digests: () => [] } }))).toEqual([
    'info pin-unknown-version p.yaml:3: the pin of left-pad@1.3.0 is of a version that the index known here does not have',
  ]);
  expect(found(pin, knowing({ 'left-pad': {} }))).toEqual([]);
});

test.each([
  ['npm: "re*"', 'warning short-prefix', 're* takes in every name that begins with these 2 letters'],
  [
    'npm: "acme*"',
    'warning prefix-without-separator',
    'acme* also takes in acmeevil: end the prefix in a separator, or name the packages',
  ],
  ['npm: "acme-*"', 'warning open-prefix', 'acme-* takes in whatever anybody registers under such a name'],
  ['pypi: "acme-*"', 'info open-prefix', 'acme-* takes in whatever anybody registers under such a name'],
  [
    'npm: "*", wide: true',
    'warning every-name',
    'every npm name there is, and every one to come, is admitted',
  ],
])('a pattern that takes in more than it seems to: %s', (rule, what, message) => {
  expect(found(`allow:\n  - { ${rule} }\n`)).toEqual([`${what} p.yaml:3: ${message}`]);
});

test('how many names known here a pattern takes in', () => {
  const known = knowing({ acme: {}, 'acme-a': {}, acmeevil: {}, zod: {} });
  expect(found('allow:\n  - npm: "acme*"\n', known)).toEqual([
    expect.stringContaining('; of the 4 names known here it takes in 3'),
  ]);
  expect(found('deny:\n  - npm: "acme*"\n', known)).toEqual([]);
});

test('an admitted parent whose dependencies are not', () => {
  const dependencies = (version: string) =>
    version === '2.0.0'
      ? { required: [name('accepts'), name('body'), name('ours')], optional: [name('fsevents')] }
      : { required: [name('never')], optional: [] };
  const known = knowing({ express: { versions: ['1.0.0', '2.0.0', '3.0.0-rc.1', '3.0.0'], dependencies } });
  const rules = 'allow:\n  - { npm: express, versions: "<3" }\n  - npm: body\ninternal: [ours]\n';
  expect(found(rules, known)).toEqual(
    [
      'warning dependency-not-admitted p.yaml:3: express@2.0.0 needs accepts, which profile default does not admit',
      'warning dependency-not-admitted p.yaml:3: express@2.0.0 needs ours, which profile default does not admit',
      'info optional-dependency-not-admitted p.yaml:3: express@2.0.0 may use fsevents, which profile default does not admit',
    ].sort((a, b) => (a.split(' ')[1] ?? '').localeCompare(b.split(' ')[1] ?? '')),
  );
  expect(found(`${rules}deny:\n  - { npm: express, versions: ">=2" }\n`, known).join()).toContain(
    'express@1.0.0 needs never',
  );
});

test('a parent whose dependency is admitted, in no version that it takes; and a parent that a prefix admits', () => {
  const needs = (spec: string) => ({
    dependencies: () => ({ required: [name('body')], optional: [], specs: new Map([[name('body'), spec]]) }),
  });
  const of = (spec: string, rules: string, parent = 'express') =>
    found(rules, knowing({ [parent]: needs(spec), body: { versions: ['1.0.0', '2.0.0'] } })).filter((line) =>
      line.includes('dependency'),
    );
  const both = (body: string) => `allow:\n  - npm: express\n  - { npm: body, versions: "${body}" }\n`;
  const finding =
    'warning dependency-version-not-admitted p.yaml:3: express@1.0.0 needs body in versions of which profile default admits none that is known here';
  expect(of('^2', both('1'))).toEqual([finding]);
  expect(of('^1', both('1'))).toEqual([]);
  expect(of('^3', both('1'))).toEqual([]);
  expect(of('latest', both('1'))).toEqual([]);
  expect(of('', both('1'))).toEqual([]);
  expect(of('^2', `${both('>=1')}deny:\n  - { npm: body, versions: "2.x" }\n`)).toEqual([finding]);
  const pin = `pins:\n  - { npm: body@2.0.0, integrity: "${sriOf(A512)}" }\n`;
  expect(of('^2', both('1') + pin)).toEqual([]);
  expect(of('^2', 'allow:\n  - npm: "@a/*"\n', '@a/x')).toEqual([
    'warning dependency-not-admitted p.yaml:3: @a/x@1.0.0 needs body, which profile default does not admit',
  ]);
});

test('names that differ only in what looks alike', () => {
  expect(found('allow:\n  - npm: lodash\n  - npm: 1odash\n')).toEqual([
    'warning look-alike p.yaml:4: 1odash looks like lodash, at p.yaml:3',
  ]);
  expect(found('allow:\n  - npm: modern\n  - npm: modem\n')).toHaveLength(1);
  expect(found('allow:\n  - npm: lodash.merge\n  - npm: lodash-merge\n')).toHaveLength(1);
  expect(found('allow:\n  - npm: react\n  - npm: preact\n')).toEqual([]);
});

test('malware is asked for and there is no feed; observe has ended; rules of a frozen profile; no cases', () => {
  const asks =
    'requirements: { npm: { malware: deny } }\nallow:\n  - { npm: zod, requirements: { malware: required } }\n';
  expect(found(asks).map((line) => line.split(':').slice(0, 2).join(':'))).toEqual([
    'warning no-feed p.yaml:2',
    'warning no-feed p.yaml:4',
  ]);
  expect(found(asks, { feed: true })).toEqual([]);
  expect(found(`requirements: { npm: { malware: off } }\n`)).toEqual([]);
  const observe = `mode: observe\nuntil: ${day(3)}\nallow:\n  - npm: zod\n`;
  expect(found(observe)).toEqual([]);
  expect(found(observe, {}, NOW + 4 * DAY)).toEqual([
    `warning observe-ended p.yaml:2: mode observe ended ${day(4)} 00:00 UTC: profile default enforces`,
  ]);
  expect(found('mode: frozen\nallow:\n  - npm: zod\n')).toEqual([
    'warning rule-in-frozen p.yaml:4: profile default is frozen: this rule admits nothing, only pins do',
  ]);
  expect(found({ 'a.yaml': 'profile: other\nallow:\n  - npm: zod\n' })).toEqual([
    'info no-cases a.yaml:1: no case says what profile other must do',
  ]);
});

test.each([
  ['npm', '>2 <1', true],
  ['npm', '>=1 <1', true],
  ['npm', '>1.2.3 <1.2.3', true],
  ['npm', '^1 ^2', true],
  ['npm', '>2 <1 || 3', false],
  ['npm', '>1.2.3 <1.2.4', 'allow'], // a denial reaches prereleases of 1.2.4
  ['npm', '>1.2.3 <=1.2.4', false],
  ['npm', '>1 <3', false],
  ['npm', '>1.2 <1.4', false],
  ['npm', '~1.2', false],
  ['npm', '1.x', false],
  ['npm', '*', false],
  ['npm', '<1', false],
  ['npm', '>9', false],
  ['npm', '>1.2.3-alpha <1.2.3-beta', false],
  ['npm', '>1.2.3-alpha.1 <1.2.3-alpha.3', false],
  ['npm', '1.2.3-rc.1', false],
  ['npm', '1.2 - 2.3', false],
  ['pypi', '>2,<1', true],
  ['pypi', '==1.0,!=1.0', true],
  ['pypi', '>=1,!=1.*,<2', 'allow'],
  ['pypi', '>=1,!=1.*,!=2.*', false],
  ['pypi', '>=1,!=1,!=1.0.1', false],
  ['pypi', '>1.0.post1,<1.0.post3', false],
  ['pypi', '==1.2.*', false],
  ['pypi', '~=1.4.2', false],
  ['pypi', '==1!2.0', false],
  ['pypi', '<1.0', false],
  ['pypi', '==1.0+local.1', false],
  ['pypi', '==2.0a1', false],
  ['pypi', '==1.0.dev3', false],
] as const)('a range that can hold nothing: %s %s %s', (ecosystem, range, empty) => {
  for (const kind of ['allow', 'deny']) {
    const codes = foundBy(REAL, `${kind}:\n  - { ${ecosystem}: zod, versions: "${range}" }\n`);
    const does = kind === 'allow' ? 'admits' : 'denies';
    const message = `error empty-range p.yaml:3: no version can be in "${range}": the rule ${does} nothing of zod`;
    expect(codes).toEqual(empty === true || empty === kind ? [message] : []);
  }
});

test('a denial of which nothing is known, and an allow rule of which all that is known is denied', () => {
  const known = knowing({ zod: { versions: ['1.0.0', '2.0.0', '2.1.0', '3.0.0-rc.1'] } });
  const deny = (range: string) => `deny:\n  - { npm: zod, versions: "${range}" }\n`;
  expect(found(deny('9.0.0'), known)).toEqual([
    'info no-known-version p.yaml:3: of the 4 versions of zod that are known here none is in "9.0.0"',
  ]);
  // A denial takes prereleases in.
  expect(found(deny('>2.1'), known)).toEqual([]);
  expect(found(deny('9.0.0'))).toEqual([]);
  const allow = (range: string) => `allow:\n  - { npm: zod, versions: "${range}" }\n`;
  expect(found(allow('2') + deny('2.x'), known)).toEqual([
    'warning allow-denied p.yaml:3: p.yaml:5 denies all of the 2 versions of zod known here that the rule takes in',
  ]);
  expect(found(`${allow('2')}${deny('2.0')}  - { npm: "zo*", versions: "2.1" }\n`, known)).toHaveLength(1);
  expect(found(allow('2') + deny('2.0'), known)).toEqual([]);
  expect(found(allow('>=1') + deny('2.x'), known)).toEqual([]);
  expect(found(allow('2') + deny('2.x'))).toEqual([]);
  const layered = {
    'a.yaml': `profile: default\n${allow('2')}`,
    'b.yaml': `profile: b\nextends: [default]\n${deny('2.x')}`,
  };
  expect(found(layered, known).filter((line) => !line.includes('no-cases'))).toEqual([]);
});

test('ends that are too far away to be remembered', () => {
  const rule = 'allow:\n  - npm: esbuild\n';
  expect(found(rule + waiver(399))).toEqual([]);
  expect(found(rule + waiver(402))).toEqual([
    expect.stringMatching(/^warning far-end p\.yaml:5: the waiver of install-scripts .* ends only 20/),
  ]);
  expect(found(`mode: observe\nuntil: ${day(399)}\n`)).toEqual([]);
  expect(found(`mode: observe\nuntil: ${day(402)}\n`)).toEqual([
    expect.stringMatching(/^warning far-end p\.yaml:2: mode observe ends only 20/),
  ]);
});

test('a profile without layers where others are held by locks', () => {
  const files = {
    'top.yaml': 'profile: top\nlocked: [age]\n',
    'web.yaml': 'profile: default\nextends: [top]\n',
    'lone.yaml': 'profile: lone\n',
  };
  const said = (more: Record<string, string>) =>
    found({ ...files, ...more }).filter((line) => line.includes('unlayered'));
  expect(said({})).toEqual([
    'warning unlayered-profile lone.yaml:1: profile lone extends nothing: what top locks for others does not hold for it',
  ]);
  expect(said({ 'web.yaml': 'profile: default\nextends: [top, lone]\n' })).toEqual([
    expect.stringMatching(/^info unlayered-profile lone/),
  ]);
  expect(said({ 'top.yaml': 'profile: top\n' })).toEqual([]);
  expect(said({ 'lone.yaml': 'profile: lone\nextends: [top]\n' })).toEqual([]);
  expect(said({ 'web.yaml': 'profile: default\n' })).toEqual([]);
});

test('vulnerability is asked for and there is no feed', () => {
  const asks =
    'requirements: { npm: { vulnerability: high } }\nallow:\n  - { npm: zod, requirements: { vulnerability: low } }\n';
  expect(found(asks)).toEqual([
    expect.stringMatching(/^warning no-feed p\.yaml:2: vulnerability is asked for/),
    expect.stringMatching(/^warning no-feed p\.yaml:4: vulnerability is asked for/),
  ]);
  expect(found(asks, { feed: true })).toEqual([]);
});

test('a policy that does not load is its problems', () => {
  try {
    parsePolicy([{ path: 'p.yaml', text: 'profile: x\nallwo: []\n' }], SCHEMES);
    expect.unreachable();
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    expect(unloadable(error)).toEqual([
      {
        level: 'error',
        code: 'unloadable',
        place: 'p.yaml:2',
        path: 'p.yaml',
        line: 2,
        column: 1,
        message: expect.stringContaining('did you mean "allow"'),
      },
    ]);
  }
});

test('a look over 8,000 rules costs seconds at most', () => {
  const rules = Array.from({ length: 4_000 }, (_, i) => `  - npm: package-${i}x\n`).join('');
  const before = process.cpuUsage();
  expect(found(`allow:\n${rules}deny:\n${rules.replaceAll('package', 'denied')}`)).toEqual([]);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(10);
}, 60_000);
