import { expect, test } from 'vitest';
import { eachFlip, type Flip, smallLog } from './flips.ts';
import { audited } from './forged.ts';

// test/full/ledger/flips.test.ts changes every byte; here it is one of many, in every file.

test('a byte changed anywhere in a log is a problem', async () => {
  const log = smallLog();
  expect((await audited(log)).problems).toBe(0);
  const silent: Flip[] = [];
  const paths = new Set<string>();
  const flips = await eachFlip(log, 61, (flip) => {
    paths.add(flip.path);
    if (flip.problems === 0) silent.push(flip);
  });
  expect(silent).toEqual([]);
  expect(flips).toBeGreaterThan(400);
  expect(paths.size).toBeGreaterThan(8);
}, 120_000);
