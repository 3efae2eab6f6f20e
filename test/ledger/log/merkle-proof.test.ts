import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { type Hash, nodeHash } from '../../../src/ledger/log/hash.ts';
import { LogError } from '../../../src/ledger/log/log-error.ts';
import { hashReader } from '../../../src/ledger/log/log-source.ts';
import {
  consistencyProof,
  type HashReader,
  inclusionProof,
  rootAt,
  verifyConsistency,
  verifyInclusion,
} from '../../../src/ledger/log/merkle-proof.ts';
import { memoryLog } from './memory-log.ts';
import { leafOf, NaiveTree } from './naive.ts';

const LEAVES = Array.from({ length: 65_537 }, (_, i) => leafOf(i));
const NAIVE = new NaiveTree(LEAVES);
const leaf = (index: number): Hash => LEAVES[index] ?? leafOf(index);
const root = (size: number): Hash => NAIVE.hash(0, size);

/** The definition's hashes, and only of subtrees that are complete within the size. */
const naiveReader =
  (size: number): HashReader =>
  async (level, index) => {
    const [start, end] = [index * 2 ** level, (index + 1) * 2 ** level];
    if (end > size) throw new Error(`asked for ${start} to ${end} of ${size}`);
    return NAIVE.hash(start, end);
  };

const same = (a: readonly Buffer[], b: readonly Buffer[]) =>
  a.length === b.length && a.every((hash, i) => b[i]?.equals(hash));

// Every pair up to two levels of subtrees, then the sizes around a full tile.
const SIZES = [...Array.from({ length: 80 }, (_, i) => 1 + i), 127, 128, 129, 255, 256, 257];

test('every inclusion proof of small sizes is the definition’s, and verifies', async () => {
  for (const size of SIZES) {
    const read = naiveReader(size);
    for (let index = 0; index < size; index++) {
      const proof = await inclusionProof(index, size, read);
      if (!same(proof, NAIVE.path(index, 0, size)))
        throw new Error(`the path of ${index} in ${size} is wrong`);
      verifyInclusion(leaf(index), index, size, proof, root(size));
    }
  }
});

test('every consistency proof of small sizes is the definition’s, and verifies', async () => {
  for (const to of SIZES) {
    const read = naiveReader(to);
    for (let from = 1; from < to; from++) {
      const proof = await consistencyProof(from, to, read);
      if (!same(proof, NAIVE.proof(from, to))) throw new Error(`the proof of ${from} in ${to} is wrong`);
      verifyConsistency(from, root(from), to, root(to), proof);
    }
    expect(await consistencyProof(to, to, read)).toEqual([]);
    expect(await consistencyProof(0, to, read)).toEqual([]);
    verifyConsistency(to, root(to), to, root(to), []);
    verifyConsistency(0, root(0), to, root(to), []);
  }
  verifyConsistency(0, root(0), 0, root(0), []);
});

test('sizes up to 600 and around 65536, places at every edge', async () => {
  const sizes = [...Array.from({ length: 520 }, (_, i) => 81 + i), 65_535, 65_536, 65_537];
  for (const size of sizes) {
    const read = naiveReader(size);
    const half = Math.floor(size / 2);
    for (const index of new Set([0, 1, 127, 128, 255, 256, half, size - 257, size - 2, size - 1])) {
      if (index < 0 || index >= size) continue;
      const proof = await inclusionProof(index, size, read);
      expect(same(proof, NAIVE.path(index, 0, size))).toBe(true);
      verifyInclusion(leaf(index), index, size, proof, root(size));
      if (index === 0) continue;
      const consistency = await consistencyProof(index, size, read);
      expect(same(consistency, NAIVE.proof(index, size))).toBe(true);
      verifyConsistency(index, root(index), size, root(size), consistency);
    }
  }
});

test('the root at every size up to 600', async () => {
  for (let size = 0; size <= 600; size++)
    if (!(await rootAt(size, naiveReader(size))).equals(root(size))) throw new Error(`at ${size}`);
  expect(await rootAt(65_537, naiveReader(65_537))).toEqual(root(65_537));
});

const flipped = (hash: Hash, bit: number): Hash => {
  const other = Buffer.from(hash);
  other[(bit >> 3) % 32] = (other[(bit >> 3) % 32] ?? 0) ^ (1 << (bit & 7));
  return other;
};

/** Every way to change a proof a little. */
function spoilt(proof: readonly Hash[], at: number, bit: number): Hash[][] {
  const i = proof.length === 0 ? 0 : at % proof.length;
  const some = proof[i];
  const longer = [
    [...proof, leafOf(0)],
    [leafOf(0), ...proof],
    [...proof, ...(some ? [some] : [])],
  ];
  if (some === undefined) return longer.slice(0, 2);
  const others = [
    ...longer,
    proof.toSpliced(i, 1),
    proof.toSpliced(i, 1, flipped(some, bit)),
    proof.slice(0, -1),
    proof.slice(1),
    [],
  ];
  const turned = proof.toReversed();
  return same(turned, proof) ? others : [...others, turned];
}

test('an inclusion proof with anything changed does not verify', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 600 }),
      fc.nat(),
      fc.nat(),
      fc.nat(255),
      async (size, n, at, bit) => {
        const index = n % size;
        const proof = await inclusionProof(index, size, naiveReader(size));
        const refused = (...args: Parameters<typeof verifyInclusion>) =>
          expect(() => verifyInclusion(...args)).toThrow(LogError);
        for (const wrong of spoilt(proof, at, bit)) refused(leaf(index), index, size, wrong, root(size));
        refused(flipped(leaf(index), bit), index, size, proof, root(size));
        refused(leaf(index), index, size, proof, flipped(root(size), bit));
        refused(leaf(index), index, size, proof, root(size - 1));
        const other = at % size;
        if (other !== index) refused(leaf(index), other, size, proof, root(size));
      },
    ),
    { numRuns: 300 },
  );
});

test('a consistency proof with anything changed does not verify', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 600 }),
      fc.nat(),
      fc.nat(),
      fc.nat(255),
      async (to, n, at, bit) => {
        const from = 1 + (n % (to - 1));
        const proof = await consistencyProof(from, to, naiveReader(to));
        const refused = (...args: Parameters<typeof verifyConsistency>) =>
          expect(() => verifyConsistency(...args)).toThrow(LogError);
        for (const wrong of spoilt(proof, at, bit)) refused(from, root(from), to, root(to), wrong);
        refused(from, flipped(root(from), bit), to, root(to), proof);
        refused(from, root(from), to, flipped(root(to), bit), proof);
        refused(from, root(from - 1), to, root(to), proof);
        refused(from, root(to), to, root(from), proof);
        refused(to, root(to), from, root(from), proof);
        const fork = new NaiveTree(LEAVES.slice(0, to).with(at % from, leafOf(70_000)));
        refused(from, root(from), to, fork.hash(0, to), fork.proof(from, to));
      },
    ),
    { numRuns: 300 },
  );
});

test('nothing follows from an empty log, and two heads of one size are one', () => {
  const refused = (...args: Parameters<typeof verifyConsistency>) =>
    expect(() => verifyConsistency(...args)).toThrow(LogError);
  refused(0, root(1), 1, root(1), []);
  refused(0, root(0), 1, root(1), [root(1)]);
  refused(0, root(1), 0, root(1), []);
  refused(5, root(5), 5, root(6), []);
  refused(5, root(5), 5, root(5), [root(5)]);
  refused(0, root(0), 0, root(1), []);
  refused(1, root(1), 2, root(2), []);
});

test('a root that was made for a path of another length does not make it verify', () => {
  const [a, b, c, d] = [leaf(0), leaf(1), leaf(2), leaf(3)];
  const ab = nodeHash(a, b);
  const cd = nodeHash(c, d);
  // Further up than the tree is high, and not as far.
  expect(() => verifyInclusion(a, 0, 1, [b], nodeHash(b, a))).toThrow('too long');
  expect(() => verifyInclusion(a, 0, 2, [b, cd], nodeHash(cd, ab))).toThrow('too long');
  expect(() => verifyInclusion(a, 0, 4, [b], ab)).toThrow('too short');
  verifyConsistency(3, nodeHash(ab, c), 4, nodeHash(ab, cd), [c, d, ab]);
  const beyond = [c, d, ab, a];
  expect(() =>
    verifyConsistency(3, nodeHash(a, nodeHash(ab, c)), 4, nodeHash(a, nodeHash(ab, cd)), beyond),
  ).toThrow('too long');
  expect(() => verifyConsistency(3, c, 4, cd, [c, d])).toThrow('too short');
});

test('sizes and places that are none are refused before anything is read', async () => {
  const never: HashReader = async () => {
    throw new Error('was read');
  };
  const hash = root(1);
  for (const wrong of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    await expect(inclusionProof(wrong, 10, never)).rejects.toThrow(LogError);
    await expect(inclusionProof(0, wrong, never)).rejects.toThrow(LogError);
    await expect(consistencyProof(wrong, 10, never)).rejects.toThrow(LogError);
    await expect(consistencyProof(1, wrong, never)).rejects.toThrow(LogError);
    await expect(rootAt(wrong, never)).rejects.toThrow(LogError);
    expect(() => verifyInclusion(hash, wrong, 10, [], hash)).toThrow(LogError);
    expect(() => verifyInclusion(hash, 0, wrong, [], hash)).toThrow(LogError);
    expect(() => verifyConsistency(wrong, hash, 10, hash, [])).toThrow(LogError);
    expect(() => verifyConsistency(1, hash, wrong, hash, [])).toThrow(LogError);
  }
  await expect(inclusionProof(10, 10, never)).rejects.toThrow(LogError);
  await expect(inclusionProof(0, 0, never)).rejects.toThrow(LogError);
  await expect(inclusionProof(2 ** 53 - 1, 2 ** 53 - 1, never)).rejects.toThrow(LogError);
  await expect(consistencyProof(11, 10, never)).rejects.toThrow(LogError);
  expect(() => verifyInclusion(hash, 10, 10, [], hash)).toThrow(LogError);
  expect(() => verifyInclusion(hash, 0, 1, [], Buffer.alloc(31))).toThrow(LogError);
  expect(() => verifyInclusion(hash, 0, 2, [Buffer.alloc(33)], hash)).toThrow(LogError);
  // Two that are alike are no hashes for that.
  const short = Buffer.alloc(31);
  expect(() => verifyInclusion(short, 0, 1, [], short)).toThrow(LogError);
  expect(() => verifyConsistency(5, short, 5, short, [])).toThrow(LogError);
});

test('proofs in the largest log are made and verified without a number going wrong', async () => {
  // All leaves alike: the hash of a complete subtree depends on its level alone.
  const levels: Hash[] = [leafOf(0)];
  const twin = new NaiveTree(Array(2).fill(leafOf(0)));
  levels.push(twin.hash(0, 2));
  for (let level = 2; level < 53; level++) {
    const below = levels[level - 1] ?? leafOf(0);
    levels.push(nodeHash(below, below));
  }
  const size = Number.MAX_SAFE_INTEGER;
  const read: HashReader = async (level, index) => {
    expect((index + 1) * 2 ** level).toBeLessThanOrEqual(size);
    return levels[level] ?? Buffer.alloc(0);
  };
  const whole = await rootAt(size, read);
  for (const index of [0, 1, 2 ** 31, 2 ** 32 + 5, 2 ** 52 - 1, 2 ** 52, size - 1]) {
    const path = await inclusionProof(index, size, read);
    verifyInclusion(leafOf(0), index, size, path, whole);
    if (index === 0) continue;
    const proof = await consistencyProof(index, size, read);
    verifyConsistency(index, await rootAt(index, read), size, whole, proof);
    expect(() => verifyConsistency(index, whole, size, whole, proof)).toThrow(LogError);
  }
});

let log: ReturnType<typeof memoryLog>;
beforeAll(() => {
  log = memoryLog();
  log.publish(65_537);
});

test('proofs that are read from tiles are the same', async () => {
  for (const size of [1, 2, 255, 256, 257, 600, 65_535, 65_536, 65_537]) {
    // Partial tiles of earlier sizes are not there: the full ones stand in, where there is one.
    const files = memoryLog();
    const source = size === 65_537 || size % 256 === 0 ? log : files;
    if (source === files) files.publish(size);
    const read = hashReader(source, size);
    expect(await rootAt(size, read)).toEqual(root(size));
    for (const index of new Set([0, Math.floor(size / 3), size - 1])) {
      expect(await inclusionProof(index, size, read)).toEqual(NAIVE.path(index, 0, size));
      if (index > 0) expect(await consistencyProof(index, size, read)).toEqual(NAIVE.proof(index, size));
    }
  }
});
