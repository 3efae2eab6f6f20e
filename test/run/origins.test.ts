import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FileOriginBook } from '../../src/origins.ts';
import type { Source } from '../../src/upstream/upstream.ts';

const SOURCE: Source = {
  id: 'up',
  base: 'https://up.test/simple/',
  authorization: null,
  fileOrigins: ['https://also.test'],
};

/** A memory that takes its time, as the ledger does. */
function book() {
  const kept = new Map<string, string[]>();
  const told: string[] = [];
  const disk = { broken: false };
  const memory = {
    async fileOrigins(id: string) {
      await sleep(1);
      return kept.get(id) ?? [];
    },
    async learnFileOrigin(id: string, origin: string) {
      await sleep(1);
      if (disk.broken) throw new Error('the disk is full');
      kept.set(id, [...(kept.get(id) ?? []), origin]);
    },
  };
  const made = new FileOriginBook(memory, (source, origin) => told.push(`${source} ${origin}`));
  return { book: made, kept, told, disk };
}

test('what was verified at once from several origins makes one of them the source’s own', async () => {
  const { book: origins, kept, told } = book();
  await Promise.all(
    ['a', 'b', 'a', 'c'].map((name) => origins.verifiedFrom(SOURCE, `https://${name}.test/f.whl`)),
  );
  expect(kept.get('up')).toEqual(['https://a.test']);
  expect(told).toEqual(['up https://a.test']);
  expect(await origins.check('up', 'https://a.test', false)).toBe('known');
  expect(await origins.check('up', 'https://b.test', true)).toBe('new');
  expect(await origins.check('other', 'https://b.test', true)).toBe('first');
});

test.each(['https://up.test/f.whl', '../f.whl', 'https://also.test/f.whl', 'https://', 'data:,x'])(
  'an address that needs no learning, or has no origin to learn, leaves the place free: %s',
  async (url) => {
    const { book: origins, kept } = book();
    await origins.verifiedFrom(SOURCE, url);
    expect(kept.get('up')).toBeUndefined();
  },
);

test('where a redirect leads is not what an index said: it never becomes the first', async () => {
  const { book: origins } = book();
  expect(await origins.check('up', 'https://a.test', false)).toBe('new');
  expect(await origins.check('up', 'https://a.test', true)).toBe('first');
});

test('what could not be remembered rejects, and the next one is learned', async () => {
  const { book: origins, kept, told, disk } = book();
  disk.broken = true;
  await expect(origins.verifiedFrom(SOURCE, 'https://a.test/f.whl')).rejects.toThrow('the disk is full');
  expect(told).toEqual([]);
  disk.broken = false;
  await origins.verifiedFrom(SOURCE, 'https://b.test/f.whl');
  expect(kept.get('up')).toEqual(['https://b.test']);
});
