import { describe, expect, test } from 'vitest';
import { allowing, bearer, tokensOf } from '../admission/harness.ts';
import { heading } from './attacks.ts';
import { get, parseAnswer, portOf, raw, sendRaw, server } from './server.ts';

const SCRIPT = '<script>alert(1)</script>';

describe(heading('A17'), () => {
  const house = server({ policy: allowing(['readme'], ['six']) }, ({ registry }) => {
    registry.addNpm('readme', {
      '1.0.0': {
        manifest: {
          readme: SCRIPT,
          description: SCRIPT,
          homepage: `javascript:alert(1)//${SCRIPT}`,
          author: { name: `<img src=x onerror=alert(1)>`, url: 'javascript:alert(1)' },
          bugs: { url: 'javascript:alert(1)' },
          deprecated: SCRIPT,
          license: SCRIPT,
        },
        files: { 'README.md': SCRIPT, 'icon.svg': `<svg onload="alert(1)">${SCRIPT}</svg>` },
      },
    });
    registry.addPypi('six', [
      { filename: 'six-1.0-py3-none-any.whl', yanked: SCRIPT, requiresPython: '">=3<script>' },
      { filename: `six-2.0"onmouseover="alert(1)-py3-none-any.whl` },
      { filename: 'six-3.0-py3-none-any.whl', extra: { 'gpg-sig': SCRIPT, 'dist-info-metadata': SCRIPT } },
    ]);
  });

  const PAGES = [
    '/npm/readme',
    '/npm/readme/1.0.0',
    '/pypi/simple/six/',
    '/pypi/simple/',
    '/npm/nope',
    '/pypi/simple/nope/',
  ];
  test.each(PAGES)('%s repeats no script, and runs none', async (path) => {
    for (const accept of ['text/html', 'application/json', '*/*']) {
      const answer = await house().ask(path, { headers: { accept } });
      expect(answer.text).not.toMatch(/<script|onerror|onmouseover|onload=|javascript:|<svg|<img/i);
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
      if (answer.headers['content-type']?.includes('html')) {
        expect(answer.headers['content-security-policy']).toMatch(/default-src 'none'/);
        expect(answer.headers['content-security-policy']).not.toMatch(/unsafe-inline/);
      }
    }
  });

  test.each([
    `/npm/${SCRIPT}`,
    `/npm/${encodeURIComponent(SCRIPT)}`,
    `/pypi/simple/${encodeURIComponent(SCRIPT)}/`,
    '/%3Cscript%3E',
    '/npm/-/v1/search?text=<script>',
  ])('what is asked for is not repeated: %s', async (path) => {
    const answer = await get(house(), path);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.body.toString()).not.toContain('<script');
    expect(answer.headers.get('content-type') ?? '').not.toContain('html');
  });

  test.each([
    'rebound.evil.test',
    'rebound.evil.test:PORT',
    'localhost.evil.test:PORT',
    '127.0.0.1.nip.test:PORT',
    '0.0.0.0:PORT',
    '',
  ])('by the name %j nothing is answered (DNS rebinding)', async (host) => {
    for (const path of [
      '/npm/readme',
      '/npm/readme/-/readme-1.0.0.tgz',
      '/pypi/simple/six/',
      '/npm/-/v1/search?text=x',
    ]) {
      const lines = `GET ${path} HTTP/1.1\r\nHost: ${host.replace('PORT', String(portOf(house())))}\r\nConnection: close\r\n\r\n`;
      const answer = parseAnswer(await sendRaw(portOf(house()), lines));
      expect([path, answer.status]).toEqual([path, 421]);
      expect(answer.body.toString()).not.toMatch(/readme|sallyport_/);
    }
  });

  test('what probes ask for by any name tells of no package', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      const lines = `GET ${path} HTTP/1.1\r\nHost: rebound.evil.test\r\nConnection: close\r\n\r\n`;
      const answer = parseAnswer(await sendRaw(portOf(house()), lines));
      expect(answer.body.toString()).not.toMatch(/readme|six|evil/);
    }
  });

  test('no answer invites another origin', async () => {
    const origin = [
      'Origin: http://evil.test',
      'Access-Control-Request-Method: POST',
      'Sec-Fetch-Site: cross-site',
    ];
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await raw(house(), `${method} /npm/readme HTTP/1.1`, origin);
      for (const name of answer.headers.keys()) expect(name).not.toMatch(/^access-control/);
    }
  });

  test('a form of a browser changes nothing', async () => {
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data'])
      for (const path of ['/npm/readme', '/api/v1/ledger/entries', '/npm/-/user/x', '/readyz'])
        expect([401, 404, 405]).toContain(
          (await house().ask(path, { method: 'POST', headers: { 'content-type': type }, body: 'a=b' }))
            .status,
        );
  });

  describe('where tokens are needed', () => {
    const guarded = server({ policy: allowing(['readme']), auth: tokensOf({ ann: 'default' }) });
    test('a browser has none by itself: no cookie is ever set', async () => {
      for (const headers of [{}, bearer('ann')]) {
        const answer = await guarded().ask('/npm/readme', { headers });
        expect(answer.headers['set-cookie']).toBeUndefined();
      }
    });
  });
});
