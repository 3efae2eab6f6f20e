import { expect, test } from 'vitest';
import { FactsCache } from '../../src/admission/facts.ts';
import type { PackageId, PackageName } from '../../src/model/artifact.ts';

const KIB = 1_024;
const idOf = (name: string): PackageId => ({ ecosystem: 'npm', name: name as PackageName });

/** A memory whose packages have facts of `size` bytes, and which notes what it was asked. */
function memoryOf(size: number) {
  const asked: string[] = [];
  return {
    asked,
    async packageFacts({ name }: PackageId) {
      asked.push(name);
      if (name === 'broken') throw new Error('the reader is gone');
      return new Uint8Array(size).fill(asked.length);
    },
  };
}

test('facts are kept by their bytes, and what was used longest ago goes first', async () => {
  const memory = memoryOf(10 * KIB);
  const facts = new FactsCache(memory, 40 * KIB);
  for (const name of ['a', 'b', 'c', 'a', 'd', 'a']) await facts.of(idOf(name));
  expect(memory.asked).toEqual(['a', 'b', 'c', 'd']);
  await facts.of(idOf('b'));
  expect(memory.asked).toEqual(['a', 'b', 'c', 'd', 'b']);
});

test('facts that are larger than the bound are given, and not kept', async () => {
  const memory = memoryOf(100 * KIB);
  const facts = new FactsCache(memory, 40 * KIB);
  expect((await facts.of(idOf('huge'))).bytes.byteLength).toBe(100 * KIB);
  await facts.of(idOf('huge'));
  expect(memory.asked).toEqual(['huge', 'huge']);
});

test.each([
  ['forgotten', (facts: FactsCache) => facts.forget(idOf('a'))],
  ['all forgotten', (facts: FactsCache) => facts.clear()],
])('what is %s while it is read is read again, and counts for nothing', async (_, drop) => {
  const memory = memoryOf(10 * KIB);
  const facts = new FactsCache(memory, 24 * KIB);
  const before = facts.of(idOf('a'));
  drop(facts);
  const after = await facts.of(idOf('a'));
  expect((await before).digest).not.toBe(after.digest);
  await facts.of(idOf('b'));
  await facts.of(idOf('a'));
  expect(memory.asked).toEqual(['a', 'a', 'b']);
});

test('a read that failed is not kept', async () => {
  const memory = memoryOf(0);
  const facts = new FactsCache(memory);
  for (let i = 0; i < 2; i++) await expect(facts.of(idOf('broken'))).rejects.toThrow('the reader is gone');
  expect(memory.asked).toEqual(['broken', 'broken']);
});
