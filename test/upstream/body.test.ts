import { buffer } from 'node:stream/consumers';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { capped, complete, type Pieces, started, unpacked } from '../../src/upstream/body.ts';
import { faultOf } from './world.ts';

async function* pieces(...list: Uint8Array[]): Pieces {
  yield* list;
}
const of = (...sizes: number[]) => pieces(...sizes.map((size) => Buffer.alloc(size, 'x')));

test('a body that is not as long as declared fails at its end', async () => {
  expect(await faultOf(buffer(complete(of(5, 4), 10)))).toBe('UPSTREAM_FAULT');
  expect(await faultOf(buffer(complete(of(5, 6), 10)))).toBe('UPSTREAM_FAULT');
  expect(await faultOf(buffer(complete(of(), 1)))).toBe('UPSTREAM_FAULT');
  expect((await buffer(complete(of(5, 5), 10))).length).toBe(10);
  expect((await buffer(complete(of(), 0))).length).toBe(0);
  expect((await buffer(complete(of(5), null))).length).toBe(5);
});

test('a cap lets exactly so many bytes through, and not the piece that passes it', async () => {
  expect((await buffer(capped(of(5, 5), 10))).length).toBe(10);
  let seen = 0;
  const reading = (async () => {
    for await (const piece of capped(of(5, 5, 1), 10)) seen += piece.length;
  })();
  expect(await faultOf(reading)).toBe('TOO_LARGE');
  expect(seen).toBe(10);
});

test('an empty body starts nothing', async () => {
  const attempt = { started: false };
  await buffer(started(of(), attempt));
  expect(attempt.started).toBe(false);
  await buffer(started(of(1), attempt));
  expect(attempt.started).toBe(true);
});

test('what was packed comes out the same, in whatever pieces it came', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 2000 }),
      fc.integer({ min: 1, max: 50 }),
      async (bytes, step) => {
        for (const [encoding, pack] of [
          ['gzip', gzipSync],
          ['br', brotliCompressSync],
          ['', (plain: Uint8Array) => Buffer.from(plain)],
        ] as const) {
          const packed = pack(bytes);
          const parts: Uint8Array[] = [];
          for (let at = 0; at < packed.length; at += step) parts.push(packed.subarray(at, at + step));
          expect(await buffer(unpacked(pieces(...parts), encoding))).toEqual(Buffer.from(bytes));
        }
      },
    ),
    { numRuns: 30 },
  );
});

test.each(['gzip', 'br'])('nothing, half and nonsense are no %s', async (encoding) => {
  const whole = (encoding === 'br' ? brotliCompressSync : gzipSync)(Buffer.alloc(5000, 'abc'));
  for (const body of [whole.subarray(0, whole.length >> 1), Buffer.from('{"not": "packed"}')]) {
    expect(await faultOf(buffer(unpacked(pieces(body), encoding)))).toBe('INDEX_UNREADABLE');
  }
});

test('an error of the connection is not taken for one of the packing', async () => {
  async function* broken(): Pieces {
    yield gzipSync('x').subarray(0, 5);
    throw Object.assign(new Error('reset'), { code: 'ECONNRESET', errno: -104 });
  }
  await expect(buffer(unpacked(broken(), 'gzip'))).rejects.toMatchObject({ code: 'ECONNRESET' });
});
