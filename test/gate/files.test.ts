import net from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Answer } from '../../src/admission/admission.ts';
import { ENTRY, file, ScriptedAdmission, type TestFile } from './fakes.ts';
import { ask, parseAnswer, type RunningGate, sendRaw, startGate, until } from './harness.ts';

const BYTES = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));
const PATH = '/npm/express/-/express-5.0.0.tgz';
let gate: RunningGate;
afterEach(() => gate.app.close());

async function serving(answer: Answer): Promise<void> {
  gate = await startGate({ admission: new ScriptedAdmission(() => answer) });
}

describe('bytes that cannot be read', () => {
  test('before the first one: 503, and no byte of the file', async () => {
    const broken = file(BYTES, { fail: 0 });
    await serving(broken);
    const answer = await ask(gate, PATH);
    expect([answer.status, JSON.parse(answer.body.toString()).code]).toEqual([503, 'STORAGE_UNAVAILABLE']);
    expect(answer.headers.has('retry-after')).toBe(true);
    expect(answer.headers.has('etag')).toBe(false);
    expect(broken.outcomes).toEqual([{ served: false, bytes: 0 }]);
  });

  const cut: [string, TestFile][] = [
    ['in the middle', file(BYTES, { fail: 2 })],
    ['before the last piece', file(BYTES, { fail: 4 })],
    ['after the last piece', file(BYTES, { after: new Error('the digest of the whole is another') })],
    ['after what the client has seen', file(Buffer.alloc(8 * 1024 ** 2), { piece: 1024 ** 2, fail: 7 })],
    ['too few', { ...file(BYTES), size: 5001 }],
    ['too many', { ...file(BYTES), size: 4999 }],
    ['a single piece, damaged at its end', file(BYTES, { piece: 8192, after: new Error('damaged') })],
  ];
  test.each(cut)('%s: the declared length is never completed', async (_title, broken) => {
    // Readers that give too few or too many do not keep to what they are asked for.
    const stubborn = [4999, 5001].includes(broken.size)
      ? { ...broken, read: () => broken.read(0, BYTES.length) }
      : broken;
    await serving(stubborn);
    const raw = await sendRaw(
      gate.port,
      `GET ${PATH} HTTP/1.1\r\nHost: ${gate.host}\r\nConnection: close\r\n\r\n`,
    );
    const answer = parseAnswer(raw);
    const complete = answer.body.length >= Number(answer.headers.get('content-length'));
    expect(answer.status === 200 && complete).toBe(false);
    await until(() => broken.outcomes.length > 0);
    expect(broken.outcomes.map((o) => o.served)).toEqual([false]);
    expect(broken.open.readers).toBe(0);
    expect((await ask(gate, '/healthz')).status).toBe(200);
  });
});

describe('a client that goes away', () => {
  test('in the middle: done says so once, the reader is closed', async () => {
    const large = file(Buffer.alloc(64 * 1024 ** 2), { piece: 1024 ** 2 });
    await serving(large);
    const socket = net.connect(gate.port, '127.0.0.1', () =>
      socket.write(`GET ${PATH} HTTP/1.1\r\nHost: ${gate.host}\r\n\r\n`),
    );
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    await until(() => large.outcomes.length > 0);
    expect(large.outcomes.length).toBe(1);
    expect(large.outcomes[0]?.served).toBe(false);
    expect(large.outcomes[0]?.bytes).toBeLessThan(large.size);
    expect(large.open.readers).toBe(0);
  });

  test('that does not read: pieces wait for it, and it is cut off in the end', async () => {
    const large = file(Buffer.alloc(64 * 1024 ** 2), { piece: 1024 ** 2 });
    gate = await startGate({ admission: new ScriptedAdmission(() => large), limits: { stallTimeout: 300 } });
    const socket = net.connect(gate.port, '127.0.0.1', () =>
      socket.write(`GET ${PATH} HTTP/1.1\r\nHost: ${gate.host}\r\n\r\n`),
    );
    socket.pause();
    socket.on('error', () => undefined);
    await until(() => large.outcomes.length > 0);
    expect(large.outcomes[0]?.served).toBe(false);
    expect(large.outcomes[0]?.bytes).toBeLessThan(32 * 1024 ** 2);
    socket.destroy();
  });

  test('before the answer is there', async () => {
    const small = file(BYTES);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    gate = await startGate({
      admission: new ScriptedAdmission(async () => {
        await held;
        return small;
      }),
    });
    const socket = net.connect(gate.port, '127.0.0.1', () =>
      socket.write(`GET ${PATH} HTTP/1.1\r\nHost: ${gate.host}\r\n\r\n`),
    );
    await until(() => gate.admission.asked.length > 0);
    socket.destroy();
    await until(() => gate.log.some((line) => line['msg'] === 'request' && line['status'] === 0));
    release();
    await until(() => small.outcomes.length > 0);
    expect(small.outcomes).toEqual([{ served: false, bytes: 0 }]);
  });
});

describe('whole and in parts', () => {
  const etag = file(BYTES).etag;
  test('whole: strong ETag, length, entry, done', async () => {
    const small = file(BYTES);
    await serving(small);
    const answer = await ask(gate, PATH);
    expect(answer.status).toBe(200);
    expect(answer.body.equals(BYTES)).toBe(true);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '5000',
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      'x-sallyport-entry': ENTRY,
      etag: small.etag,
    });
    await until(() => small.outcomes.length > 0);
    expect(small.outcomes).toEqual([{ served: true, bytes: 5000 }]);
  });

  test('HEAD: the true length, no body, nothing read', async () => {
    const small = file(BYTES, { fail: 0 });
    await serving(small);
    const answer = await ask(gate, PATH, { Range: 'bytes=0-1' }, 'HEAD');
    expect([answer.status, answer.headers.get('content-length'), answer.body.length]).toEqual([
      200,
      '5000',
      0,
    ]);
    expect(small.outcomes).toEqual([{ served: true, bytes: 0 }]);
  });

  test.each([
    ['GET', etag],
    ['GET', `"other", W/${etag}`],
    ['HEAD', '*'],
  ])('%s of what the client has, %s: 304 with the entry, and nothing is read', async (method, tags) => {
    const small = file(BYTES, { fail: 0 });
    await serving(small);
    const answer = await ask(gate, PATH, { 'If-None-Match': tags, Range: 'bytes=0-1' }, method);
    expect([answer.status, answer.body.length]).toEqual([304, 0]);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      etag,
      'cache-control': 'private, no-cache',
      vary: 'Authorization',
      'x-sallyport-entry': ENTRY,
    });
    expect(answer.headers.has('content-length') || answer.headers.has('content-type')).toBe(false);
    expect(small.outcomes).toEqual([{ served: true, bytes: 0 }]);
  });

  test.each(['"other"', etag.slice(1), `${etag} x`])(
    'another tag, or none that parses, gets it: %s',
    async (tags) => {
      await serving(file(BYTES));
      expect((await ask(gate, PATH, { 'If-None-Match': tags })).body.equals(BYTES)).toBe(true);
    },
  );

  test('an empty file', async () => {
    const empty = file(Buffer.alloc(0));
    await serving(empty);
    const answer = await ask(gate, PATH);
    expect([answer.status, answer.headers.get('content-length'), answer.body.length]).toEqual([200, '0', 0]);
    expect((await ask(gate, PATH, { Range: 'bytes=0-0' })).status).toBe(416);
  });

  const ranges: [string, Record<string, string>, number, number, number][] = [
    ['first bytes', { Range: 'bytes=0-99' }, 206, 0, 100],
    ['one byte', { Range: 'bytes=7-7' }, 206, 7, 8],
    ['over piece borders', { Range: 'bytes=1000-3000' }, 206, 1000, 3001],
    ['to the end', { Range: 'bytes=4990-' }, 206, 4990, 5000],
    ['end beyond the file', { Range: 'bytes=4990-9999' }, 206, 4990, 5000],
    ['suffix', { Range: 'bytes=-10' }, 206, 4990, 5000],
    ['suffix longer than the file', { Range: 'bytes=-10000' }, 206, 0, 5000],
    ['If-Range that is this file', { Range: 'bytes=0-9', 'If-Range': etag }, 206, 0, 10],
    ['If-Range that is another', { Range: 'bytes=0-9', 'If-Range': '"other"' }, 200, 0, 5000],
    ['If-Range that is weak', { Range: 'bytes=0-9', 'If-Range': `W/${etag}` }, 200, 0, 5000],
    [
      'If-Range that is a date',
      { Range: 'bytes=0-9', 'If-Range': 'Wed, 21 Oct 2026 07:28:00 GMT' },
      200,
      0,
      5000,
    ],
    ['several', { Range: 'bytes=0-1,4-5' }, 200, 0, 5000],
    ['another unit', { Range: 'lines=0-1' }, 200, 0, 5000],
    ['backwards', { Range: 'bytes=9-1' }, 200, 0, 5000],
    ['no numbers', { Range: 'bytes=-' }, 200, 0, 5000],
    ['absurd numbers', { Range: `bytes=${'9'.repeat(400)}-` }, 200, 0, 5000],
    ['start at the end', { Range: 'bytes=5000-' }, 416, 0, 0],
    ['nothing', { Range: 'bytes=-0' }, 416, 0, 0],
  ];
  test.each(ranges)('range: %s', async (_title, headers, status, start, end) => {
    const small = file(BYTES);
    await serving(small);
    const answer = await ask(gate, PATH, headers);
    expect(answer.status).toBe(status);
    expect(answer.body.equals(BYTES.subarray(start, end))).toBe(true);
    expect(answer.headers.get('content-length')).toBe(String(end - start));
    const contentRange =
      status === 206 ? `bytes ${start}-${end - 1}/5000` : status === 416 ? 'bytes */5000' : undefined;
    expect(answer.headers.get('content-range')).toBe(contentRange);
    await until(() => small.outcomes.length > 0);
    expect(small.outcomes).toEqual([{ served: status < 400, bytes: end - start }]);
  });
});
