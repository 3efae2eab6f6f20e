import { expect, test } from 'vitest';
import type { PackageName } from '../../src/model/artifact.ts';
import { sriOf } from '../../src/model/digest.ts';
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
  const named = typeof files === 'string' ? { 'p.yaml': `profile: default\n${files}` } : files;
  const sources = Object.entries(named).map(([path, text]) => ({ path, text }));
  const policy = parsePolicy(sources, SCHEMES);
  return lint({ policy, schemes: SCHEMES, cases: CASES, known: { ...NOTHING_KNOWN, ...known }, now }).map(
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
