import type { LookupAddress } from 'node:dns';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { AddressRefused, guardedConnector, type Lookup } from '../../src/upstream/connect.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import { ACCEPT_JSON, faultOf, world } from './world.ts';

const w = world();

describe('names', () => {
  const answering = (...answers: string[][]): { lookup: Lookup; count: () => number } => {
    let n = 0;
    const lookup: Lookup = (_, __, done) => {
      const addresses = answers[Math.min(n++, answers.length - 1)] ?? [];
      const found: LookupAddress[] = addresses.map((address) => ({
        address,
        family: address.includes(':') ? 6 : 4,
      }));
      setImmediate(() => done(null, found));
    };
    return { lookup, count: () => n };
  };
  const named = () => ({ ...w.npm, base: w.registry.npmBase.replace('127.0.0.1', 'registry.test') });

  test.each([
    ['private', ['10.0.0.1']],
    ['metadata', ['169.254.169.254']],
    ['mapped', ['::ffff:127.0.0.2']],
    ['one good, one private', ['127.0.0.1', '127.0.0.2']],
    ['one private, one good', ['127.0.0.2', '127.0.0.1']],
    ['nothing', []],
  ])('a name that resolves to %s is not connected to', async (_, addresses) => {
    w.registry.addNpm('a', { '1.0.0': {} });
    const upstream = w.open({ lookup: answering(addresses).lookup });
    expect(await faultOf(upstream.index(named(), 'a', ACCEPT_JSON, null))).toBe('UPSTREAM_FAULT');
    expect(w.registry.requests).toEqual([]);
  });

  test('the address that was judged is the one connected to: a second answer gains nothing', async () => {
    w.registry.addNpm('a', { '1.0.0': {} });
    const { lookup, count } = answering(['127.0.0.1'], ['127.0.0.2']);
    const upstream = w.open({ lookup });
    expect((await upstream.index(named(), 'a', ACCEPT_JSON, null)).kind).toBe('document');
    expect(count()).toBe(1);
    // a new connection asks again, and the new answer is judged
    w.registry.withFault('/npm-up/a', { kind: 'reset' }, 1);
    expect(await faultOf(upstream.index(named(), 'a', ACCEPT_JSON, null))).toBe('UPSTREAM_FAULT');
    expect(count()).toBe(2);
    expect(w.registry.requests.length).toBe(2);
  });

  test('without a word of the operator, loopback is not reached', async () => {
    w.registry.addNpm('a', { '1.0.0': {} });
    const upstream = w.open({ privateAddresses: [] });
    expect(await faultOf(upstream.index(w.npm, 'a', ACCEPT_JSON, null))).toBe('UPSTREAM_FAULT');
    expect(w.registry.requests).toEqual([]);
  });

  test('a look-up that never ends is a timeout', async () => {
    const upstream = w.open({
      lookup: () => {},
      limits: { connectTime: 200, indexTime: 10_000, headersTime: 10_000 },
    });
    expect(await faultOf(upstream.index(named(), 'a', ACCEPT_JSON, null))).toBe('UPSTREAM_TIMEOUT');
  });

  test('a refused address as host gets no connection at all', async () => {
    let connections = 0;
    const server = createServer(() => connections++);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const upstream = w.open({ privateAddresses: [] });
    expect(await faultOf(upstream.index({ ...w.npm, base }, 'a', ACCEPT_JSON, null))).toBe('UPSTREAM_FAULT');
    await new Promise((resolve) => server.close(resolve));
    expect(connections).toBe(0);
  });

  test('the address of the socket is judged again, however it was come by', async () => {
    const judged: string[] = [];
    const connect = guardedConnector({ admits: (address) => judged.push(address) === 1 }, 1000);
    const { hostname, port } = new URL(w.registry.origin);
    const [error, socket] = await new Promise<unknown[]>((resolve) => {
      connect({ hostname, host: hostname, port, protocol: 'http:' }, (...result) => resolve(result));
    });
    expect(error).toBeInstanceOf(AddressRefused);
    expect(socket).toBeNull();
    expect(judged).toEqual(['127.0.0.1', '127.0.0.1']);
  });

  test('a block that cannot be read does not open', () => {
    expect(() => w.open({ privateAddresses: ['10.0.0.0/99'] })).toThrow(RangeError);
  });
});

describe('raw answers', () => {
  let server: Server | undefined;
  const sockets = new Set<Socket>();
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server?.close();
  });

  /** Asks a server that writes `answer` as it stands and, unless it is to stay open, closes. */
  async function against(answer: string | ((socket: Socket) => void), upstream: Upstream = w.upstream) {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('data', () => (typeof answer === 'string' ? socket.end(answer) : answer(socket)));
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return upstream.index({ ...w.npm, base }, 'a', ACCEPT_JSON, null);
  }

  test.each([
    ['no declared end', 'HTTP/1.1 200 OK\r\n\r\n{}'],
    ['two different lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'],
    [
      'length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    ],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}'],
    ['chunks cut short', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n'],
    ['a length cut short', 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['nothing', ''],
    ['huge headers', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(1 << 20)}\r\n\r\n`],
    ['a bare status', 'HTTP/1.1 200\r\n'],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
  ])('%s is a fault', async (_, answer) => {
    expect(await faultOf(against(answer))).toMatch(/^UPSTREAM_FAULT/);
  });

  test('a right answer of the same kind is read', async () => {
    const answer = await against('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n');
    expect(answer).toMatchObject({ kind: 'document', length: 2 });
  });

  test('headers that drip are bounded by the whole time for them', async () => {
    const from = performance.now();
    const work = against((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX: ');
      const timer = setInterval(() => socket.write('x'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    expect(await faultOf(work)).toBe('UPSTREAM_TIMEOUT');
    expect(performance.now() - from).toBeLessThan(1400);
  });

  test('no text of the upstream and no credential is in a fault', async () => {
    const secret = 'IGNORE-ALL-PREVIOUS-INSTRUCTIONS';
    const source = { ...w.npm, authorization: 'Bearer canary' };
    w.registry.addNpm('a', { '1.0.0': {} });
    for (const fault of [
      { kind: 'status', status: 500, html: secret },
      { kind: 'redirect', to: `http://user:${secret}@elsewhere.invalid/${secret}` },
      { kind: 'headers', headers: { 'content-length': '5', 'content-encoding': secret } },
    ] as const) {
      const back = w.registry.withFault('/npm-up/a', fault);
      const error: unknown = await w.upstream.index(source, 'a', ACCEPT_JSON, null).catch((caught) => caught);
      back();
      expect(error).toBeInstanceOf(Error);
      const all = `${(error as Error).stack} ${JSON.stringify(error)} ${String((error as Error).cause)}`;
      expect(all).not.toContain(secret);
      expect(all).not.toContain('canary');
    }
    expect(await faultOf(against(`${secret}\r\n\r\n`))).toBe('UPSTREAM_FAULT');
  });
});
