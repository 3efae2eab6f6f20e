import { describe, expect, test } from 'vitest';
import { allowing, DAY, START, tarballPath } from '../admission/harness.ts';
import { heading } from './attacks.ts';
import { server } from './server.ts';

const NAMES = ['lib', 'aged', 'waived'];
const WHEEL = '/pypi/files/wheel/wheel-1.0-py3-none-any.whl';

describe(heading('A28'), () => {
  const open = allowing(NAMES, ['wheel']);
  const house = server({ policy: open }, ({ registry }) => {
    for (const name of NAMES) registry.addNpm(name, { '1.0.0': {} });
    registry.addNpm('aged', { '1.0.0': { time: new Date(START - 5 * DAY).toISOString() } });
    registry.addPypi('wheel', [
      {
        filename: 'wheel-1.0-py3-none-any.whl',
        coreMetadata: 'right',
        uploadTime: new Date(START - 5 * DAY).toISOString(),
      },
    ]);
  });
  const PATHS = ['/npm/lib', '/npm/lib/1.0.0', tarballPath('lib', '1.0.0')];

  test('approved, fetched, denied: the next request is refused on every route, by every form of request', async () => {
    const etags: string[] = [];
    for (const path of PATHS) {
      const { status, headers } = await house().ask(path);
      expect(status).toBe(200);
      etags.push(headers['etag'] ?? '"none"');
    }
    expect(await house().setPolicy(`${open}deny:\n  - { npm: lib, reason: malicious }\n`)).toBe(true);
    house().takeAsked();
    for (const [i, path] of PATHS.entries()) {
      for (const headers of [{}, { 'if-none-match': etags[i] ?? '' }, { range: 'bytes=0-99' }]) {
        const answer = await house().ask(path, { headers });
        expect([path, answer.status, answer.json.code]).toEqual([path, 403, 'DENIED']);
      }
      expect((await house().ask(path, { method: 'HEAD' })).status).toBe(403);
    }
  });

  test('taken from the list; a stricter requirement; a frozen profile', async () => {
    expect(await house().setPolicy(open)).toBe(true);
    expect((await house().ask(tarballPath('aged', '1.0.0'))).status).toBe(200);
    expect((await house().ask(WHEEL)).status).toBe(200);
    const STRICTER: [string, string][] = [
      [`${open}requirements: { npm: { age: 30d }, pypi: { age: 30d } }\n`, 'TOO_YOUNG'],
      [allowing(['lib']), 'NOT_ALLOWLISTED'],
      [`${open}mode: frozen\n`, 'NOT_PINNED'],
      [`${open}internal: [aged, wheel]\n`, 'NOT_ALLOWLISTED'],
    ];
    for (const [policy, code] of STRICTER) {
      expect(await house().setPolicy(policy)).toBe(true);
      for (const path of [tarballPath('aged', '1.0.0'), WHEEL, `${WHEEL}.metadata`]) {
        const answer = await house().ask(path);
        expect([code, path, answer.status]).toEqual([code, path, 403]);
        expect(answer.json.code).toBe(code);
      }
      expect(await house().setPolicy(open)).toBe(true);
      expect((await house().ask(tarballPath('aged', '1.0.0'))).status).toBe(200);
    }
  });

  test('yanked, quarantined or withdrawn upstream: cached bytes are no answer', async () => {
    expect((await house().ask(WHEEL)).status).toBe(200);
    house().registry.addPypi('wheel', [{ filename: 'wheel-1.0-py3-none-any.whl' }], {
      status: 'quarantined',
    });
    house().clock.advance(300_000);
    const quarantined = await house().ask(WHEEL);
    expect([quarantined.status, quarantined.json.code]).toEqual([403, 'QUARANTINED_UPSTREAM']);
    house().registry.removeNpm('waived', '1.0.0');
    expect((await house().ask(tarballPath('waived', '1.0.0'))).status).toBe(403);
  });

  test('an end that comes by itself: a page is not used past it', async () => {
    const until = new Date(START + 2 * DAY).toISOString();
    const observed = `profile: default\nmode: observe\nuntil: ${until.slice(0, 10)}\nallow: []\n`;
    expect(await house().setPolicy(observed)).toBe(true);
    const page = await house().ask('/npm/lib');
    expect(page.status).toBe(200);
    house().clock.set(START + 3 * DAY);
    const after = await house().ask('/npm/lib', { headers: { 'if-none-match': page.headers['etag'] ?? '' } });
    expect(after.status).toBe(403);
    expect((await house().ask(tarballPath('lib', '1.0.0'))).status).toBe(403);
  });
});
