import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeNpmTarball, makeWheel } from '../verify/archives.ts';
import { hexSha256, SECOND, sri, startHouse, type TestHouse, tarballPath } from './harness.ts';

// The vault's bound in a whole house: what no pin needs goes, what a pin needs is enough to serve it for ever.

const TTL = 300 * SECOND;
const tarball = makeNpmTarball({ name: 'pinned', version: '1.0.0' });
const wheel = makeWheel({ name: 'held', version: '1.0.0', metadata: 'Requires-Dist: six\n' });
const fileOf = (name: string) => `/pypi/files/${name}/${name}-1.0.0-py3-none-any.whl`;
const OTHERS = ['one', 'two', 'three', 'four'];

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse({
    policy: `
profile: default
allow:
${['pinned', ...OTHERS].map((name) => `  - npm: ${name}`).join('\n')}
  - pypi: held
  - pypi: cut
  - pypi: told
pins:
  - { npm: pinned@1.0.0, integrity: "${sri(tarball)}" }
  - { pypi: held@1.0.0, hashes: ["sha256:${hexSha256(wheel)}"] }
`,
    config: 'limits: { vault: 50000 }\n',
  });
  house.registry.addNpm('pinned', { '1.0.0': { tarball } });
  for (const name of OTHERS) house.registry.addNpm(name, { '1.0.0': { bulk: 20_000 } });
  house.registry.addPypi('held', [{ filename: 'held-1.0.0-py3-none-any.whl', bytes: wheel }]);
  for (const [name, coreMetadata] of [['cut', 'none'] as const, ['told', 'right'] as const]) {
    house.registry.addPypi(name, [{ filename: `${name}-1.0.0-py3-none-any.whl`, coreMetadata }]);
  }
});
afterAll(() => house.remove());

const PINNED = [tarballPath('pinned', '1.0.0'), fileOf('held'), `${fileOf('held')}.metadata`];
const status = async (path: string) => (await house.ask(path)).status;

test('the bound is kept, and what was used longest ago went first', async () => {
  for (const path of [...PINNED, ...OTHERS.map((name) => tarballPath(name, '1.0.0'))]) {
    expect(await status(path)).toBe(200);
  }
  const { vault } = house.house.ports;
  expect((await vault.usage()).bytes).toBeGreaterThan(80_000);
  await house.house.evict();
  const { bytes } = await vault.usage();
  expect(bytes).toBeLessThanOrEqual(50_000);
  const metrics = (await house.ask('/metrics')).text;
  expect(metrics).toContain(`sallyport_vault_bytes ${bytes}\n`);
  expect(metrics).toContain(`sallyport_policy_loaded_seconds{digest="${house.house.policy().digest}"} `);
  house.takeAsked();
  for (const name of ['four', 'one']) expect(await status(tarballPath(name, '1.0.0'))).toBe(200);
  expect(house.takeAsked().filter((path) => path.endsWith('.tgz'))).toEqual([
    'GET /npm-up/one/-/one-1.0.0.tgz',
  ]);
});

test('a pin is served though nothing else fits, the upstream forgot it and the house began anew', async () => {
  for (let i = 0; i < 3; i++) {
    for (const name of OTHERS) expect(await status(tarballPath(name, '1.0.0'))).toBe(200);
    await house.house.evict();
  }
  house.registry.removeNpm('pinned', '1.0.0');
  const heal = house.registry.withFault(/pinned$|held/, { kind: 'vanish' });
  await house.restart();
  house.clock.advance(TTL);
  house.takeAsked();
  for (const path of PINNED) expect([path, await status(path)]).toEqual([path, 200]);
  expect(house.takeAsked().filter((path) => /tgz|whl/.test(path))).toEqual([]);
  heal();
});

test.each(['cut', 'told'])(
  'the metadata of a wheel that was kept without it is there again: %s',
  async (name) => {
    const path = fileOf(name);
    const [file, before] = [await house.ask(path), await house.ask(`${path}.metadata`)];
    expect([file.status, before.status]).toEqual([200, 200]);
    // Everything but the wheel itself.
    await house.house.ports.vault.evict(0, (digest) => digest === `sha256:${hexSha256(file.body)}`);
    const after = await house.ask(`${path}.metadata`);
    expect(after.status).toBe(200);
    expect(after.body.equals(before.body)).toBe(true);
    expect((await house.ask(path)).body.equals(file.body)).toBe(true);
  },
);
