import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CompactRange } from '../../../src/ledger/log/compact-range.ts';
import { emptyRoot, hashFromBase64, leafHashOf, nodeHash } from '../../../src/ledger/log/hash.ts';
import { LogError } from '../../../src/ledger/log/log-error.ts';
import { NaiveTree, sha256 } from './naive.ts';

// The inputs and roots that implementations of Certificate Transparency test each other with (RFC 6962's own reference).
const INPUTS = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

test('the roots of the reference trees of Certificate Transparency', () => {
  const range = new CompactRange();
  expect(range.root().toString('hex')).toBe(ROOTS[0]);
  expect(emptyRoot().toString('hex')).toBe(ROOTS[0]);
  INPUTS.forEach((input, i) => {
    range.append(leafHashOf(Buffer.from(input, 'hex')));
    expect(range.root().toString('hex')).toBe(ROOTS[i + 1]);
  });
});

test('a leaf and a node are hashed in domains of their own', () => {
  const [left, right] = [sha256(Buffer.from('l')), sha256(Buffer.from('r'))];
  expect(nodeHash(left, right)).toEqual(sha256(Buffer.from([1]), left, right));
  expect(leafHashOf(Buffer.concat([left, right]))).toEqual(sha256(Buffer.from([0]), left, right));
  // Two results stand side by side: the second call leaves the first alone.
  const first = nodeHash(left, right);
  expect(nodeHash(right, left)).not.toEqual(first);
  expect(nodeHash(left, right)).toEqual(first);
});

test('what is no hash is not hashed as one', () => {
  const hash = emptyRoot();
  for (const wrong of [Buffer.alloc(0), Buffer.alloc(31), Buffer.alloc(33)]) {
    expect(() => nodeHash(wrong, hash)).toThrow(LogError);
    expect(() => nodeHash(hash, wrong)).toThrow(LogError);
    expect(() => new CompactRange().append(wrong)).toThrow(LogError);
  }
});

test('a hash has one spelling in base64', () => {
  const hash = emptyRoot();
  const base64 = hash.toString('base64');
  expect(hashFromBase64(base64)).toEqual(hash);
  // 47DEQ…hSuFU= : the last digit has two bits to spare.
  for (const wrong of [
    base64.slice(0, -1),
    `${base64}=`,
    ` ${base64}`,
    `${base64}\n`,
    base64.replace('U=', 'V='),
    base64.replace('+', '-'),
    '',
    Buffer.alloc(31).toString('base64'),
    Buffer.alloc(33).toString('base64'),
  ])
    expect(hashFromBase64(wrong)).toBeNull();
});

test('of every size up to 600 the root is that of the definition, grown and resumed', () => {
  const leaves = Array.from({ length: 600 }, (_, i) => leafHashOf(Buffer.from(String(i))));
  const naive = new NaiveTree(leaves);
  const range = new CompactRange();
  leaves.forEach((leaf, size) => {
    const root = naive.hash(0, size);
    expect(range.size).toBe(size);
    if (!range.root().equals(root)) throw new Error(`the root at ${size} is wrong`);
    const resumed = new CompactRange(range.size, range.nodes);
    if (!resumed.root().equals(root)) throw new Error(`the root resumed at ${size} is wrong`);
    resumed.append(leaf);
    range.append(leaf);
    if (!resumed.root().equals(range.root())) throw new Error(`the root after ${size} is wrong`);
  });
  expect(range.root()).toEqual(naive.hash(0, 600));
});

test('entries of any bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 40 }), (entries) => {
      const leaves = entries.map((entry) => sha256(Buffer.from([0]), entry));
      const range = new CompactRange();
      for (const entry of entries) range.append(leafHashOf(entry));
      expect(range.root()).toEqual(new NaiveTree(leaves).hash(0, leaves.length));
    }),
  );
});

test('a copy goes its own way', () => {
  const range = new CompactRange();
  for (let i = 0; i < 5; i++) range.append(leafHashOf(Buffer.from([i])));
  const root = range.root();
  const copy = range.copy();
  copy.append(emptyRoot());
  expect(range.size).toBe(5);
  expect(range.root()).toEqual(root);
  expect(copy.root()).not.toEqual(root);
  (range.nodes as Buffer[]).pop();
  expect(range.root()).toEqual(root);
});

test('subtrees that are not those of the size are refused, and so is no size', () => {
  const hash = emptyRoot();
  expect(() => new CompactRange(3, [hash])).toThrow(LogError);
  expect(() => new CompactRange(4, [hash, hash])).toThrow(LogError);
  expect(() => new CompactRange(0, [hash])).toThrow(LogError);
  expect(() => new CompactRange(1, [Buffer.alloc(31)])).toThrow(LogError);
  for (const size of [-1, 0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY])
    expect(() => new CompactRange(size, [hash])).toThrow(LogError);
  expect(() => new CompactRange(2 ** 52, [hash]).append(hash)).not.toThrow();
  const full = new CompactRange(2 ** 53 - 1, Array(53).fill(hash));
  expect(() => full.append(hash)).toThrow(LogError);
  expect(full.size).toBe(2 ** 53 - 1);
});
