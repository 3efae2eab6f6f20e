import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { IndexAnswer } from '../../src/upstream/upstream.ts';
import { ACCEPT_JSON, ACCEPT_SIMPLE, faultOf, world } from './world.ts';

const w = world();

const ask = (path = 'a', upstream = w.upstream) => upstream.index(w.npm, path, ACCEPT_JSON, null);

function document(answer: IndexAnswer) {
  if (answer.kind !== 'document') throw new Error(answer.kind);
  const bytes = Buffer.concat(answer.chunks);
  expect(answer.length).toBe(bytes.length);
  return { bytes, validators: answer.validators };
}

describe('a registry that misbehaves', () => {
  test.each([
    ['hangs before it answers', { kind: 'hang' }, 'UPSTREAM_TIMEOUT'],
    ['hangs in the middle', { kind: 'hang-after', bytes: 10 }, 'UPSTREAM_TIMEOUT'],
    ['resets at once, each time', { kind: 'reset' }, 'UPSTREAM_FAULT'],
    ['resets in the middle', { kind: 'reset', bytes: 10 }, 'UPSTREAM_FAULT'],
    ['cuts a chunked body', { kind: 'cut', bytes: 10 }, 'UPSTREAM_FAULT'],
    ['declares more than it sends', { kind: 'length', off: 10 }, 'UPSTREAM_FAULT'],
    ['sends a page with 200', { kind: 'status', status: 200 }, 'INDEX_UNREADABLE 200'],
    ['is broken', { kind: 'status', status: 500 }, 'UPSTREAM_FAULT 500'],
    ['is away, each time', { kind: 'status', status: 503 }, 'UPSTREAM_FAULT 503'],
    ['forbids', { kind: 'status', status: 403 }, 'UPSTREAM_FAULT 403'],
    ['answers 204', { kind: 'status', status: 204, html: '' }, 'UPSTREAM_FAULT 204'],
    ['answers 206', { kind: 'status', status: 206 }, 'UPSTREAM_FAULT 206'],
    ['answers 304 to nothing', { kind: 'status', status: 304, html: '' }, 'UPSTREAM_FAULT 304'],
    ['packs it unknown', { kind: 'headers', headers: { 'content-encoding': 'zstd' } }, 'INDEX_UNREADABLE'],
    [
      'packs it twice',
      { kind: 'headers', headers: { 'content-encoding': 'gzip, gzip' } },
      'INDEX_UNREADABLE',
    ],
    ['packs nonsense', { kind: 'headers', headers: { 'content-encoding': 'br' } }, 'INDEX_UNREADABLE'],
    ['redirects to nowhere', { kind: 'redirect', to: '' }, 'UPSTREAM_FAULT 302'],
    ['redirects to itself', { kind: 'redirect', to: '/npm-up/a' }, 'UPSTREAM_FAULT'],
    ['redirects to a file', { kind: 'redirect', to: 'file:///etc/passwd' }, 'UPSTREAM_FAULT 302'],
    ['redirects to metadata', { kind: 'redirect', to: 'http://169.254.169.254/latest/' }, 'UPSTREAM_FAULT'],
    ['redirects elsewhere', { kind: 'redirect', to: 'http://elsewhere.invalid/a' }, 'UPSTREAM_FAULT'],
    ['redirects to another port', { kind: 'redirect', to: 'http://127.0.0.1:1/a' }, 'UPSTREAM_FAULT'],
  ] as const)('%s', async (_, fault, expected) => {
    w.registry.addNpm('a', { '1.0.0': {} });
    w.registry.withFault('/npm-up/a', fault);
    expect(await faultOf(ask())).toBe(expected);
  });

  test('drips: the time for a whole index is bounded though each wait is short', async () => {
    w.registry.addNpm('a', { '1.0.0': {} });
    w.registry.withFault('/npm-up/a', { kind: 'drip', bytesPerSecond: 60 });
    const upstream = w.open({ limits: { indexTime: 600 } });
    const from = performance.now();
    expect(await faultOf(ask('a', upstream))).toBe('UPSTREAM_TIMEOUT');
    expect(performance.now() - from).toBeLessThan(1500);
  });

  test.each([false, true])('sends more than the cap (packed: %s)', async (gzip) => {
    w.registry.addNpm('a', { '1.0.0': {} });
    w.registry.withFault('/npm-up/a', { kind: 'huge', bytes: 50 << 20, gzip });
    const upstream = w.open({ limits: { indexBytes: 1 << 20 } });
    expect(await faultOf(ask('a', upstream))).toBe('TOO_LARGE');
  });

  test('declares more than the cap: refused before the body', async () => {
    w.registry.addNpm('a', { '1.0.0': { manifest: { description: 'x'.repeat(5000) } } });
    w.registry.withFault('/npm-up/a', { kind: 'headers', headers: { 'content-encoding': 'identity' } });
    const upstream = w.open({ limits: { indexBytes: 500 } });
    w.registry.withFault('/npm-up/a', { kind: 'body', body: 'x'.repeat(5000) });
    expect(await faultOf(ask('a', upstream))).toBe('TOO_LARGE');
  });

  test('ends a packed body early: unreadable, not half a document', async () => {
    const packed = gzipSync(JSON.stringify({ name: 'a', versions: {} }));
    w.registry.addNpm('a', { '1.0.0': {} });
    w.registry.withFault('/npm-up/a', { kind: 'body', body: packed.subarray(0, packed.length - 9) });
    w.registry.withFault('/npm-up/a', { kind: 'headers', headers: { 'content-encoding': 'gzip' } });
    expect(await faultOf(ask())).toBe('INDEX_UNREADABLE');
  });
});

describe('tries again', () => {
  test.each([
    ['a reset before the first byte', { kind: 'reset' }],
    ['502', { kind: 'status', status: 502 }],
    ['503', { kind: 'status', status: 503 }],
    ['504', { kind: 'status', status: 504 }],
  ] as const)('after %s, twice at most', async (_, fault) => {
    w.registry.addNpm('a', { '1.0.0': {} });
    w.registry.withFault('/npm-up/a', fault, 2);
    document(await ask());
    expect(w.registry.requests.length).toBe(3);
    w.registry.withFault('/npm-up/a', fault, 3);
    await faultOf(ask());
    expect(w.registry.requests.length).toBe(6);
  });

  test.each([
    ['500', { kind: 'status', status: 500 }],
    ['429', { kind: 'status', status: 429 }],
    ['a timeout', { kind: 'hang' }],
    ['a reset after the first byte', { kind: 'reset', bytes: 10 }],
  ] as const)('not after %s', async (_, fault) => {
    w.registry.addNpm('a', { '1.0.0': {} });
    w.registry.withFault('/npm-up/a', fault, 1);
    await faultOf(ask());
    expect(w.registry.requests.length).toBe(1);
  });
});

test('a registry that nobody runs is a fault', async () => {
  const source = { ...w.npm, base: 'http://127.0.0.1:1/npm/' };
  expect(await faultOf(w.upstream.index(source, 'a', ACCEPT_JSON, null))).toBe('UPSTREAM_FAULT');
});

test('the same bytes arrive, packed or not, with their validators, and 304 when nothing changed', async () => {
  w.registry.addNpm('@s/a', { '1.0.0': {} });
  const first = document(await ask('@s%2fa'));
  expect(JSON.parse(first.bytes.toString())).toMatchObject({ name: '@s/a' });
  expect(first.validators.etag).toMatch(/^"/);
  expect(await w.upstream.index(w.npm, '@s%2fa', ACCEPT_JSON, first.validators)).toEqual({
    kind: 'not-modified',
  });
  w.registry.addNpm('@s/a', { '1.0.1': {} });
  document(await w.upstream.index(w.npm, '@s%2fa', ACCEPT_JSON, first.validators));
  w.registry.etags = false;
  expect(document(await ask('@s%2fa')).validators).toEqual({ etag: null, lastModified: null });
});

test.each([404, 410] as const)('%s is absent', async (status) => {
  w.registry.addNpm('a', { '1.0.0': {} });
  w.registry.withFault('/npm-up/a', { kind: 'vanish', status });
  expect(await ask()).toEqual({ kind: 'absent' });
  expect(await ask('none')).toEqual({ kind: 'absent' });
});

test('HTML is an index where it was asked for', async () => {
  w.registry.addPypi('six', [{ filename: 'six-1.0-py3-none-any.whl' }]);
  const answer = await w.upstream.index(
    w.pypi,
    'six/',
    'application/vnd.pypi.simple.v1+html, text/html',
    null,
  );
  expect(document(answer).bytes.toString()).toContain('six-1.0-py3-none-any.whl');
  document(await w.upstream.index(w.pypi, 'six/', ACCEPT_SIMPLE, null));
});

test('a redirect to another origin is not followed, not even to where files are', async () => {
  w.registry.addNpm('a', { '1.0.0': {} });
  w.registry.addPypi('six', [{ filename: 'six-1.0.tar.gz' }]);
  w.registry.withFault('/npm-up/a', { kind: 'redirect', to: w.registry.fileUrl('six-1.0.tar.gz') });
  const source = { ...w.npm, fileOrigins: [w.registry.filesOrigin], authorization: 'Bearer canary' };
  expect(await faultOf(w.upstream.index(source, 'a', ACCEPT_JSON, null))).toBe('UPSTREAM_FAULT');
  expect(w.registry.pathsAsked()).toEqual(['GET /npm-up/a']);
});

test('a redirect inside the origin is followed, three times and no more', async () => {
  w.registry.addNpm('d', { '1.0.0': {} });
  for (const [from, to] of ['ab', 'bc', 'cd']) {
    w.registry.withFault(`/npm-up/${from}`, { kind: 'redirect', to: `/npm-up/${to}`, status: 308 });
  }
  document(await ask('a'));
  w.registry.withFault('/npm-up/d', { kind: 'redirect', to: '/npm-up/e' });
  expect(await faultOf(ask('a'))).toBe('UPSTREAM_FAULT');
  expect(w.registry.pathsAsked()).not.toContain('GET /npm-up/e');
});

test.each([
  '',
  '/a',
  '//evil.invalid/a',
  'http://evil.invalid/a',
  'file:///etc/passwd',
  '../a',
  'a/../../b',
  '%2e%2e/a',
  'a/%2E%2e/b',
  './a',
  'a\\..\\b',
  'a?x=1',
  'a#x',
  'a b',
  'a\r\nx: y',
  'a\0',
  'ä',
  'a'.repeat(5000),
])('a path that is not plain is never asked: %j', async (path) => {
  expect(await faultOf(ask(path))).toBe('UPSTREAM_FAULT');
  expect(w.registry.requests).toEqual([]);
});

test.each([
  'http://user:secret@127.0.0.1/npm/',
  'ftp://127.0.0.1/npm/',
  'http://127.0.0.1/npm',
  'http://127.0.0.1/npm/?x=/',
  'not an address',
])('a base that is not plain is never asked: %s', async (base) => {
  expect(await faultOf(w.upstream.index({ ...w.npm, base }, 'a', ACCEPT_JSON, null))).toBe('UPSTREAM_FAULT');
});

test('what is sent is ours: these headers and no other', async () => {
  w.registry.addNpm('a', { '1.0.0': {} });
  await w.upstream.index(w.npm, 'a', ACCEPT_JSON, {
    etag: '"x"',
    lastModified: 'Wed, 01 Jan 2020 00:00:00 GMT',
  });
  expect(w.registry.requests[0]?.headers).toEqual({
    host: new URL(w.registry.origin).host,
    connection: 'keep-alive',
    'user-agent': 'sallyport/0.0.0-test',
    accept: ACCEPT_JSON,
    'accept-encoding': 'gzip, br',
    'if-none-match': '"x"',
    'if-modified-since': 'Wed, 01 Jan 2020 00:00:00 GMT',
  });
});

test('a validator with a line break is not sent', async () => {
  w.registry.addNpm('a', { '1.0.0': {} });
  const work = w.upstream.index(w.npm, 'a', ACCEPT_JSON, { etag: '"x"\r\nx-evil: 1', lastModified: null });
  expect(await faultOf(work)).toBe('UPSTREAM_FAULT');
  expect(w.registry.requests).toEqual([]);
});
