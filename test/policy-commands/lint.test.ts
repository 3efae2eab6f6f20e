import { join } from 'node:path';
import { expect, test } from 'vitest';
import { wheelDependencies } from '../../src/policy-commands/dependencies.ts';
import { policyLint } from '../../src/policy-commands/lint.ts';
import { startHouse } from '../admission/harness.ts';
import { pypi } from '../policy/schemes.ts';
import { NOW, place, terminal } from './place.ts';

async function linted(files: Record<string, string>, options: { json?: true } = {}) {
  const here = place(files);
  const out = terminal();
  return { code: await policyLint(here.config, NOW, options, out), ...out };
}

test('findings a line each, an exit code of 1 for an error only, and a sum', async () => {
  const text = 'profile: default\nallow:\n  - npm: "acme*"\n  - npm: express\ndeny:\n  - npm: express\n';
  const { code, printed, said } = await linted({ 'allowlists/p.yaml': text });
  expect(printed).toEqual([
    'p.yaml:1:1: info: no case says what profile default must do [no-cases]',
    'p.yaml:3:5: warning: acme* also takes in acmeevil: end the prefix in a separator, or name the packages [prefix-without-separator]',
    'p.yaml:4:5: error: express never comes in: p.yaml:6 denies every version [never-matches-denied]',
  ]);
  expect({ code, said }).toEqual({ code: 1, said: ['1 errors, 1 warnings, 1 notes'] });
  const mild = await linted(
    { 'allowlists/p.yaml': 'profile: default\nallow:\n  - npm: "acme*"\n' },
    { json: true },
  );
  expect(mild.code).toBe(0);
  expect(mild.printed.map((line) => JSON.parse(line))).toMatchObject([
    { level: 'info', code: 'no-cases', place: 'p.yaml:1', path: 'p.yaml', line: 1, column: 1 },
    { level: 'warning', code: 'prefix-without-separator', place: 'p.yaml:3', line: 3, column: 5 },
  ]);
});

test('a policy that does not load is told as its problems', async () => {
  const { code, printed } = await linted({ 'allowlists/p.yaml': 'profile: default\nallwo: []\n' });
  expect(code).toBe(1);
  expect(printed).toEqual([
    expect.stringMatching(/^p\.yaml:2:1: error: .*did you mean "allow".*\[unloadable\]$/),
  ]);
});

test('over the indexes that are kept here, beside a running server: parents, ranges and names', async () => {
  const policy =
    'profile: default\nallow:\n  - npm: parent\n  - npm: child\n  - { npm: plain, versions: ">=9" }\n  - pypi: wheely\n';
  const house = await startHouse({ policy });
  try {
    const manifest = {
      dependencies: { child: '^1', stranger: '^1', opt: '^1', alias: 'npm:renamed@^1' },
      optionalDependencies: { opt: '^1' },
    };
    house.registry.addNpm('parent', { '1.0.0': { manifest } });
    house.registry.addNpm('plain', { '1.0.0': {} });
    const metadata =
      'Requires-Dist: Needed_One (>=1)\nRequires-Dist: other; extra == "dev"\nRequires-Dist: windows; sys_platform == "win32"\n';
    house.registry.addPypi('wheely', [{ filename: 'wheely-1.0.0-py3-none-any.whl', metadata }]);
    for (const path of ['/npm/parent', '/npm/plain', '/pypi/files/wheely/wheely-1.0.0-py3-none-any.whl'])
      expect((await house.ask(path)).status, path).toBeLessThan(500);

    const out = terminal();
    const { loadConfig } = await import('../../src/config.ts');
    const config = loadConfig({
      SALLYPORT_DATA: join(house.root, 'data'),
      SALLYPORT_ALLOWLISTS: join(house.root, 'allowlists'),
    });
    house.takeAsked();
    expect(await policyLint(config, house.clock.now(), {}, out)).toBe(0);
    expect(house.takeAsked()).toEqual([]);
    expect(out.printed.filter((line) => !line.includes('no-cases'))).toEqual([
      'default.yaml:3:5: warning: parent@1.0.0 needs renamed, which profile default does not admit [dependency-not-admitted]',
      'default.yaml:3:5: warning: parent@1.0.0 needs stranger, which profile default does not admit [dependency-not-admitted]',
      'default.yaml:3:5: info: parent@1.0.0 may use opt, which profile default does not admit [optional-dependency-not-admitted]',
      'default.yaml:5:5: info: of the 1 versions of plain that are known here none is in ">=9" [no-known-version]',
      'default.yaml:6:5: warning: wheely@1.0.0 needs needed-one, which profile default does not admit [dependency-not-admitted]',
      'default.yaml:6:5: info: wheely@1.0.0 may use windows, which profile default does not admit [optional-dependency-not-admitted]',
    ]);
  } finally {
    await house.remove();
  }
}, 60_000);

test('what wheel metadata needs: extras left out, markers optional, the description not read', () => {
  const text =
    'Metadata-Version: 2.1\r\nRequires-Dist: A.b[x]>=1\r\nRequires-Dist: c ; python_version < "3"\r\nRequires-Dist: d; extra == "x"\r\n\r\nRequires-Dist: no\r\n';
  expect(wheelDependencies(Buffer.from(text), pypi)).toEqual({
    required: ['a-b'],
    optional: ['c'],
    specs: new Map([
      ['a-b', '>=1'],
      ['c', ''],
    ]),
  });
});
