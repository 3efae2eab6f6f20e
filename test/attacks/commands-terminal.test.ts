import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LockPlace, lockPlace } from '../run/lockfile-place.ts';

/* Whatever lies in the files that commands read: no byte of it moves a terminal's cursor or turns its text round. */

const BAD = '\u001b[2J\u0007\u009b31m\u202e\u2028\r';
/** In YAML's double quotes. */
const YAML = '\\e[2J\\a\\u009b31m\\u202e\\L\\r';
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
const MOVES = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/;

let place: LockPlace;
beforeAll(async () => {
  place = await lockPlace();
  place.registry.addNpm('a', { '1.0.0': {} });
});
afterAll(() => place.remove());

const GOOD = 'profile: default\nallow:\n  - npm: a\n';
const POLICIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a key': { 'd.yaml': `${GOOD}"${YAML}": 1\n` },
  'a name': { 'd.yaml': `${GOOD}  - npm: "a${YAML}"\n` },
  'a range': { 'd.yaml': `${GOOD}  - { npm: b, versions: "${YAML}" }\n` },
  'a profile': { 'd.yaml': GOOD, 'e.yaml': `profile: "p${YAML}"\n` },
  'a layer': { 'd.yaml': `${GOOD}extends: ["p${YAML}"]\n` },
  'a reason': { 'd.yaml': `${GOOD}deny:\n  - { npm: a, reason: "${YAML}" }\n` },
  'a file name': { 'd.yaml': GOOD, [`${BAD}.yaml`]: 'profile: default\nalow: 1\n' },
  'a file name that loads': { [`${BAD}.yaml`]: `${GOOD}deny:\n  - npm: a\n` },
  'bytes that are no YAML': { 'd.yaml': `${GOOD}  - ${BAD}: [\n` },
  'a case': {
    'd.yaml': GOOD,
    'cases/c.yaml': `profile: default\ncases:\n  - { npm: a, expect: refuse, code: DENIED, why: "${YAML}" }\n`,
  },
  'a name of a case': {
    'd.yaml': GOOD,
    'cases/c.yaml': `profile: "${YAML}"\ncases:\n  - { npm: "a${YAML}", expect: allow, why: w }\n`,
  },
};

test.each(Object.keys(POLICIES))(
  'in a policy: %s',
  async (what) => {
    await place.policy(POLICIES[what] ?? {});
    const lock = await place.put('app/package-lock.json', {
      lockfileVersion: 3,
      packages: { '': {}, 'node_modules/a': { version: '1.0.0' } },
    });
    const folder = `${place.root}/allowlists`;
    for (const args of [
      ['policy', 'lint'],
      ['policy', 'test'],
      ['policy', 'explain', 'a@1.0.0'],
      ['policy', 'explain', 'a@1.0.0', '--profile', `x${BAD}`],
      ['policy', 'diff', folder, folder],
      ['policy', 'diff', `x${BAD}`, folder],
      ['policy', 'propose', '--from-ledger'],
      ['policy', 'reload', '--expect', BAD],
      ['check', 'a@1.0.0'],
      ['check', lock],
      ['check', lock, '--profile', `x${BAD}`],
      ['import', lock],
      ['import', lock, '--out', `../${BAD}.yaml`],
    ]) {
      const { stdout, stderr } = await place.run(...args);
      expect(`${stdout}${stderr}`, args.join(' ')).not.toMatch(MOVES);
    }
  },
  60_000,
);

test('a file whose name has two lines is still one line of a log', async () => {
  const name = 'x\n::error::all is well.yaml';
  for (const text of ['profile: default\nalow: 1\n', `${GOOD}deny:\n  - npm: a\n`]) {
    await place.policy({ [name]: text });
    for (const args of [
      ['policy', 'test'],
      ['policy', 'lint'],
      ['policy', 'explain', 'a'],
      ['check', 'a@1.0.0'],
    ]) {
      const { stdout, stderr } = await place.run(...args);
      expect(`${stdout}${stderr}`, args.join(' ')).not.toMatch(/^::/m);
    }
  }
});

test('in a lockfile, and in its path', async () => {
  await place.policy({ 'd.yaml': GOOD });
  for (const [name, content] of [
    [
      `${BAD}/package-lock.json`,
      { lockfileVersion: 3, packages: { 'node_modules/a': { version: '1.0.0' } } },
    ],
    [`${BAD}/package-lock.json`, '{'],
    [
      'x/package-lock.json',
      {
        lockfileVersion: 3,
        packages: {
          [`node_modules/${BAD}`]: { version: '1.0.0' },
          'node_modules/a': { version: BAD, resolved: BAD, integrity: BAD },
          'node_modules/b': { version: '1.0.0', resolved: `https://${BAD}/b/-/b-1.0.0.tgz`, integrity: BAD },
        },
      },
    ],
    [`requirements-${'x'}.txt`, `a==1.0 ; ${BAD}\n-r ${BAD}\n--${BAD}\n${BAD}\n`],
  ] as const) {
    const lock = await place.put(name, content);
    for (const args of [
      ['check', lock],
      ['import', lock, '--dry-run'],
    ]) {
      const { stdout, stderr } = await place.run(...args);
      expect(`${stdout}${stderr}`, args.join(' ')).not.toMatch(MOVES);
    }
  }
}, 60_000);
