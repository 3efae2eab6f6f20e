import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { check } from '../../src/check.ts';
import { linesOf } from '../../src/cli/check-lines.ts';
import { loadConfig } from '../../src/config.ts';
import { feedUpdate } from '../../src/feed/commands.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';
import { terminal } from '../policy-commands/place.ts';

let root: string;
let registry: FakeRegistry;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'check-'));
  registry = await startRegistry();
  registry.addNpm('left-pad', { '1.3.0': {} });
  await mkdir(join(root, 'allowlists'));
  await writeFile(
    join(root, 'allowlists', 'default.yaml'),
    'profile: default\nallow:\n  - npm: left-pad\n  - npm: gone\n',
  );
});
afterAll(async () => {
  await registry.close();
  await rm(root, { recursive: true });
});

async function checked(...names: string[]) {
  const env = {
    SALLYPORT_DATA: join(root, 'data'),
    SALLYPORT_ALLOWLISTS: join(root, 'allowlists'),
    SALLYPORT_NPM_UPSTREAM: registry.npmBase,
    SALLYPORT_PYPI_UPSTREAM: registry.pypiBase,
    SALLYPORT_PRIVATE_ADDRESSES: '127.0.0.0/8',
  };
  const printed: string[] = [];
  const said: string[] = [];
  const options = { ecosystem: 'npm', profile: 'default', json: true } as const;
  const code = await check(
    loadConfig(env),
    env,
    '0.0.0-test',
    names,
    options,
    (line) => printed.push(line),
    (line) => said.push(line),
  );
  return { code, results: printed.map((line) => JSON.parse(line)), said: said.join('\n') };
}

test('a version that is admitted, and one that is not there', async () => {
  const { code, results } = await checked('left-pad@1.3.0', 'left-pad@9.9.9');
  expect(results).toMatchObject([
    { package: 'left-pad', version: '1.3.0', verdict: 'allow', codes: [] },
    { package: 'left-pad', version: '9.9.9', verdict: 'refuse', codes: ['UNKNOWN_VERSION'] },
  ]);
  expect(code).toBe(1);
});

test('a name that no rule has is refused and not asked for; one that the upstream does not know reads the same', async () => {
  registry.requests.length = 0;
  const { results } = await checked('unlisted', 'gone');
  expect(results.map((r) => [r.verdict, r.codes])).toEqual([
    ['refuse', ['NOT_ALLOWLISTED']],
    ['refuse', ['NOT_ALLOWLISTED']],
  ]);
  expect(registry.pathsAsked()).toEqual(['GET /npm-up/gone']);
});

test.each([
  ['is not there', null],
  ['cannot be read', 'this is no database, and long enough to be seen for what it is'],
])('a ledger that %s is told: what it remembers can refuse more', async (_, content) => {
  if (content !== null) {
    await mkdir(join(root, 'data', 'ledger'), { recursive: true });
    await writeFile(join(root, 'data', 'ledger', 'ledger.db'), content);
  }
  const { code, said } = await checked('left-pad@1.3.0');
  expect(said).toContain('without what the ledger remembers');
  expect(code).toBe(0);
});

test('a refused version: which rule refuses, from when on it is old enough, and what would be admitted instead', async () => {
  const claimed = Date.now() - 86_400_000;
  registry.addNpm('young', { '1.0.0': {}, '1.1.0': {}, '2.0.0': { time: new Date(claimed).toISOString() } });
  await writeFile(
    join(root, 'allowlists', 'default.yaml'),
    `profile: default
requirements: { npm: { age: 7d } }
allow:
  - npm: young
  - { npm: left-pad, versions: ">=2" }
deny:
  - { npm: young, versions: "1.1.0" }
`,
  );
  const young = await checked('young@2.0.0');
  expect(young.results).toMatchObject([
    { codes: ['TOO_YOUNG'], place: 'default.yaml:4', nearest: '1.0.0', files: [{ about: [] }] },
  ]);
  expect(young.results[0].eligibleAt).toBe(claimed + 7 * 86_400_000);
  const words = linesOf(young.results[0]).join('');
  expect(words).toContain(
    `(default.yaml:4); admitted from ${new Date(claimed + 7 * 86_400_000).toISOString()} on`,
  );
  expect(words).toMatch(/; admitted instead: 1\.0\.0$/);
  const denied = await checked('young@1.1.0');
  expect(denied.results).toMatchObject([{ place: 'default.yaml:7', eligibleAt: null, nearest: '1.0.0' }]);
  expect(linesOf(denied.results[0])).toEqual([
    'refuse young@1.1.0: it is denied by the policy [DENIED] (default.yaml:7); admitted instead: 1.0.0',
  ]);
  const outside = await checked('left-pad@1.3.0');
  expect(outside.results).toMatchObject([{ place: 'default.yaml:5', nearest: null }]);
  const unknown = await checked('young@9.9.9');
  expect(unknown.results).toMatchObject([{ codes: ['UNKNOWN_VERSION'], place: null, nearest: '1.0.0' }]);
});

test('the ids of what a refusal is about', async () => {
  registry.addNpm('bad', { '1.0.0': {} });
  await writeFile(join(root, 'allowlists', 'default.yaml'), 'profile: default\nallow:\n  - npm: bad\n');
  const record = {
    id: 'MAL-2026-7',
    modified: new Date().toISOString(),
    affected: [{ package: { ecosystem: 'npm', name: 'bad' }, versions: ['1.0.0'] }],
  };
  await mkdir(join(root, 'osv'));
  await writeFile(join(root, 'osv', 'MAL-2026-7.json'), JSON.stringify(record));
  const config = loadConfig({
    SALLYPORT_DATA: join(root, 'data'),
    SALLYPORT_ALLOWLISTS: join(root, 'allowlists'),
  });
  expect(await feedUpdate(config, [join(root, 'osv')], Date.now, {}, terminal())).toBe(0);
  const { results } = await checked('bad@1.0.0');
  expect(results).toMatchObject([
    { codes: ['MALWARE'], place: null, nearest: null, files: [{ about: ['MAL-2026-7'] }] },
  ]);
  expect(linesOf(results[0]).join('')).toMatch(/\[MALWARE\]: MAL-2026-7$/);
});
