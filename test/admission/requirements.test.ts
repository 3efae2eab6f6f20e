import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { DAY, START, startHouse, type TestHouse, tarballPath } from './harness.ts';

// Waivers, licences, startup hooks and the floor, on the way of a request: in the page, at the artifact, in the entry.

let house: TestHouse | undefined;
afterEach(async () => {
  await house?.remove();
  house = undefined;
});

const POLICY = 'profile: default\nallow: [{ npm: gear }, { pypi: gear }]\n';

async function open(more = ''): Promise<TestHouse> {
  house = await startHouse({ policy: POLICY + more });
  return house;
}

async function lastDecision(of: TestHouse) {
  const all = await of.entries({ package: 'gear' });
  return all.filter((one) => one['type'] === 'decision' && one['route'] === 'artifact').at(-1);
}

const sriOf = (bytes: Buffer) => `sha512-${createHash('sha512').update(bytes).digest('base64')}`;

describe('a waiver', () => {
  const RUNS = { manifest: { scripts: { install: 'node x' }, hasInstallScript: true } };

  async function waived(lifts: string, integrity?: string, expires = '2026-06-30') {
    const h = await open();
    h.registry.addNpm('gear', { '1.0.0': RUNS, '1.1.0': RUNS });
    const digest = integrity ?? sriOf(h.registry.tarball('gear', '1.0.0'));
    const taken = await h.setPolicy(
      `${POLICY}waivers:\n  - { npm: gear@1.0.0, integrity: "${digest}", lifts: ${lifts}, reason: native, approver: ana, expires: ${expires} }\n`,
    );
    expect(taken).toBe(true);
    return h;
  }

  test('lifts its requirement for its version and digest, and the entry names it', async () => {
    const h = await waived('install-scripts');
    const page = await h.ask('/npm/gear');
    expect(Object.keys(page.json.versions)).toEqual(['1.0.0']);
    expect((await h.ask(tarballPath('gear', '1.0.0'))).status).toBe(200);
    expect(await lastDecision(h)).toMatchObject({
      verdict: 'allow',
      waived: [{ code: 'INSTALL_SCRIPTS', place: 'default.yaml:4' }],
    });
    expect((await h.ask(tarballPath('gear', '1.1.0'))).json.code).toBe('INSTALL_SCRIPTS');
  });

  test('ends by itself, in pages and at the artifact', async () => {
    const h = await waived('install-scripts', undefined, '2026-06-02');
    expect((await h.ask(tarballPath('gear', '1.0.0'))).status).toBe(200);
    const before = await h.ask('/npm/gear');
    h.clock.set(Date.parse('2026-06-02T23:59:59.999Z'));
    expect((await h.ask(tarballPath('gear', '1.0.0'))).status).toBe(200);
    h.clock.set(Date.parse('2026-06-03T00:00:00Z'));
    const after = await h.ask('/npm/gear', { headers: { 'if-none-match': before.headers['etag'] ?? '' } });
    expect(after.status).toBe(200);
    expect(after.text).toContain('INSTALL_SCRIPTS');
    expect((await h.ask(tarballPath('gear', '1.0.0'))).json.code).toBe('INSTALL_SCRIPTS');
  });

  test('of other bytes lifts nothing', async () => {
    const h = await waived('install-scripts', sriOf(Buffer.from('other')));
    expect((await h.ask(tarballPath('gear', '1.0.0'))).json.code).toBe('INSTALL_SCRIPTS');
    expect((await h.ask('/npm/gear')).text).toContain('INSTALL_SCRIPTS');
  });

  test('of another requirement lifts nothing', async () => {
    const h = await waived('age');
    expect((await h.ask(tarballPath('gear', '1.0.0'))).json.code).toBe('INSTALL_SCRIPTS');
  });

  test('for metadata lifts that the archive says other things than its index, and nothing else', async () => {
    const h = await open();
    const packageJson = { name: 'gear', version: '1.0.0', dependencies: { other: '1' } };
    h.registry.addNpm('gear', {
      '1.0.0': { packageJson },
      '1.1.0': { packageJson: { ...packageJson, version: '9.9.9' } },
    });
    expect((await h.ask(tarballPath('gear', '1.1.0'))).json.code).toBe('METADATA_MISMATCH');
    const digest = sriOf(h.registry.tarball('gear', '1.1.0'));
    await h.setPolicy(
      `${POLICY}waivers:\n  - { npm: gear@1.1.0, integrity: "${digest}", lifts: metadata, reason: known, approver: ana, expires: 2026-06-30 }\n`,
    );
    expect((await h.ask(tarballPath('gear', '1.1.0'))).status).toBe(200);
    expect(await lastDecision(h)).toMatchObject({ waived: [{ code: 'METADATA_MISMATCH' }] });
  });
});

describe('licence', () => {
  const RULE = 'requirements: { npm: { licence: { allow: [MIT] } }, pypi: { licence: { allow: [MIT] } } }\n';

  test('of the index decides in the page, that of the bytes at the artifact', async () => {
    const h = await open(RULE);
    h.registry.addNpm('gear', {
      '1.0.0': { manifest: { license: 'MIT' } },
      '1.1.0': { manifest: { license: 'GPL-3.0-only' } },
      '1.2.0': {
        manifest: { license: 'MIT' },
        packageJson: { name: 'gear', version: '1.2.0', license: 'GPL-3.0-only' },
      },
      '1.3.0': { manifest: { license: '(MIT OR GPL-3.0-only)' } },
    });
    expect(Object.keys((await h.ask('/npm/gear')).json.versions)).toEqual(['1.0.0', '1.2.0', '1.3.0']);
    expect((await h.ask(tarballPath('gear', '1.0.0'))).status).toBe(200);
    expect((await h.ask(tarballPath('gear', '1.3.0'))).status).toBe(200);
    const lies = await h.ask(tarballPath('gear', '1.2.0'));
    expect(lies.status).toBe(403);
    expect(lies.json.code).toMatch(/^(LICENCE|METADATA_MISMATCH)$/);
    expect((await h.ask(tarballPath('gear', '1.1.0'))).text).toContain('GPL-3.0-only');
    // What the bytes showed counts in every later page.
    expect(Object.keys((await h.ask('/npm/gear')).json.versions)).toEqual(['1.0.0', '1.3.0']);
  });

  test('of a wheel is known from its bytes alone', async () => {
    const h = await open(RULE);
    h.registry.addPypi('gear', [
      { filename: 'gear-1.0-py3-none-any.whl', metadata: 'License-Expression: MIT' },
      { filename: 'gear-2.0-py3-none-any.whl', metadata: 'License-Expression: GPL-3.0-only' },
      { filename: 'gear-3.0-py3-none-any.whl' },
    ]);
    const get = (version: string) => h.ask(`/pypi/files/gear/gear-${version}-py3-none-any.whl`);
    expect((await get('1.0')).status).toBe(200);
    expect((await get('2.0')).json.code).toBe('LICENCE');
    expect((await get('3.0')).json.code).toBe('LICENCE');
  });
});

test('a startup hook in a wheel is refused, unless a rule allows it', async () => {
  const h = await open();
  h.registry.addPypi('gear', [
    { filename: 'gear-1.0-py3-none-any.whl', files: { 'gear.pth': 'import os\n' } },
  ]);
  const path = '/pypi/files/gear/gear-1.0-py3-none-any.whl';
  expect((await h.ask(path)).json.code).toBe('STARTUP_HOOK');
  expect((await h.ask('/pypi/simple/gear/')).text).toContain('STARTUP_HOOK');
  await h.setPolicy('profile: default\nallow: [{ pypi: gear, requirements: { startup-hooks: allow } }]\n');
  expect((await h.ask(path)).status).toBe(200);
});

describe('floor', () => {
  test.each([
    ['line', { '1.0.0': 'BELOW_FLOOR', '1.2.0': 200, '2.0.0': 200 }],
    ['admitted', { '1.0.0': 'BELOW_FLOOR', '1.2.0': 'BELOW_FLOOR', '2.0.0': 200 }],
  ])('%s: what is below an admitted version is left out and refused', async (level, expected) => {
    const h = await open(`requirements: { npm: { floor: ${level} } }\n`);
    h.registry.addNpm('gear', { '1.0.0': {}, '1.2.0': {}, '2.0.0': {} });
    expect(Object.keys((await h.ask('/npm/gear')).json.versions)).toHaveLength(3);
    expect((await h.ask(tarballPath('gear', '1.2.0'))).status).toBe(200);
    expect((await h.ask(tarballPath('gear', '2.0.0'))).status).toBe(200);
    const page = await h.ask('/npm/gear');
    expect(Object.keys(page.json.versions).sort()).toEqual(
      Object.entries(expected)
        .filter(([, answer]) => answer === 200)
        .map(([version]) => version),
    );
    for (const [version, answer] of Object.entries(expected)) {
      const got = await h.ask(tarballPath('gear', version));
      expect(got.status === 200 ? 200 : got.json.code, version).toBe(answer);
    }
    await h.restart();
    expect((await h.ask(tarballPath('gear', '1.0.0'))).json.code).toBe('BELOW_FLOOR');
  });
});

test('a cool-down that is kept over a restart, and the instant of its end in the refusal', async () => {
  const h = await open('requirements: { npm: { age: 7d } }\n');
  h.registry.addNpm('gear', { '1.0.0': { time: new Date(START - DAY).toISOString() } });
  const young = await h.ask(tarballPath('gear', '1.0.0'));
  expect(young.json).toMatchObject({
    code: 'TOO_YOUNG',
    eligibleAt: new Date(START + 6 * DAY).toISOString(),
  });
  await h.restart();
  h.clock.set(START + 6 * DAY - 1);
  expect((await h.ask(tarballPath('gear', '1.0.0'))).json.code).toBe('TOO_YOUNG');
  h.clock.set(START + 6 * DAY);
  expect((await h.ask(tarballPath('gear', '1.0.0'))).status).toBe(200);
});
