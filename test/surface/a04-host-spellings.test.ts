import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowing, tarballPath } from '../admission/harness.ts';
import { makeNpmTarball } from '../verify/archives.ts';
import { heading } from './attacks.ts';
import { type Foreign, get, parseAnswer, portOf, raw, sendRaw, server, startForeign } from './server.ts';

describe(heading('A04'), () => {
  const house = server({ policy: allowing(['lib'], ['wheel']) });
  let foreign: Foreign;
  beforeAll(async () => {
    foreign = await startForeign();
    // The origins of files are known from here on: the first one is learned, another one is an alarm.
    const { registry } = house();
    const tarball = makeNpmTarball({ name: 'lib', version: '0.1.0' });
    registry.addPypi('blobs', [{ filename: 'lib-0.1.0.tgz', bytes: tarball }]);
    registry.addNpm('lib', { '0.1.0': { tarball, tarballUrl: registry.fileUrl('lib-0.1.0.tgz') } });
    registry.addPypi('wheel', [{ filename: 'wheel-0.1-py3-none-any.whl' }]);
    expect((await house().ask(tarballPath('lib', '0.1.0'))).status).toBe(200);
    expect((await house().ask('/pypi/files/wheel/wheel-0.1-py3-none-any.whl')).status).toBe(200);
  });
  afterAll(() => foreign.close());

  // `own` is the upstream, `evil` who must not be dialled.
  const SPELLINGS: [string, (own: string, evil: string) => string][] = [
    ['the upstream as user', (own, evil) => `http://${own}@${evil}/lib.tgz`],
    [
      'the upstream as user and password',
      (own, evil) => `http://${own.replace(':', '%3a')}:x@${evil}/lib.tgz`,
    ],
    ['a backslash before the true host', (own, evil) => `http://${evil}\\@${own}/lib.tgz`],
    ['a slash in the user', (own, evil) => `http://${evil}/@${own}/lib.tgz`],
    ['a NUL', (own, evil) => `http://${own}\0.${evil}/lib.tgz`],
    ['a packed NUL', (own, evil) => `http://${own}%00@${evil}/lib.tgz`],
    ['a line break', (own, evil) => `http://${evil}\r\n@${own}/lib.tgz`],
    ['a tab within', (_, evil) => `http://127.0.0\t.1:${evil.split(':')[1]}/lib.tgz`],
    ['a dot at the end', (_, evil) => `http://127.0.0.1.:${evil.split(':')[1]}/lib.tgz`],
    ['full-width digits', (_, evil) => `http://１２７.０.０.１:${evil.split(':')[1]}/lib.tgz`],
    ['a full stop of another script', (_, evil) => `http://127。0。0。1:${evil.split(':')[1]}/lib.tgz`],
    ['a fragment', (own, evil) => `http://${evil}#@${own}/lib.tgz`],
    ['a query', (own, evil) => `http://${evil}?@${own}/lib.tgz`],
    ['no protocol', (_, evil) => `//${evil}/lib.tgz`],
    ['one slash', (_, evil) => `http:/${evil}/lib.tgz`],
    ['another port', (_, evil) => `http://${evil}/lib.tgz`],
    ['another scheme', (_, evil) => `https://${evil}/lib.tgz`],
    ['a name for the same address', (_, evil) => `http://localhost:${evil.split(':')[1]}/lib.tgz`],
  ];
  test.each(SPELLINGS)('%s: nobody but the upstream is dialled', async (_, url) => {
    const own = new URL(house().registry.origin).host;
    const address = url(own, `127.0.0.1:${foreign.port}`);
    house().registry.addNpm('lib', { '1.0.0': { tarballUrl: address } });
    house().registry.addPypi('wheel', [{ filename: 'wheel-1.0-py3-none-any.whl', url: address }]);
    house().clock.advance(3_600_000);
    const answers = [
      await house().ask(tarballPath('lib', '1.0.0')),
      await house().ask('/pypi/files/wheel/wheel-1.0-py3-none-any.whl'),
    ];
    for (const answer of answers) expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(foreign.heard).toEqual([]);
  });

  test('no address of a document that is served has another host than ours', async () => {
    house().registry.addNpm('lib', {
      '1.0.0': {
        tarballUrl: `http://127.0.0.1:${foreign.port}/x.tgz`,
        manifest: { homepage: 'http://evil.test/' },
      },
    });
    house().clock.advance(3_600_000);
    for (const path of ['/npm/lib', '/pypi/simple/wheel/']) {
      const { text } = await house().ask(path);
      for (const [address] of text.matchAll(/https?:\/\/[^"'\s<>\\]+/g))
        expect(new URL(address).origin).toBe(house().url);
    }
  });

  test.each([
    'evil.test',
    '127.0.0.1.evil.test',
    'evil.test:80',
    '127.0.0.1@evil.test',
    '127.0.0.1\t',
    '127.0.0.1:PORT.evil.test',
    '127.0.0.1.:PORT',
    'localhost.:PORT',
    '[::1]@evil.test',
    '127.1:PORT',
    '2130706433:PORT',
    '127.0.0.1:PORT, evil.test',
  ])('our own name as %s is not ours', async (host) => {
    const line = `Host: ${host.replace('PORT', String(portOf(house())))}`;
    const bytes = `GET /npm/lib HTTP/1.1\r\n${line}\r\nConnection: close\r\n\r\n`;
    const answer = parseAnswer(await sendRaw(portOf(house()), bytes));
    expect([400, 421]).toContain(answer.status);
    expect(answer.body.toString()).not.toContain('evil');
  });

  test('two Hosts are none', async () => {
    expect((await raw(house(), 'GET /npm/lib HTTP/1.1', ['Host: evil.test'])).status).toBe(421);
    expect((await get(house(), '/npm/lib')).status).toBe(200);
  });
});
