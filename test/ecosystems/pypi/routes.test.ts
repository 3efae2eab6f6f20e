import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { negotiate } from '../../../src/ecosystems/pypi/accept.ts';
import { pypi } from '../../../src/ecosystems/pypi/pypi.ts';

const JSON_V1 = 'application/vnd.pypi.simple.v1+json';
const request = { method: 'GET', accept: JSON_V1, userAgent: '', query: '' };
const route = (path: string, changes: Partial<typeof request> = {}) =>
  pypi.route(path, { ...request, ...changes });

const WHEEL = 'six-1.16.0-py2.py3-none-any.whl';

describe('what is no route', () => {
  test.each([
    '',
    '/',
    'six/json',
    'legacy/',
    'pypi',
    'simple/six/index.html',
    'simple/six/x/y',
    'files/',
    'files',
    'files/six',
    `files/six/${WHEEL}/x`,
    `files/six/${WHEEL}.asc`,
    'files/six/six-1.16.0.tar.gz.metadata',
    `integrity/six/1.16.0/${WHEEL}`,
    `integrity/six/1.16.0/${WHEEL}/publish`,
    '-/v1/search',
  ])('%j', (path) => expect(route(path)).toBeNull());
});

describe('what is malformed', () => {
  test.each([
    'simple/..%2fsix/',
    'simple/%2e%2e/six/',
    'simple/%252e%252e/',
    'simple/../files/six/',
    'simple/./six/',
    'simple/six%2f',
    'simple/s%69x/', // a needless escape
    'simple/foo%2ebar/',
    'simple/six%00/',
    'simple/six\u0000/',
    'simple/six\r\nx/',
    'simple\\six/',
    'simple/%5csix/',
    'simple/-six/',
    'simple/__proto__/',
    'simple/s\u00efx/',
    'simple/six?x/',
    `simple/${'a'.repeat(129)}/`,
    `simple/${'a'.repeat(4096)}/`,
    '%73imple/six/',
    'x%2fy',
    '../simple/six/',
    'files/six/',
    'files/Six/six-1.16.0.tar.gz',
    'files/six/sax-1.16.0.tar.gz',
    'files/six/six-1.16.0.egg',
    'files/six/six-1.16.0%2Etar.gz',
    'files/six/six-1.16.0.tar.gz%00',
    'files/torch/torch-2.0%252Bcpu-py3-none-any.whl',
    'files/six/..',
    'files/__proto__/six-1.16.0.tar.gz',
    `integrity/six/1.17.0/${WHEEL}/provenance`,
    `integrity/six/latest/${WHEEL}/provenance`,
    `integrity/Six/1.16.0/${WHEEL}/provenance`,
    'integrity/six/1.16.0/x.whl/provenance',
  ])('%j', (path) => expect(route(path)).toEqual({ kind: 'malformed' }));
});

describe('routes', () => {
  test.each([
    ['simple/', { kind: 'names', representation: 'json' }],
    ['/simple/', { kind: 'names', representation: 'json' }],
    ['simple', { kind: 'redirect', to: 'simple/' }],
    ['simple/six/', { kind: 'index', name: 'six', representation: 'json' }],
    ['simple//six/', { kind: 'index', name: 'six', representation: 'json' }],
    ['simple//six///', { kind: 'index', name: 'six', representation: 'json' }],
    ['simple/constructor/', { kind: 'index', name: 'constructor', representation: 'json' }],
    ['simple/six', { kind: 'redirect', to: 'simple/six/' }],
    ['simple/Foo._-Bar/', { kind: 'redirect', to: 'simple/foo-bar/' }],
    ['simple/zope.interface', { kind: 'redirect', to: 'simple/zope-interface/' }],
    ['simple/pip/', { kind: 'self-check', name: 'pip', representation: 'json' }],
    ['simple/Pip', { kind: 'redirect', to: 'simple/pip/' }],
    [`files/six/${WHEEL}`, { kind: 'artifact', name: 'six', filename: WHEEL }],
    [`files/six/${WHEEL}.metadata`, { kind: 'metadata', name: 'six', filename: WHEEL }],
    ['files/six/six-1.16.0.tar.gz', { kind: 'artifact', name: 'six', filename: 'six-1.16.0.tar.gz' }],
    [
      'files/zope-interface/zope.interface-6.0.tar.gz',
      { kind: 'artifact', name: 'zope-interface', filename: 'zope.interface-6.0.tar.gz' },
    ],
    ...['+', '%2B', '%2b'].map((plus): [string, object] => [
      `files/torch/torch-2.0${plus}cpu-py3-none-any.whl`,
      { kind: 'artifact', name: 'torch', filename: 'torch-2.0+cpu-py3-none-any.whl' },
    ]),
    [
      `integrity/six/1.16/${WHEEL}/provenance`,
      { kind: 'attestations', name: 'six', version: '1.16.0', filename: WHEEL },
    ],
  ])('%s', (path, expected) => expect(route(path)).toEqual(expected));

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'get', ''])('%s is a write anywhere', (method) => {
    for (const path of ['legacy/', 'pypi', 'simple/six/', `files/six/${WHEEL}`, '%00']) {
      expect(route(path, { method })).toEqual({ kind: 'write' });
    }
  });

  test('HEAD is read like GET', () => {
    expect(route(`files/six/${WHEEL}`, { method: 'HEAD' })).toMatchObject({ kind: 'artifact' });
  });

  test('the made-up wheel and its metadata are always a refusal', () => {
    const filename = 'six-0+refused.not.on.the.allowlist-py3-none-any.whl';
    const blocked = { kind: 'blocked', name: 'six', filename };
    for (const spelled of [filename, filename.replace('+', '%2B')]) {
      expect(route(`files/six/${spelled}`)).toEqual(blocked);
      expect(route(`files/six/${spelled}.metadata`)).toEqual(blocked);
    }
    expect(route(`integrity/six/0+refused.not.on.the.allowlist/${filename}/provenance`)).toEqual(blocked);
  });

  test('no path and no header make it throw; what it names is canonical', () => {
    const piece = fc.constantFrom(
      'simple',
      'files',
      'integrity',
      'six',
      'Six',
      '/',
      '//',
      '..',
      '%',
      '%2e',
      '%2B',
      WHEEL,
      '.metadata',
      'pip',
      '\u0000',
      '\ud800',
      'provenance',
    );
    const path = fc.oneof(
      fc.string(),
      fc.array(fc.oneof(piece, fc.string({ maxLength: 3 }))).map((p) => p.join('')),
    );
    fc.assert(
      fc.property(path, fc.constantFrom('GET', 'HEAD', 'POST'), fc.string(), (target, method, accept) => {
        const found = route(target, { method, accept });
        if (found && 'name' in found) expect(pypi.versions.canonicalName(found.name)).toBe(found.name);
        if (found?.kind === 'redirect') expect(found.to).toMatch(/^simple\/([a-z0-9-]+\/)?$/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('negotiate', () => {
  test.each([
    ['', 'html'],
    ['*/*', 'html'],
    ['text/html', 'html'],
    ['application/json', 'html'],
    ['nonsense', 'html'],
    [JSON_V1, 'json'],
    [JSON_V1.toUpperCase(), 'json'],
    ['application/vnd.pypi.simple.latest+json', 'json'],
    ['application/vnd.pypi.simple.v1+html', 'v1+html'],
    ['application/vnd.pypi.simple.latest+html', 'v1+html'],
    ['application/vnd.pypi.simple.v2+json', 'html'],
    // What pip, uv, poetry and a browser send.
    [`${JSON_V1}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01`, 'json'],
    [`${JSON_V1}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01`, 'json'],
    [`${JSON_V1}, */*;q=0.1`, 'json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'html'],
    [`text/html, ${JSON_V1}, application/vnd.pypi.simple.v1+html`, 'json'],
    [`${JSON_V1};q=0.2, text/html;q=0.9`, 'html'],
    [`${JSON_V1};q=0`, 'html'],
    [`${JSON_V1};q=0, application/vnd.pypi.simple.v1+html`, 'v1+html'],
    [`${JSON_V1};q=7, application/vnd.pypi.simple.v1+html;q=0.1`, 'v1+html'],
    [`${JSON_V1},${' '.repeat(3000)}`, 'html'],
  ])('%j: %s', (accept, expected) => expect(negotiate(accept)).toBe(expected));
});
