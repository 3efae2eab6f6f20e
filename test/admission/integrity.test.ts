import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeMetadata, makeNpmTarball } from '../verify/archives.ts';
import {
  bearer,
  filesBelow,
  hexSha256,
  type Reply,
  SECOND,
  sri,
  startHouse,
  type TestHouse,
  tarballPath,
  tokensOf,
} from './harness.ts';

// Digests: no policy lifts them, and not one byte of what failed is sent or kept.

const PINNED = makeNpmTarball({ name: 'pinned', version: '1.0.0' });
const NAMES = [
  'flipped', 'wrong', 'undeclared', 'sha1-only', 'changed', 'changed-page', 'bytes-changed', 'restarted',
  'racing', 'twin', 'twin-of', 'lonely',
]; // biome-ignore format: a list of names
const POLICY = {
  'default.yaml': `
profile: default
allow:
${NAMES.map((n) => `  - npm: ${n}`).join('\n')}
  - npm: pinned
    versions: ">=2"
  - npm: two-kinds
  - pypi: two-kinds
    requirements: { sdist: allow }
  - pypi: flipped
  - pypi: undeclared
  - pypi: md5-only
pins:
  - { npm: pinned@1.0.0, integrity: "${sri(PINNED)}" }
  - { npm: pinned@1.1.0, integrity: "${sri(Buffer.from('another file'))}" }
`,
  'frozen.yaml': `
profile: frozen
mode: frozen
requirements: { npm: { age: 3650d } }
allow:
  - npm: lonely
  - npm: pinned
    versions: ">=2"
deny:
  - { npm: pinned, versions: "1.2.0", reason: bad }
pins:
  - { npm: pinned@1.0.0, integrity: "${sri(PINNED)}" }
  - { npm: pinned@1.2.0, integrity: "${sri(PINNED)}" }
  - { npm: off-list@1.0.0, integrity: "${sri(makeNpmTarball({ name: 'off-list', version: '1.0.0' }))}" }
  - { npm: scripted@1.0.0, integrity: "${sri(
    makeNpmTarball({ name: 'scripted', version: '1.0.0', scripts: { install: 'x' } }),
  )}" }
`,
};

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse({ policy: POLICY, auth: tokensOf({ dev: 'default', ci: 'frozen' }) });
});
afterAll(() => house.remove());

const get = (path: string, agent = 'dev', method = 'GET'): Promise<Reply> =>
  house.ask(path, { method, headers: bearer(agent) });
const codes = (reply: Reply) => [reply.status, ...(reply.status === 200 ? [] : [reply.json.code])];

async function vaultHolds(bytes: Uint8Array): Promise<boolean> {
  const files = await filesBelow(join(house.root, 'data', 'vault'));
  return files.some((path) => path.includes(hexSha256(bytes)));
}

async function quarantined(): Promise<string[]> {
  return (await filesBelow(join(house.root, 'data', 'vault'))).filter((path) => path.includes('quarantine'));
}

describe('the declared digest', () => {
  test.each([
    ['GET', 0],
    ['GET', -1],
    ['GET', 300],
    ['HEAD', 20],
  ])('%s of bytes flipped at %i: refused, nothing sent, nothing kept, alarmed', async (method, at) => {
    house.registry.addNpm('flipped', { '1.0.0': { bulk: 1000 } });
    const heal = house.registry.withFault(/flipped-1\.0\.0\.tgz$/, { kind: 'flip', at });
    // The same alarm is entered once a minute.
    house.clock.advance(61 * SECOND);
    house.takeAlarms();
    await house.entries();
    const reply = await get(tarballPath('flipped', '1.0.0'), 'dev', method);
    expect(reply.status).toBe(403);
    expect(reply.headers['content-type']).toBe('application/problem+json');
    if (method === 'GET') {
      expect(reply.json).toMatchObject({ code: 'DIGEST_MISMATCH', reasons: ['DIGEST_MISMATCH'] });
      // Its listing is in order, but it is not what could be had instead of itself.
      expect(reply.json.nearestAllowed).toBeNull();
    }
    expect(house.takeAlarms()).toEqual(['digest-mismatch']);
    const entries = await house.entries();
    expect(entries.map((e) => [e['type'], e['verdict'], e['code'] ?? e['reasons']?.[0]?.code])).toEqual(
      expect.arrayContaining([
        ['decision', 'refuse', 'DIGEST_MISMATCH'],
        ['alarm', undefined, 'digest-mismatch'],
      ]),
    );
    expect(entries).toHaveLength(2);
    expect(await vaultHolds(house.registry.tarball('flipped', '1.0.0'))).toBe(false);
    expect(await quarantined()).toEqual([]);
    // What was wrong on the way says nothing about the file: the right bytes are still admitted.
    heal();
    expect((await get('/npm/flipped')).json.versions['1.0.0'].dist).toBeDefined();
  });

  test('the right bytes after wrong ones are served', async () => {
    const reply = await get(tarballPath('flipped', '1.0.0'));
    expect(reply.body.equals(house.registry.tarball('flipped', '1.0.0'))).toBe(true);
    expect(await vaultHolds(reply.body)).toBe(true);
  });

  test('a flipped byte of a wheel', async () => {
    const filename = 'flipped-1.0.0-py3-none-any.whl';
    house.registry.addPypi('flipped', [{ filename, size: 'none' }]);
    house.registry.withFault(/flipped.*\.whl$/, { kind: 'flip', at: 40 }, 1);
    house.takeAlarms();
    expect(codes(await get(`/pypi/files/flipped/${filename}`))).toEqual([403, 'DIGEST_MISMATCH']);
    expect(house.takeAlarms()).toEqual(['digest-mismatch']);
    expect((await get(`/pypi/files/flipped/${filename}`)).status).toBe(200);
  });

  test('an index that declares another digest than the bytes have', async () => {
    house.registry.addNpm('wrong', { '1.0.0': { integrity: 'wrong' } });
    expect(codes(await get(tarballPath('wrong', '1.0.0')))).toEqual([403, 'DIGEST_MISMATCH']);
    expect(await vaultHolds(house.registry.tarball('wrong', '1.0.0'))).toBe(false);
  });

  test('none, md5 or sha1 is refused without a fetch', async () => {
    house.registry.addNpm('undeclared', { '1.0.0': { integrity: 'none', shasum: 'none' } });
    house.registry.addNpm('sha1-only', { '1.0.0': { integrity: 'none' } });
    house.registry.addPypi('undeclared', [{ filename: 'undeclared-1.0.0-py3-none-any.whl', hashes: 'none' }]);
    house.registry.addPypi('md5-only', [
      { filename: 'md5_only-1.0.0-py3-none-any.whl', hashes: { md5: 'd41d8cd98f00b204e9800998ecf8427e' } },
    ]);
    house.takeAsked();
    for (const path of [
      tarballPath('undeclared', '1.0.0'),
      tarballPath('sha1-only', '1.0.0'),
      '/pypi/files/undeclared/undeclared-1.0.0-py3-none-any.whl',
      '/pypi/files/undeclared/undeclared-1.0.0-py3-none-any.whl.metadata',
      '/pypi/files/md5-only/md5_only-1.0.0-py3-none-any.whl',
    ]) {
      expect(codes(await get(path))).toEqual([403, 'NO_DIGEST']);
    }
    expect(house.takeAsked().filter((path) => /\.(tgz|whl|metadata)$/.test(path))).toEqual([]);
  });
});

describe('pins', () => {
  test('without a declared digest the pin is compared with the bytes', async () => {
    house.registry.addNpm('pinned', {
      '1.0.0': { tarball: PINNED, integrity: 'none' },
      '1.1.0': { integrity: 'none' },
      '1.2.0': { tarball: PINNED },
      '2.0.0': {},
    });
    expect((await get(tarballPath('pinned', '1.0.0'))).body.equals(Buffer.from(PINNED))).toBe(true);
    expect(codes(await get(tarballPath('pinned', '1.1.0')))).toEqual([403, 'PIN_MISMATCH']);
    expect(await vaultHolds(house.registry.tarball('pinned', '1.1.0'))).toBe(false);
  });

  test('a pinned version whose declared digest is another one is refused unfetched', async () => {
    house.registry.addNpm('off-list', { '1.0.0': { manifest: { description: 'other bytes' } } });
    house.takeAsked();
    expect(codes(await get(tarballPath('off-list', '1.0.0'), 'ci'))).toEqual([403, 'PIN_MISMATCH']);
    expect(house.takeAsked()).toEqual(['GET /npm-up/off-list']);
  });

  test('frozen: pins only, whatever their age; deny beats a pin', async () => {
    expect((await get(tarballPath('pinned', '1.0.0'), 'ci')).status).toBe(200);
    expect(codes(await get(tarballPath('pinned', '1.2.0'), 'ci'))).toEqual([403, 'DENIED']);
    expect(codes(await get(tarballPath('pinned', '2.0.0'), 'ci'))).toEqual([403, 'NOT_PINNED']);
    expect(Object.keys((await get('/npm/pinned', 'ci')).json.versions)).toEqual(['1.0.0']);
    house.registry.addNpm('lonely', { '1.0.0': {} });
    house.takeAsked();
    expect(codes(await get('/npm/lonely', 'ci'))).toEqual([403, 'NOT_PINNED']);
    expect(house.takeAsked()).toEqual([]);
    expect((await get('/npm/lonely')).status).toBe(200);
  });

  test('a pin does not lift what runs code at install', async () => {
    house.registry.addNpm('scripted', { '1.0.0': { manifest: { scripts: { install: 'x' } } } });
    expect(codes(await get(tarballPath('scripted', '1.0.0'), 'ci'))).toEqual([403, 'INSTALL_SCRIPTS']);
  });
});

describe('the first digest', () => {
  const other = (name: string, version = '1.0.0') =>
    makeNpmTarball({ name, version }, { 'index.js': 'module.exports = "another";\n' });

  test('a file whose declared digest changes after its admission is refused and alarmed', async () => {
    house.registry.addNpm('changed', { '1.0.0': {}, '1.1.0': {} });
    expect((await get(tarballPath('changed', '1.0.0'))).status).toBe(200);
    house.registry.addNpm('changed', { '1.0.0': { tarball: other('changed') } });
    house.clock.advance(600 * SECOND);
    house.takeAlarms();
    await house.entries();
    house.takeAsked();
    expect(codes(await get(tarballPath('changed', '1.0.0')))).toEqual([403, 'DIGEST_CHANGED']);
    expect(house.takeAlarms()).toContain('digest-changed');
    const alarm = (await house.entries()).find((e) => e['type'] === 'alarm');
    expect(alarm).toMatchObject({ code: 'digest-changed', name: 'changed', version: '1.0.0' });
    expect(house.takeAsked().filter((p) => p.endsWith('.tgz'))).toEqual([]);
    expect(Object.keys((await get('/npm/changed')).json.versions)).toEqual(['1.1.0']);
  });

  test('an index that shows a second digest is alarmed by itself: who resolves never asks for the file', async () => {
    house.registry.addNpm('changed-page', { '1.0.0': {}, '1.1.0': {} });
    expect((await get(tarballPath('changed-page', '1.1.0'))).status).toBe(200);
    house.registry.addNpm('changed-page', { '1.1.0': { tarball: other('changed-page', '1.1.0') } });
    house.clock.advance(600 * SECOND);
    house.takeAlarms();
    await house.entries();
    const page = await get('/npm/changed-page');
    expect(Object.keys(page.json.versions)).toEqual(['1.0.0']);
    expect(page.json['dist-tags'].latest).toBe('1.0.0');
    expect(house.takeAlarms()).toEqual(['digest-changed']);
    const inLedger = () => house.entries({ type: 'alarm', package: 'changed-page' });
    await expect
      .poll(inLedger)
      .toMatchObject([{ type: 'alarm', code: 'digest-changed', name: 'changed-page', version: '1.1.0' }]);
    // Once for each page that is made, not for each that is sent.
    await get('/npm/changed-page');
    expect(house.takeAlarms()).toEqual([]);
  });

  test('bytes that change under the same declared digest are refused; the kept ones are served on', async () => {
    house.registry.addNpm('bytes-changed', { '1.0.0': {} });
    const first = await get(tarballPath('bytes-changed', '1.0.0'));
    house.registry.withFault(/bytes-changed-1/, { kind: 'body', body: other('bytes-changed') });
    house.takeAsked();
    expect((await get(tarballPath('bytes-changed', '1.0.0'))).body.equals(first.body)).toBe(true);
    expect(house.takeAsked()).toEqual([]);
    await house.house.ports.vault.evict(0, () => false);
    expect(codes(await get(tarballPath('bytes-changed', '1.0.0')))).toEqual([403, 'DIGEST_MISMATCH']);
    house.registry.clearFaults();
    expect((await get(tarballPath('bytes-changed', '1.0.0'))).body.equals(first.body)).toBe(true);
  });

  test('it is remembered over a restart', async () => {
    house.registry.addNpm('restarted', { '1.0.0': {} });
    const first = await get(tarballPath('restarted', '1.0.0'));
    await house.restart();
    house.takeAsked();
    expect((await get(tarballPath('restarted', '1.0.0'))).body.equals(first.body)).toBe(true);
    expect(house.takeAsked().filter((p) => p.endsWith('.tgz'))).toEqual([]);
    house.registry.addNpm('restarted', { '1.0.0': { tarball: other('restarted') } });
    house.clock.advance(600 * SECOND);
    await house.restart();
    house.takeAlarms();
    expect(codes(await get(tarballPath('restarted', '1.0.0')))).toEqual([403, 'DIGEST_CHANGED']);
    expect(house.takeAlarms()).toContain('digest-changed');
  });

  test('two first fetches at once under different content: one is admitted, the other alarmed', async () => {
    house.registry.addNpm('racing', { '1.0.0': {} });
    const old = house.registry.tarball('racing', '1.0.0');
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let arrived = 0;
    const arrive = () => {
      arrived++;
      return held;
    };
    house.registry.withFault(/racing-1/, { kind: 'wait', until: arrive });
    house.registry.withFault(/racing-1/, { kind: 'body', body: old }, 1);
    const one = get(tarballPath('racing', '1.0.0'));
    await expect.poll(() => arrived).toBe(1);
    house.registry.addNpm('racing', { '1.0.0': { tarball: other('racing') } });
    house.clock.advance(600 * SECOND);
    const two = get(tarballPath('racing', '1.0.0'));
    await expect.poll(() => arrived).toBe(2);
    house.takeAlarms();
    release();
    const answers = await Promise.all([one, two]);
    expect(answers.map((a) => a.status).sort()).toEqual([200, 403]);
    expect(answers.find((a) => a.status === 403)?.json.code).toBe('DIGEST_CHANGED');
    expect(house.takeAlarms()).toContain('digest-changed');
    house.registry.clearFaults();
  });
});

describe('the same bytes under another name', () => {
  test('as another kind, of which they show more: the listing of the first leaves them out at once', async () => {
    const metadata = 'Requires-Dist: x @ https://evil.test/x.whl\n';
    const described = makeMetadata({ name: 'two-kinds', version: '1.0.0', metadata });
    const bytes = makeNpmTarball({ name: 'two-kinds', version: '1.0.0' }, { 'PKG-INFO': described });
    house.registry.addNpm('two-kinds', { '0.9.0': {}, '1.0.0': { tarball: bytes } });
    house.registry.addPypi('two-kinds', [{ filename: 'two_kinds-1.0.0.tar.gz', bytes }]);
    const listed = async () => Object.keys((await get('/npm/two-kinds')).json.versions);
    expect(codes(await get(tarballPath('two-kinds', '1.0.0')))).toEqual([200]);
    expect(await listed()).toEqual(['0.9.0', '1.0.0']);
    expect(codes(await get('/pypi/files/two-kinds/two_kinds-1.0.0.tar.gz'))).toEqual([403, 'DIRECT_URL']);
    expect(codes(await get(tarballPath('two-kinds', '1.0.0')))).toEqual([403, 'DIRECT_URL']);
    expect(await listed()).toEqual(['0.9.0']);
  });

  test('are inspected as their own, and do not harm the package that they are of', async () => {
    house.registry.addNpm('twin-of', { '1.0.0': {}, '1.1.0': {} });
    const bytes = house.registry.tarball('twin-of', '1.0.0');
    expect((await get(tarballPath('twin-of', '1.0.0'))).body.equals(bytes)).toBe(true);
    house.registry.addNpm('twin', { '1.0.0': { tarball: bytes } });
    house.takeAsked();
    expect(codes(await get(tarballPath('twin', '1.0.0')))).toEqual([403, 'METADATA_MISMATCH']);
    expect(house.takeAsked()).toContain('GET /npm-up/twin/-/twin-1.0.0.tgz');
    // Whoever can publish under one admitted name must not be able to have another one refused.
    expect((await get(tarballPath('twin-of', '1.0.0'))).body.equals(bytes)).toBe(true);
    expect(Object.keys((await get('/npm/twin-of')).json.versions)).toEqual(['1.0.0', '1.1.0']);
    await house.restart();
    expect((await get(tarballPath('twin-of', '1.0.0'))).body.equals(bytes)).toBe(true);
    expect(codes(await get(tarballPath('twin', '1.0.0')))).toEqual([403, 'METADATA_MISMATCH']);
  });

  test('the other way round: seen first as what they are not', async () => {
    house.registry.addNpm('twin-of', { '3.0.0': {} });
    const bytes = house.registry.tarball('twin-of', '3.0.0');
    house.registry.addNpm('twin', { '3.0.0': { tarball: bytes } });
    house.clock.advance(600 * SECOND);
    expect(codes(await get(tarballPath('twin', '3.0.0')))).toEqual([403, 'METADATA_MISMATCH']);
    expect((await get(tarballPath('twin-of', '3.0.0'))).body.equals(bytes)).toBe(true);
    expect(codes(await get(tarballPath('twin', '3.0.0')))).toEqual([403, 'METADATA_MISMATCH']);
    expect((await get(tarballPath('twin-of', '3.0.0'))).body.equals(bytes)).toBe(true);
  });
});
