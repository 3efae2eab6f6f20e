import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { DAY, START, startHouse, type TestHouse, tarballPath } from '../admission/harness.ts';
import { makeWheel } from '../verify/archives.ts';

// What is said of one file, or while a profile only observes, said of no other and remembered of none.

let house: TestHouse | undefined;
afterEach(async () => {
  await house?.remove();
  house = undefined;
});

const JSON_PAGE = { headers: { accept: 'application/vnd.pypi.simple.v1+json' } };
const hex = (bytes: Uint8Array, algorithm = 'sha256') => createHash(algorithm).update(bytes).digest('hex');
const wheelOf = (files: Readonly<Record<string, string>>, tags?: string) =>
  makeWheel({ name: 'gear', version: '1.0', files, ...(tags === undefined ? {} : { tags }) });

describe('a waiver for one of several files of a version', () => {
  const A = 'gear-1.0-py3-none-any.whl';
  const B = 'gear-1.0-py2-none-any.whl';
  const a = wheelOf({ 'a.pth': 'import a\n' });
  const b = wheelOf({ 'b.pth': 'import b\n' }, 'py2-none-any');
  const POLICY = 'profile: default\nallow: [{ pypi: gear }]\n';
  const waiver = (digests: readonly string[]) =>
    `waivers: [{ pypi: gear@1.0, hashes: [${digests.map((one) => `"${one}"`).join(', ')}], lifts: startup-hooks, reason: r, approver: ana, expires: 2026-12-31 }]\n`;

  test.each([
    ['its sha256', [`sha256:${hex(a)}`]],
    ["its sha256, and the sha512 of another's", [`sha256:${hex(a)}`, `sha512:${hex(a, 'sha512')}`]],
  ])('lifts nothing of the other, by %s', async (_, digests) => {
    const h = await startHouse({ policy: POLICY + waiver(digests) });
    house = h;
    const hashes = { sha256: hex(b), sha512: hex(a, 'sha512') };
    h.registry.addPypi('gear', [
      { filename: A, bytes: a },
      // Its index names the digest of the other beside its own.
      { filename: B, bytes: b, hashes },
    ]);
    for (let i = 0; i < 2; i++) {
      expect((await h.ask(`/pypi/files/gear/${A}`)).status).toBe(200);
      expect((await h.ask(`/pypi/files/gear/${B}`)).status).toBe(403);
    }
    h.registry.addPypi('gear', [{ filename: B, bytes: b }]);
    h.clock.advance(DAY);
    const own = await h.ask(`/pypi/files/gear/${B}`);
    expect([own.status, own.json.code]).toEqual([403, 'STARTUP_HOOK']);
    const page = await h.ask('/pypi/simple/gear/', JSON_PAGE);
    const usable = page.json.files.filter((one: { yanked: unknown }) => !one.yanked);
    expect(usable.map((one: { filename: string }) => one.filename)).toEqual([A]);
  });
});

describe('mode observe', () => {
  const UNTIL = new Date(START + 30 * DAY).toISOString().replace('.000', '');
  const OBSERVE = `profile: default\nmode: observe\nuntil: ${UNTIL}\n`;
  const WHEEL = 'gear-1.0-py3-none-any.whl';

  test('however a file is asked for, none of it is remembered as admitted', async () => {
    const h = await startHouse({ policy: OBSERVE });
    house = h;
    h.registry.addPypi('gear', [{ filename: WHEEL, bytes: wheelOf({ 'x.py': '1' }) }]);
    h.registry.addNpm('gear', { '1.0.0': {}, '2.0.0': {} });
    const file = `/pypi/files/gear/${WHEEL}`;
    for (const path of [`${file}.metadata`, file, tarballPath('gear', '2.0.0')]) {
      expect((await h.ask(path, { method: 'HEAD' })).status).toBe(200);
      expect((await h.ask(path, { headers: { range: 'bytes=0-3' } })).status).toBe(206);
      expect((await h.ask(path)).status).toBe(200);
    }
    const { memory } = h.house.ports.ledger;
    for (const [ecosystem, filename] of [
      ['pypi', WHEEL],
      ['npm', 'gear-2.0.0.tgz'],
    ] as const) {
      const name = h.house.ports.ecosystems
        .find(({ id }) => id === ecosystem)
        ?.versions.canonicalName('gear');
      if (!name) throw new Error('no name');
      const facts = await memory.fileFacts({ ecosystem, name }, filename);
      expect([facts.first, facts.carried]).toEqual([null, null]);
    }
    // So there is no floor, and other bytes are no change.
    h.registry.addPypi('gear', [{ filename: WHEEL, bytes: wheelOf({ 'x.py': '2' }) }]);
    h.clock.advance(DAY);
    const strict = 'requirements: { npm: { floor: admitted } }\nallow: [{ npm: gear }, { pypi: gear }]\n';
    expect(await h.setPolicy(`profile: default\n${strict}`)).toBe(true);
    expect((await h.ask(tarballPath('gear', '1.0.0'))).status).toBe(200);
    expect((await h.ask(file)).status).toBe(200);
  });

  test('ends in every page and answer at its instant, whatever was kept', async () => {
    const h = await startHouse({ policy: OBSERVE });
    house = h;
    h.registry.addNpm('gear', { '1.0.0': {} });
    h.registry.addPypi('gear', [{ filename: WHEEL }]);
    const paths = ['/npm/gear', '/npm/gear/latest', '/pypi/simple/gear/', tarballPath('gear', '1.0.0')];
    const tags = new Map<string, string>();
    for (const path of paths) {
      const answer = await h.ask(path);
      expect(answer.status, path).toBe(200);
      tags.set(path, answer.headers['etag'] ?? '');
    }
    h.clock.set(START + 30 * DAY);
    for (const path of [...paths, `/pypi/files/gear/${WHEEL}.metadata`]) {
      const answer = await h.ask(path, { headers: { 'if-none-match': tags.get(path) ?? '*' } });
      expect([path, answer.status >= 400 || !answer.text.includes('sha')]).toEqual([path, true]);
      expect(answer.status, path).not.toBe(304);
    }
    const found = await h.ask('/npm/-/v1/search?text=gear');
    expect(found.json.objects).toEqual([]);
  });
});
