import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { AuditAnswer, AuditAsked } from '../../src/gate/audit-door.ts';
import type { TokenRecord } from '../../src/gate/auth.ts';
import { sha256 } from '../../src/model/digest.ts';
import { ask, parseAnswer, type RunningGate, sendRaw, startGate, until } from './harness.ts';

const TOKENS: TokenRecord[] = [
  { hash: sha256('agent-token'), agent: 'builder', profile: 'ci', role: 'agent' },
  { hash: sha256('plain-token'), agent: 'older', profile: 'ci' },
  { hash: sha256('audit-token'), agent: 'ana', profile: 'default', role: 'auditor' },
  { hash: sha256('gone-token'), agent: 'eve', profile: 'default', role: 'auditor', expires: 1 },
];
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const AUDITOR = bearer('audit-token');

const DOCUMENT: AuditAnswer = {
  kind: 'document',
  contentType: 'application/json',
  cacheControl: 'no-store',
  body: Buffer.from('{}'),
};

let gate: RunningGate | undefined;
afterEach(() => gate?.app.close());

/** A gate with an audit door that answers so, and what the door was asked. */
async function open(
  answer: AuditAnswer | ((asked: AuditAsked) => AuditAnswer | Promise<AuditAnswer>) = DOCUMENT,
  options: Parameters<typeof startGate>[0] = {},
): Promise<{ gate: RunningGate; asked: AuditAsked[] }> {
  const asked: AuditAsked[] = [];
  gate = await startGate({
    tokens: TOKENS,
    audit: {
      async answer(question) {
        asked.push(question);
        return typeof answer === 'function' ? answer(question) : answer;
      },
    },
    ...options,
  });
  return { gate, asked };
}

/** Each kind of path, and what each kind of token opens. */
const PACKAGES = [
  '/npm/express',
  '/pypi/simple/six/',
  '/express',
  '/-/npm/v1/search?text=x',
  '/nothing/at/all/here',
];
const LEDGER = [
  '/api/v1/ledger/entries',
  '/api/v1/ledger/',
  '/ledger/tile/0/000',
  '/ledger/cosigned',
  '/ledger/',
];
const OPEN = ['/ledger/checkpoint', '/ledger/vkey', '/ledger/logs/3/checkpoint', '/ledger/logs/3/vkey'];

describe('who opens what', () => {
  test.each([...PACKAGES, `/-/why/${'ab'.repeat(32)}`])('%s: not an auditor', async (path) => {
    const { gate, asked } = await open();
    const answer = await ask(gate, path, AUDITOR);
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      code: 'AGENT_ONLY',
      title: 'Not with this token',
    });
    expect(gate.admission.asked).toEqual([]);
    expect(asked).toEqual([]);
    // The misuse of a token is a refusal like any other: it has its entry.
    expect(gate.admission.refused).toMatchObject([{ code: 'AGENT_ONLY', caller: { agent: 'ana' } }]);
  });

  test.each(LEDGER)('%s: not an agent', async (path) => {
    const { gate, asked } = await open();
    for (const token of ['agent-token', 'plain-token']) {
      const answer = await ask(gate, path, bearer(token));
      expect(answer.status).toBe(403);
      expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'AUDITOR_ONLY' });
    }
    expect(asked).toEqual([]);
  });

  test.each(LEDGER)('%s: an auditor', async (path) => {
    const { gate, asked } = await open();
    expect((await ask(gate, path, AUDITOR)).status).toBe(200);
    const basic = { Authorization: `Basic ${Buffer.from('x:audit-token').toString('base64')}` };
    expect((await ask(gate, path, basic)).status).toBe(200);
    expect(asked).toMatchObject([{ auditor: 'ana' }, { auditor: 'ana' }]);
    // Who reads leaves a line in the access log, and no entry.
    expect(gate.admission.refused).toEqual([]);
    expect(gate.log.filter((line) => line['msg'] === 'request')).toMatchObject([
      { agent: 'ana', kind: 'ledger', path, status: 200, entry: null },
      { agent: 'ana', kind: 'ledger', path, status: 200, entry: null },
    ]);
  });

  test.each(LEDGER)('%s: nobody without a token, or with one that is not known', async (path) => {
    const { gate, asked } = await open();
    for (const headers of [{}, bearer('nobody'), bearer('gone-token'), { Authorization: 'Bearer' }]) {
      const answer = await ask(gate, path, headers);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
      expect(answer.phrase).toContain('sallyport token --agent NAME --auditor');
    }
    expect(asked).toEqual([]);
  });

  test.each(OPEN)('%s: anybody, whatever is sent', async (path) => {
    const { gate, asked } = await open();
    for (const headers of [{}, bearer('nobody'), bearer('agent-token'), AUDITOR])
      expect((await ask(gate, path, headers)).status).toBe(200);
    expect(asked.map(({ auditor }) => auditor)).toEqual([null, null, null, null]);
    expect(gate.admission.refused).toEqual([]);
    expect((await ask(gate, path, { Host: 'evil.invalid' })).status).toBe(421);
  });

  test.each([
    '/ledger/checkpoint/',
    '/ledger/logs/0/checkpoint',
    '/ledger/logs/3/checkpoint/vkey',
    '/ledger/logs/x/vkey',
    '/ledger/Checkpoint',
    '/ledger//checkpoint',
    '/ledger/checkpoint%2F',
    '/ledger/logs/3/key',
    '/ledger/key',
  ])('%s is not open', async (path) => {
    const { gate, asked } = await open();
    expect((await ask(gate, path)).status).toBe(401);
    expect(asked).toEqual([]);
  });

  test('with auditors only, packages are open on loopback, and the ledger is not', async () => {
    const { gate, asked } = await open(DOCUMENT, { tokens: TOKENS.slice(2) });
    expect((await ask(gate, '/npm/express')).status).toBe(200);
    expect(gate.admission.asked[0]?.caller).toMatchObject({ agent: 'local', authenticated: false });
    const answer = await ask(gate, '/api/v1/ledger/entries');
    expect(answer.status).toBe(401);
    expect(answer.phrase).toContain('--auditor');
    expect((await ask(gate, '/npm/express', AUDITOR)).status).toBe(403);
    expect((await ask(gate, '/npm/express', bearer('nobody'))).status).toBe(401);
    expect(asked).toEqual([]);
  });

  test('without any token nobody reads the ledger, not even from loopback', async () => {
    const { gate, asked } = await open(DOCUMENT, { tokens: [] });
    expect((await ask(gate, '/api/v1/ledger/entries')).status).toBe(401);
    expect((await ask(gate, '/ledger/checkpoint')).status).toBe(200);
    expect(asked.length).toBe(1);
  });

  test('without a door there is nothing behind it', async () => {
    gate = await startGate({ tokens: TOKENS });
    expect((await ask(gate, '/ledger/checkpoint', AUDITOR)).status).toBe(404);
    expect((await ask(gate, '/api/v1/ledger/entries', AUDITOR)).status).toBe(404);
  });
});

test('the door is handed what was asked, as it came', async () => {
  const { gate, asked } = await open();
  const headers = { ...AUDITOR, Accept: 'application/jsonl' };
  await ask(gate, '/api/v1/ledger/entries/1/proof?a=%20b+c&a=2', headers);
  await ask(gate, '/ledger/logs/2/tile/0/x001/067', AUDITOR, 'HEAD');
  const old = `GET /api/v1/ledger/logs HTTP/1.0\r\nHost: ${gate.host}\r\nAuthorization: Bearer audit-token\r\n\r\n`;
  expect(parseAnswer(await sendRaw(gate.port, old)).status).toBe(200);
  expect(asked).toEqual([
    {
      method: 'GET',
      part: 'query',
      path: 'entries/1/proof',
      query: 'a=%20b+c&a=2',
      accept: 'application/jsonl',
      auditor: 'ana',
      framed: true,
    },
    {
      method: 'HEAD',
      part: 'files',
      path: 'logs/2/tile/0/x001/067',
      query: '',
      accept: '',
      auditor: 'ana',
      framed: true,
    },
    { method: 'GET', part: 'query', path: 'logs', query: '', accept: '', auditor: 'ana', framed: false },
  ]);
});

test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'QUERY'])(
  '%s: 405, without an entry',
  async (method) => {
    const { gate, asked } = await open();
    for (const path of ['/api/v1/ledger/entries', '/ledger/checkpoint']) {
      const answer = await ask(gate, path, AUDITOR, method, '{}');
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toBe('GET, HEAD');
      expect((await ask(gate, path, {}, method)).status).toBe(401);
    }
    expect(asked).toEqual([]);
    expect(gate.admission.refused.map(({ code }) => code)).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED']);
  },
);

describe('what the door answers is what is sent', () => {
  test('a document', async () => {
    const { gate } = await open();
    const answer = await ask(gate, '/api/v1/ledger/logs', AUDITOR);
    expect(answer.body.toString()).toBe('{}');
    expect([...answer.headers].filter(([name]) => !['date', 'connection'].includes(name))).toEqual([
      ['x-content-type-options', 'nosniff'],
      ['content-type', 'application/json'],
      ['cache-control', 'no-store'],
      ['vary', 'Accept, Accept-Encoding, Authorization'],
      ['content-length', '2'],
    ]);
    const head = await ask(gate, '/api/v1/ledger/logs', AUDITOR, 'HEAD');
    expect(head.headers.get('content-length')).toBe('2');
    expect(head.body.length).toBe(0);
  });

  test('a large one packed, where the client takes that', async () => {
    const body = Buffer.alloc(100_000, 'entry ');
    const { gate } = await open({ ...DOCUMENT, body });
    const packed = await ask(gate, '/ledger/tile/entries/000', { ...AUDITOR, 'Accept-Encoding': 'br, gzip' });
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    expect(packed.body.length).toBeLessThan(10_000);
    expect(gunzipSync(packed.body)).toEqual(body);
    for (const headers of [AUDITOR, { ...AUDITOR, 'Accept-Encoding': 'br, gzip;q=0' }]) {
      const plain = await ask(gate, '/ledger/tile/entries/000', headers);
      expect(plain.headers.has('content-encoding')).toBe(false);
      expect(plain.body).toEqual(body);
    }
  });

  test('a refusal, without an entry', async () => {
    const { gate } = await open({
      kind: 'refusal',
      code: 'BAD_REQUEST',
      line: 'sallyport: limit is 5 (BAD_REQUEST)',
    });
    const answer = await ask(gate, '/api/v1/ledger/entries', AUDITOR);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.has('x-sallyport-entry')).toBe(false);
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      code: 'BAD_REQUEST',
      error: 'sallyport: limit is 5 (BAD_REQUEST)',
      entry: null,
    });
    expect(gate.admission.refused).toEqual([]);
  });

  test.each([
    ['TOO_MANY_QUERIES', 429, 7],
    ['LEDGER_UNPUBLISHED', 503, 7],
    ['LEDGER_WITHDRAWN', 410, undefined],
  ] as const)('%s is %i', async (code, status, retryAfter) => {
    const { gate } = await open({ kind: 'refusal', code, line: 'x', ...(retryAfter && { retryAfter }) });
    const answer = await ask(gate, '/api/v1/ledger/entries', AUDITOR);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('retry-after')).toBe(retryAfter && String(retryAfter));
  });

  test('a fault of the door: 500, and in the log', async () => {
    const { gate } = await open(() => Promise.reject(new Error('a fault')));
    expect((await ask(gate, '/api/v1/ledger/entries', AUDITOR)).status).toBe(500);
    expect(gate.log.some((line) => line['msg'] === 'a request failed')).toBe(true);
  });
});

describe('a stream', () => {
  const streaming = (pieces: AsyncIterable<Uint8Array>): AuditAnswer => ({
    kind: 'stream',
    contentType: 'application/jsonl',
    cacheControl: 'no-store',
    pieces,
    headers: { 'x-sallyport-note': 'a note' },
  });

  test('whole, in chunks, and counted', async () => {
    async function* pieces() {
      for (let i = 0; i < 5; i++) yield Buffer.from(`${i}\n`);
    }
    const { gate } = await open(() => streaming(pieces()));
    const answer = await fetch(`http://${gate.host}/api/v1/ledger/entries`, { headers: AUDITOR });
    expect(answer.headers.get('content-type')).toBe('application/jsonl');
    expect(answer.headers.get('x-sallyport-note')).toBe('a note');
    expect(answer.headers.has('content-length')).toBe(false);
    expect(await answer.text()).toBe('0\n1\n2\n3\n4\n');
    await until(() => gate?.log.some((line) => line['bytes'] === 10 && line['complete'] === true) ?? false);
  });

  test('of nothing is whole, too', async () => {
    async function* pieces() {}
    const { gate } = await open(() => streaming(pieces()));
    const answer = await fetch(`http://${gate.host}/api/v1/ledger/entries`, { headers: AUDITOR });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
  });

  test('for HEAD nothing of it is read', async () => {
    let read = false;
    async function* pieces() {
      read = true;
      yield Buffer.from('x');
    }
    const { gate } = await open(() => streaming(pieces()));
    const answer = await ask(gate, '/api/v1/ledger/entries', AUDITOR, 'HEAD');
    expect([answer.status, answer.body.length, read]).toEqual([200, 0, false]);
  });

  test('that fails is cut, so that no client takes it for all', async () => {
    async function* pieces() {
      yield Buffer.from('first\n');
      // On its way by then, with its status 200.
      await sleep(200);
      throw new Error('the ledger is gone');
    }
    const { gate } = await open(() => streaming(pieces()));
    const answer = await fetch(`http://${gate.host}/api/v1/ledger/entries`, { headers: AUDITOR });
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow('terminated');
    expect(gate.log.some((line) => line['msg'] === 'a request failed')).toBe(true);
  });

  test('that fails before its first piece is another answer', async () => {
    const { gate } = await open(() =>
      streaming({
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('gone')) }),
      }),
    );
    expect((await ask(gate, '/api/v1/ledger/entries', AUDITOR)).status).toBe(500);
  });

  test('goes at its reader’s pace, and is left when the reader goes', async () => {
    const state = { made: 0, left: false };
    async function* pieces() {
      try {
        for (;;) {
          state.made += 1;
          yield Buffer.alloc(64 * 1024, 'x');
        }
      } finally {
        state.left = true;
      }
    }
    const { gate } = await open(() => streaming(pieces()));
    const request = http.get({
      port: gate.port,
      host: '127.0.0.1',
      path: '/api/v1/ledger/entries',
      headers: AUDITOR,
    });
    request.on('error', () => undefined);
    await new Promise<http.IncomingMessage>((resolve) => request.once('response', resolve));
    // Nothing is read: what was made is what lies in buffers on the way.
    await sleep(300);
    const before = state.made;
    await sleep(300);
    expect(state.made).toBe(before);
    expect(before * 64 * 1024).toBeLessThan(32 * 1024 ** 2);
    expect(state.left).toBe(false);
    request.destroy();
    await until(() => state.left);
  });

  test('whose reader takes nothing ends', async () => {
    let left = false;
    async function* pieces() {
      try {
        for (;;) yield Buffer.alloc(64 * 1024, 'x');
      } finally {
        left = true;
      }
    }
    const { gate } = await open(() => streaming(pieces()), { limits: { stallTimeout: 300 } });
    const request = http.get({
      port: gate.port,
      host: '127.0.0.1',
      path: '/api/v1/ledger/entries',
      headers: AUDITOR,
    });
    request.on('error', () => undefined);
    const response = await new Promise<http.IncomingMessage>((resolve) => request.once('response', resolve));
    response.on('error', () => undefined);
    await until(() => left);
  });
});

test('auditors that ask for everything at once keep no agent out', async () => {
  const waiting = Promise.withResolvers<AuditAnswer>();
  const { gate, asked } = await open(() => waiting.promise, {
    limits: { maxOfAuditor: 3, maxInFlight: 100 },
  });
  const held = [1, 2, 3].map(() => ask(gate, '/api/v1/ledger/entries', AUDITOR));
  await until(() => asked.length === 3);
  const more = await ask(gate, '/api/v1/ledger/entries', AUDITOR);
  expect([more.status, more.headers.get('retry-after')]).toEqual([429, '1']);
  expect((await ask(gate, '/npm/express', bearer('agent-token'))).status).toBe(200);
  // An agent of the same name is another.
  expect((await ask(gate, '/ledger/checkpoint/x', bearer('agent-token'))).status).toBe(403);
  waiting.resolve(DOCUMENT);
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await ask(gate, '/api/v1/ledger/entries', AUDITOR)).status).toBe(200);
});
