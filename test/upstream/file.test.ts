import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Source, Upstream } from '../../src/upstream/upstream.ts';
import { faultOf, world } from './world.ts';

const w = world();
const TGZ = /\.tgz$/;
let url = '';

beforeEach(() => {
  w.registry.addNpm('a', { '1.0.0': { bulk: 300_000 } });
  w.registry.addPypi('six', [{ filename: 'six-1.0-py3-none-any.whl', bulk: 1000 }]);
  url = w.registry.tarballUrl('a', '1.0.0');
});

async function fetchFile(
  from = url,
  source: Source = w.npm,
  upstream: Upstream = w.upstream,
  maxBytes = 1 << 20,
) {
  const chunks: Uint8Array[] = [];
  const received = await upstream.file(source, from, { maxBytes }, async (chunk) => void chunks.push(chunk));
  const bytes = Buffer.concat(chunks);
  expect(received).toBe(bytes.length);
  return bytes;
}

test('the bytes arrive as they are, and nothing of ours but fixed headers is sent', async () => {
  expect(await fetchFile()).toEqual(w.registry.tarball('a', '1.0.0'));
  expect(w.registry.requests[0]?.headers).toEqual({
    host: new URL(w.registry.origin).host,
    connection: 'keep-alive',
    'user-agent': 'sallyport/0.0.0-test',
    accept: '*/*',
    'accept-encoding': 'identity',
  });
});

describe('a registry that misbehaves', () => {
  test.each([
    ['hangs before it answers', { kind: 'hang' }, 'UPSTREAM_TIMEOUT'],
    ['hangs in the middle', { kind: 'hang-after', bytes: 1000 }, 'UPSTREAM_TIMEOUT'],
    ['resets in the middle', { kind: 'reset', bytes: 1000 }, 'UPSTREAM_FAULT'],
    ['cuts a chunked body', { kind: 'cut', bytes: 1000 }, 'UPSTREAM_FAULT'],
    ['declares more than it sends', { kind: 'length', off: 10 }, 'UPSTREAM_FAULT'],
    ['has lost it', { kind: 'vanish' }, 'UPSTREAM_FAULT 404'],
    ['has lost it for good', { kind: 'vanish', status: 410 }, 'UPSTREAM_FAULT 404'],
    ['is broken', { kind: 'status', status: 500 }, 'UPSTREAM_FAULT 500'],
    ['answers 206', { kind: 'status', status: 206 }, 'UPSTREAM_FAULT 206'],
    ['redirects in a circle', { kind: 'redirect', to: '?' }, 'UPSTREAM_FAULT'],
    ['redirects to metadata', { kind: 'redirect', to: 'http://169.254.169.254/' }, 'UPSTREAM_ORIGIN'],
    [
      'redirects to it, mapped',
      { kind: 'redirect', to: 'http://[::ffff:169.254.169.254]/' },
      'UPSTREAM_ORIGIN',
    ],
    ['redirects to a file', { kind: 'redirect', to: 'file:///etc/passwd' }, 'UPSTREAM_FAULT 302'],
    ['redirects with a credential', { kind: 'redirect', to: 'http://u:p@127.0.0.1/' }, 'UPSTREAM_FAULT 302'],
  ] as const)('%s', async (_, fault, expected) => {
    w.registry.withFault(TGZ, fault);
    expect(await faultOf(fetchFile())).toBe(expected);
    expect(w.asked).toEqual([]);
  });

  test('declares less than it sends: what was declared arrives, for the digest to refuse', async () => {
    w.registry.withFault(TGZ, { kind: 'length', off: -10 });
    expect((await fetchFile()).length).toBe(w.registry.tarball('a', '1.0.0').length - 10);
    // and what was left over is no answer to the next question
    w.registry.clearFaults();
    expect(await fetchFile()).toEqual(w.registry.tarball('a', '1.0.0'));
  });

  test('drips: slower than the least rate is a timeout, though each wait is short', async () => {
    w.registry.withFault(TGZ, { kind: 'drip', bytesPerSecond: 1000 });
    const upstream = w.open({ limits: { fileTime: 200, fileBytesPerSecond: 100_000 } });
    expect(await faultOf(fetchFile(url, w.npm, upstream))).toBe('UPSTREAM_TIMEOUT');
  });

  test('answers late', async () => {
    const from = performance.now();
    w.registry.withFault(TGZ, { kind: 'delay', ms: 2000 });
    expect(await faultOf(fetchFile())).toBe('UPSTREAM_TIMEOUT');
    expect(performance.now() - from).toBeLessThan(1_900);
  });

  test.each([false, true])('sends more than the cap (declared: %s)', async (declared) => {
    if (!declared) w.registry.withFault(TGZ, { kind: 'huge', bytes: 20 << 20 });
    let written = 0;
    const work = w.upstream.file(w.npm, url, { maxBytes: 200_000 }, async (chunk) => {
      written += chunk.length;
    });
    expect(await faultOf(work)).toBe('TOO_LARGE');
    expect(written).toBeLessThanOrEqual(declared ? 0 : 200_000);
  });

  test('resets before the first byte: tried again; after it: not, since bytes were written', async () => {
    w.registry.withFault(TGZ, { kind: 'reset' }, 2);
    expect(await fetchFile()).toEqual(w.registry.tarball('a', '1.0.0'));
    expect(w.registry.requests.length).toBe(3);
    w.registry.withFault(TGZ, { kind: 'reset', bytes: 100 }, 1);
    expect(await faultOf(fetchFile())).toBe('UPSTREAM_FAULT');
    expect(w.registry.requests.length).toBe(4);
  });
});

describe('origins of files', () => {
  test('the base’s own is not asked about, nor one that is configured', async () => {
    await fetchFile();
    const source = { ...w.pypi, fileOrigins: [w.registry.filesOrigin] };
    expect(await fetchFile(w.registry.fileUrl('six-1.0-py3-none-any.whl'), source)).toEqual(
      w.registry.file('six-1.0-py3-none-any.whl'),
    );
    expect(w.asked).toEqual([]);
  });

  test.each([
    ['known', null],
    ['first', null],
    ['new', 'UPSTREAM_ORIGIN'],
    ['__proto__', 'UPSTREAM_ORIGIN'],
  ])('another is asked about: %s', async (answer, fault) => {
    w.answer = answer as 'new';
    const work = fetchFile(w.registry.fileUrl('six-1.0-py3-none-any.whl'), w.pypi);
    if (fault === null) await work;
    else expect(await faultOf(work)).toBe(fault);
    expect(w.asked).toEqual([w.registry.filesOrigin]);
    expect(w.learnable).toEqual(w.asked);
    expect(w.registry.requests.length).toBe(fault === null ? 1 : 0);
  });

  test('a redirect to another is asked about too, and the credential stays behind', async () => {
    const source = { ...w.npm, authorization: 'Bearer canary' };
    w.registry.withFault(TGZ, { kind: 'redirect', to: w.registry.fileUrl('six-1.0-py3-none-any.whl') });
    await fetchFile(url, source);
    expect(w.asked).toEqual([w.registry.filesOrigin]);
    // Only what an index says is learned.
    expect(w.learnable).toEqual([]);
    expect(w.registry.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer canary',
      undefined,
    ]);
    w.answer = 'new';
    expect(await faultOf(fetchFile(url, source))).toBe('UPSTREAM_ORIGIN');
    expect(w.registry.requests.length).toBe(3);
  });

  test('one without TLS is refused where the index has TLS', async () => {
    const source = { ...w.npm, base: 'https://registry.invalid/' };
    expect(await faultOf(fetchFile('http://registry.invalid/a.tgz', source))).toBe('UPSTREAM_ORIGIN');
    expect(w.asked).toEqual([]);
  });

  test('a failing memory of origins is its owner’s error, not the registry’s', async () => {
    const upstream = w.open({ origins: { check: () => Promise.reject(new Error('ledger gone')) } });
    const work = fetchFile(w.registry.fileUrl('six-1.0-py3-none-any.whl'), w.pypi, upstream);
    await expect(work).rejects.toThrow('ledger gone');
    expect(w.registry.requests).toEqual([]);
  });

  test.each([
    'http://169.254.169.254/a.tgz',
    'http://[::ffff:127.0.0.1]:1/a.tgz',
    'http://0177.1/a.tgz',
    'http://2130706433:1/a.tgz',
    'http://0x7f.1:1/a.tgz',
    'http://127.0.0.2/a.tgz',
    'http://[::]/a.tgz',
    'http://localhost:1/a.tgz',
  ])('a private address in any spelling: %s', async (from) => {
    const upstream = w.open({ privateAddresses: ['127.0.0.3'] });
    expect(await faultOf(fetchFile(from, w.npm, upstream))).toMatch(/^UPSTREAM_(ORIGIN|FAULT)$/);
    expect(w.asked.filter((origin) => !origin.includes('localhost'))).toEqual([]);
  });
});

describe('addresses in an index', () => {
  test('relative to the index, with a fragment', async () => {
    const options = { maxBytes: 1 << 20, indexPath: 'six/' };
    const from = '../../files/six-1.0-py3-none-any.whl#sha256=abc';
    const size = await w.upstream.file(w.pypi, from, options, async () => {});
    expect(size).toBe(w.registry.file('six-1.0-py3-none-any.whl').length);
    expect(w.registry.pathsAsked()).toEqual(['GET /files/six-1.0-py3-none-any.whl']);
    expect(await faultOf(fetchFile(from, w.pypi))).toBe('UPSTREAM_FAULT');
  });

  test.each([
    '',
    'file:///etc/passwd',
    'data:text/plain,x',
    'ftp://127.0.0.1/x',
    'git+https://127.0.0.1/x',
    'http://user:pass@127.0.0.1/x',
    'http://user@127.0.0.1/x',
    'http://',
    'http://a b/x',
    'http://127.0.0.1\\@evil.invalid/',
    'http://127.0.0.1/a\nb',
    `http://127.0.0.1/${'a'.repeat(5000)}`,
  ])('what cannot be used is a fault: %j', async (from) => {
    expect(await faultOf(fetchFile(from))).toBe('UPSTREAM_FAULT');
    expect(w.registry.requests).toEqual([]);
  });
});

describe('the writer', () => {
  test('is waited for: one piece at a time, and the time it takes is not the registry’s', async () => {
    const upstream = w.open({ limits: { fileTime: 100, fileBytesPerSecond: 10_000_000, idleTime: 100 } });
    let writing = 0;
    let most = 0;
    await upstream.file(w.npm, url, { maxBytes: 1 << 20 }, async () => {
      most = Math.max(most, ++writing);
      await sleep(60);
      writing--;
    });
    expect(most).toBe(1);
  });

  test('fails: its own error comes out, nothing is tried again, the connection is let go', async () => {
    const full = Object.assign(new Error('disk full'), { code: 'ENOSPC' });
    const work = w.upstream.file(w.npm, url, { maxBytes: 1 << 20 }, () => Promise.reject(full));
    await expect(work).rejects.toBe(full);
    const reset = Object.assign(new Error('looks like the network'), { code: 'ECONNRESET' });
    await expect(
      w.upstream.file(w.npm, url, { maxBytes: 1 << 20 }, () => Promise.reject(reset)),
    ).rejects.toBe(reset);
    expect(w.registry.requests.length).toBe(2);
    await fetchFile();
  });

  test('gives up: the exchange ends, also before it began', async () => {
    w.registry.withFault(TGZ, { kind: 'hang-after', bytes: 10 });
    const controller = new AbortController();
    const limits = { maxBytes: 1 << 20, signal: controller.signal };
    const work = w.upstream.file(w.npm, url, limits, async () => controller.abort());
    expect(await faultOf(work)).toBe('UPSTREAM_FAULT');
    expect(await faultOf(w.upstream.file(w.npm, url, limits, async () => {}))).toBe('UPSTREAM_FAULT');
    expect(w.registry.requests.length).toBe(1);
  });
});
