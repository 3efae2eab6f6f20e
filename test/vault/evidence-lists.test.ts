import { createHash } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import type { PackageId, PackageName } from '../../src/model/artifact.ts';
import { EvidenceLists } from '../../src/vault/evidence-lists.ts';
import type { EvidenceRef } from '../../src/vault/vault.ts';

afterEach(() => vi.restoreAllMocks());

const id = (name: string): PackageId => ({ ecosystem: 'npm', name: name as PackageName });
const refs = (count: number): EvidenceRef[] =>
  Array.from({ length: count }, (_, n) => {
    const digest = `sha256:${createHash('sha256').update(String(n)).digest('hex')}` as const;
    return { artifact: digest, kind: 'npm-signatures', document: digest };
  });

/** Lists of nine references each, and the names that were read. */
function lists(capacity?: number) {
  const read: string[] = [];
  const all = new EvidenceLists(async ({ name }) => {
    read.push(name);
    return refs(9);
  }, capacity);
  return { all, read };
}

test('the least recently used list goes when there are too many references', async () => {
  const { all, read } = lists(30);
  for (const name of ['a', 'b', 'c']) await all.of(id(name));
  for (const name of ['a', 'b', 'c']) expect(await all.of(id(name))).toHaveLength(9);
  expect(read).toEqual(['a', 'b', 'c']);
  await all.of(id('a'));
  await all.of(id('d'));
  for (const name of ['a', 'c', 'd']) await all.of(id(name));
  expect(read).toEqual(['a', 'b', 'c', 'd']);
  await all.of(id('b'));
  expect(read).toEqual(['a', 'b', 'c', 'd', 'b']);
});

test('packages without evidence count, too, and those that were dropped do not', async () => {
  const read: string[] = [];
  const all = new EvidenceLists(async ({ name }) => {
    read.push(name);
    return [];
  }, 10);
  for (let n = 0; n < 11; n++) await all.of(id(`p${n}`));
  await all.of(id('p1'));
  expect(read).toHaveLength(11);
  await all.of(id('p0'));
  expect(read).toHaveLength(12);
  for (let n = 0; n < 100; n++) all.forget(id(`p${n}`));
  for (let n = 0; n < 10; n++) await all.of(id(`p${n}`));
  for (let n = 0; n < 10; n++) await all.of(id(`p${n}`));
  expect(read).toHaveLength(22);
});

test('one that cannot be read is not kept, nor counted', async () => {
  let fails = true;
  const all = new EvidenceLists(async () => {
    if (fails) throw new Error('EIO');
    return refs(1);
  }, 10);
  for (let n = 0; n < 50; n++) await expect(all.of(id('x'))).rejects.toThrow('EIO');
  fails = false;
  expect(await all.of(id('x'))).toHaveLength(1);
});

test('many who ask at once are one reading; a list is fresh by when its reading began', async () => {
  const now = vi.spyOn(performance, 'now').mockReturnValue(1_000);
  const { all, read } = lists();
  await Promise.all(Array.from({ length: 20 }, () => all.of(id('x'))));
  now.mockReturnValue(5_999);
  await all.of(id('x'));
  expect(read).toHaveLength(1);
  now.mockReturnValue(6_000);
  await all.of(id('x'));
  expect(read).toHaveLength(2);
});
