import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EntryDraft } from '../../../src/ledger/ledger.ts';
import { type DataPlace, dataPlace, removePlace } from '../../ledger/audit/data-place.ts';
import { eachFlip, type Flip, smallLog } from '../../ledger/audit/flips.ts';

// Every byte of every file of a small log, and bytes of the rows beside it: each change is noticed, in bounded time.

test('each byte of every file', async () => {
  const silent: Flip[] = [];
  let slowest = 0;
  const began = performance.now();
  const flips = await eachFlip(smallLog(), 1, (flip) => {
    slowest = Math.max(slowest, flip.ms);
    if (flip.problems === 0) silent.push(flip);
  });
  console.log(
    `${flips} bytes in ${((performance.now() - began) / 1000).toFixed(0)} s, ${slowest.toFixed(0)} ms at most`,
  );
  expect(silent).toEqual([]);
  expect(flips).toBeGreaterThan(20_000);
  expect(slowest).toBeLessThan(5_000);
}, 900_000);

describe('the database', () => {
  const SIZE = 258;
  const drafts = Array.from(
    { length: SIZE },
    (_, i): EntryDraft => ({ type: 'stop', id: `e${i}`, time: i, code: 'x' }),
  );
  let place: DataPlace;
  beforeAll(async () => {
    place = await dataPlace(drafts, [100, 200, SIZE]);
  });
  afterAll(() => removePlace(place));

  /** A row with one byte changed, and back. */
  async function flipped(column: 'bytes' | 'leaf', seq: number, at: number): Promise<number> {
    const entry = place.log.entries[seq] ?? Buffer.alloc(0);
    const whole = column === 'bytes' ? entry : place.leaf(seq);
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 7));
    const set = `UPDATE entry SET ${column} = ${column === 'bytes' ? 'CAST(? AS TEXT)' : '?'} WHERE seq = ?`;
    place.sql(set, changed, seq);
    const { problems } = await place.audit();
    place.sql(set, whole, seq);
    return problems;
  }

  test('is whole', async () => {
    expect((await place.audit()).problems).toBe(0);
  });

  test('a byte of each row, and each byte of some', async () => {
    const silent: string[] = [];
    let flips = 0;
    const flip = async (column: 'bytes' | 'leaf', seq: number, at: number) => {
      flips++;
      if ((await flipped(column, seq, at)) === 0) silent.push(`${column} of ${seq} at ${at}`);
    };
    for (let seq = 0; seq < SIZE; seq++)
      await flip('bytes', seq, (seq * 7) % (place.log.entries[seq]?.length ?? 1));
    for (const seq of [0, 256]) {
      for (let at = 0; at < (place.log.entries[seq]?.length ?? 0); at++) await flip('bytes', seq, at);
      for (let at = 0; at < 32; at++) await flip('leaf', seq, at);
    }
    expect(silent).toEqual([]);
    expect(flips).toBeGreaterThan(SIZE + 150);
    expect((await place.audit()).problems).toBe(0);
  }, 900_000);
});
