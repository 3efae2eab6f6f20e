import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { Source, Upstream } from '../../src/upstream/upstream.ts';
import { ACCEPT_JSON, faultOf, world } from './world.ts';

const w = world();
const ADDRESS = '-/npm/v1/attestations/@s%2fa@1.0.0';
const PATH = `/npm-up/${ADDRESS}`;
const DOCUMENT = Buffer.from(JSON.stringify({ attestations: [{ bundle: 'x'.repeat(2000) }] }));

/** Limits of a test: the whole time is short, each wait within it is not. */
const open = (limits: object = {}) =>
  w.open({ limits: { evidenceTime: 400, headersTime: 5000, idleTime: 5000, ...limits } });

function ask(
  address = ADDRESS,
  { upstream = w.upstream, source = w.npm }: { upstream?: Upstream; source?: Source } = {},
) {
  return upstream.evidence(source, address, '@s%2fa', ACCEPT_JSON);
}

test('the whole document, unpacked; what is sent is ours: these headers and no other', async () => {
  w.registry.setEvidence(PATH, DOCUMENT);
  expect(await ask(ADDRESS, { source: { ...w.npm, authorization: 'Bearer t' } })).toEqual(DOCUMENT);
  expect(w.registry.pathsAsked()).toEqual([`GET ${PATH}`]);
  expect(w.registry.requests[0]?.headers).toEqual({
    host: new URL(w.registry.origin).host,
    connection: 'keep-alive',
    'user-agent': 'sallyport/0.0.0-test',
    accept: ACCEPT_JSON,
    'accept-encoding': 'gzip, br',
    authorization: 'Bearer t',
  });
});

test.each([404, 410] as const)('%s is none', async (status) => {
  w.registry.setEvidence(PATH, DOCUMENT);
  w.registry.withFault(PATH, { kind: 'vanish', status });
  expect(await ask()).toBeNull();
  expect(w.registry.requests.length).toBe(1);
});

describe('a registry that misbehaves', () => {
  test.each([
    ['is broken', { kind: 'status', status: 500 }, 'UPSTREAM_FAULT 500'],
    ['is away, each time', { kind: 'status', status: 503 }, 'UPSTREAM_FAULT 503'],
    ['forbids', { kind: 'status', status: 403 }, 'UPSTREAM_FAULT 403'],
    ['wants a login', { kind: 'status', status: 401 }, 'UPSTREAM_FAULT 401'],
    ['is asked too much', { kind: 'status', status: 429 }, 'UPSTREAM_FAULT 429'],
    ['sends a page with 200', { kind: 'status', status: 200 }, 'UPSTREAM_FAULT 200'],
    [
      'sends a page of another name',
      { kind: 'body', body: '<p>', contentType: 'Application/XHTML+xml' },
      'UPSTREAM_FAULT 200',
    ],
    ['answers 204', { kind: 'status', status: 204, html: '' }, 'UPSTREAM_FAULT 204'],
    ['answers 206', { kind: 'status', status: 206 }, 'UPSTREAM_FAULT 206'],
    ['answers 304 to nothing', { kind: 'status', status: 304, html: '' }, 'UPSTREAM_FAULT 304'],
    ['sends nothing', { kind: 'body', body: '' }, 'UPSTREAM_FAULT 200'],
    ['hangs before it answers', { kind: 'hang' }, 'UPSTREAM_TIMEOUT'],
    ['hangs in the middle', { kind: 'hang-after', bytes: 10 }, 'UPSTREAM_TIMEOUT'],
    ['sends a byte now and then', { kind: 'drip', bytesPerSecond: 100 }, 'UPSTREAM_TIMEOUT'],
    ['resets at once, each time', { kind: 'reset' }, 'UPSTREAM_FAULT'],
    ['resets in the middle', { kind: 'reset', bytes: 10 }, 'UPSTREAM_FAULT'],
    ['cuts a chunked body', { kind: 'cut', bytes: 10 }, 'UPSTREAM_FAULT'],
    ['declares more than it sends', { kind: 'length', off: 10 }, 'UPSTREAM_FAULT'],
    ['sends 10 MB', { kind: 'huge', bytes: 10 << 20 }, 'TOO_LARGE'],
    ['sends 10 MB, packed small', { kind: 'huge', bytes: 10 << 20, gzip: true }, 'TOO_LARGE'],
    ['declares 10 MB', { kind: 'body', body: Buffer.alloc(10 << 20) }, 'TOO_LARGE'],
    ['packs it unknown', { kind: 'headers', headers: { 'content-encoding': 'zstd' } }, 'INDEX_UNREADABLE'],
    ['packs nonsense', { kind: 'headers', headers: { 'content-encoding': 'br' } }, 'INDEX_UNREADABLE'],
    ['redirects to nowhere', { kind: 'redirect', to: '' }, 'UPSTREAM_FAULT 302'],
    ['redirects to itself', { kind: 'redirect', to: PATH }, 'UPSTREAM_FAULT'],
    ['redirects to another port', { kind: 'redirect', to: 'http://127.0.0.1:1/a' }, 'UPSTREAM_FAULT'],
    ['redirects to metadata', { kind: 'redirect', to: 'http://169.254.169.254/latest/' }, 'UPSTREAM_FAULT'],
    ['redirects elsewhere', { kind: 'redirect', to: 'http://elsewhere.invalid/a' }, 'UPSTREAM_FAULT'],
    ['redirects to a file', { kind: 'redirect', to: 'file:///etc/passwd' }, 'UPSTREAM_FAULT 302'],
  ] as const)('%s', async (_, fault, expected) => {
    w.registry.setEvidence(PATH, DOCUMENT);
    w.registry.withFault(PATH, fault);
    const from = performance.now();
    expect(await faultOf(ask(ADDRESS, { upstream: open() }))).toBe(expected);
    expect(performance.now() - from).toBeLessThan(2000);
  });

  test('ends a packed body early: not half a document', async () => {
    const packed = gzipSync(DOCUMENT);
    w.registry.setEvidence(PATH, DOCUMENT);
    w.registry.withFault(PATH, { kind: 'body', body: packed.subarray(0, packed.length - 9) });
    w.registry.withFault(PATH, { kind: 'headers', headers: { 'content-encoding': 'gzip' } });
    expect(await faultOf(ask())).toBe('INDEX_UNREADABLE');
  });

  test('packs nothing: nothing', async () => {
    w.registry.setEvidence(PATH, DOCUMENT);
    w.registry.withFault(PATH, { kind: 'body', body: gzipSync('') });
    w.registry.withFault(PATH, { kind: 'headers', headers: { 'content-encoding': 'gzip' } });
    expect(await faultOf(ask())).toBe('UPSTREAM_FAULT 200');
  });

  test('sends just what is allowed, and one byte more', async () => {
    w.registry.setEvidence(PATH, DOCUMENT);
    const limit = (evidenceBytes: number) => ({ upstream: w.open({ limits: { evidenceBytes } }) });
    expect(await ask(ADDRESS, limit(DOCUMENT.length))).toEqual(DOCUMENT);
    expect(await faultOf(ask(ADDRESS, limit(DOCUMENT.length - 1)))).toBe('TOO_LARGE');
  });

  test('is tried again once, never twice, and never once a byte came', async () => {
    w.registry.setEvidence(PATH, DOCUMENT);
    w.registry.withFault(PATH, { kind: 'status', status: 502 }, 1);
    expect(await ask()).toEqual(DOCUMENT);
    expect(w.registry.requests.length).toBe(2);
    w.registry.withFault(PATH, { kind: 'reset' }, 2);
    expect(await faultOf(ask())).toBe('UPSTREAM_FAULT');
    expect(w.registry.requests.length).toBe(4);
    w.registry.withFault(PATH, { kind: 'reset', bytes: 10 }, 1);
    expect(await faultOf(ask())).toBe('UPSTREAM_FAULT');
    expect(w.registry.requests.length).toBe(5);
  });
});

describe('raw answers', () => {
  let server: Server | undefined;
  const sockets = new Set<Socket>();
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server?.close();
  });

  /** Asks a server that does what `answer` does with its connection. */
  async function against(answer: (socket: Socket) => void) {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('data', () => answer(socket));
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return ask(ADDRESS, { source: { ...w.npm, base }, upstream: open() });
  }

  test.each([
    ['no declared end', 'HTTP/1.1 200 OK\r\n\r\n{}'],
    ['a length cut short', 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['nothing', ''],
  ])('%s is a fault', async (_, answer) => {
    expect(await faultOf(against((socket) => socket.end(answer)))).toMatch(/^UPSTREAM_FAULT/);
  });

  test('headers that never end are bounded by the whole time', async () => {
    const from = performance.now();
    const work = against((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX: ');
      const timer = setInterval(() => socket.write('x'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    expect(await faultOf(work)).toBe('UPSTREAM_TIMEOUT');
    expect(performance.now() - from).toBeLessThan(1500);
  });
});

describe('where it may be', () => {
  const WHEEL = 'six-1.0-py3-none-any.whl';
  const path = () => w.registry.provenancePath('six', WHEEL);
  const fromSix = (address: string, source = w.pypi) =>
    w.upstream.evidence(source, address, 'six/', 'application/vnd.pypi.integrity.v1+json');

  test('absolute, from the root, or relative to the index; a fragment is dropped', async () => {
    w.registry.setEvidence(path(), '{}');
    for (const address of [
      w.registry.origin + path(),
      `${w.registry.origin}${path()}#x`,
      path(),
      `../..${path()}`,
    ]) {
      expect(await fromSix(address)).toEqual(Buffer.from('{}'));
    }
    expect(new Set(w.registry.pathsAsked())).toEqual(new Set([`GET ${path()}`]));
  });

  test('a redirect inside the origin is followed, three times and no more', async () => {
    w.registry.setEvidence('/d', '{}');
    for (const [from, to] of ['ab', 'bc', 'cd']) {
      w.registry.withFault(`/${from}`, { kind: 'redirect', to: `/${to}`, status: 308 });
    }
    expect(await fromSix('/a')).toEqual(Buffer.from('{}'));
    w.registry.withFault('/d', { kind: 'redirect', to: '/e' });
    expect(await faultOf(fromSix('/a'))).toBe('UPSTREAM_FAULT');
    expect(w.registry.pathsAsked()).not.toContain('GET /e');
  });

  test('not where files may be, learned or configured: nobody is asked', async () => {
    const source = { ...w.pypi, fileOrigins: [w.registry.filesOrigin], authorization: 'Bearer canary' };
    w.registry.setEvidence(path(), '{}');
    for (const origin of [w.registry.filesOrigin, 'http://elsewhere.invalid', '//elsewhere.invalid']) {
      expect(await faultOf(fromSix(origin + path(), source))).toBe('UPSTREAM_ORIGIN');
    }
    w.registry.withFault(path(), { kind: 'redirect', to: w.registry.filesOrigin + path() });
    expect(await faultOf(fromSix(path(), source))).toBe('UPSTREAM_FAULT');
    expect(w.registry.pathsAsked()).toEqual([`GET ${path()}`]);
    expect(w.asked).toEqual([]);
  });

  test.each([
    '',
    '#x',
    '?',
    '?x=1',
    './',
    '../six/',
    'x?y',
    '/x?y=1#z',
    'file:///etc/passwd',
    'data:application/json,{}',
    'http://user:secret@127.0.0.1/x',
    'http://',
    'a b',
    'a\\b',
    'a\r\nx: y',
    'ä',
    'a'.repeat(5000),
  ])('an address that cannot be used is never asked: %j', async (address) => {
    expect(await faultOf(fromSix(address))).toBe('UPSTREAM_FAULT');
    expect(w.registry.requests).toEqual([]);
  });

  test.each(['../a', '/a', 'http://evil.invalid/', 'a?x', ''])('nor below an index at %j', async (index) => {
    expect(await faultOf(w.upstream.evidence(w.npm, ADDRESS, index, ACCEPT_JSON))).toBe('UPSTREAM_FAULT');
    expect(w.registry.requests).toEqual([]);
  });
});
