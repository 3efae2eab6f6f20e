import { emptyRoot, HASH_SIZE, type Hash, nodeHash } from './hash.ts';
import { LogError } from './log-error.ts';
import { isSize, splitPoint } from './size.ts';

/** Gives the hash of the complete subtree of 2^level leaves from leaf index * 2^level; level 0 are leaves. */
export type HashReader = (level: number, index: number) => Promise<Hash>;

/** The audit path of a leaf (RFC 6962 section 2.1.1), from its sibling up. Throws LogError where there is no such leaf. */
export async function inclusionProof(index: number, size: number, read: HashReader): Promise<Hash[]> {
  if (!isSize(index) || !isSize(size) || index >= size)
    throw new LogError(`a log of ${size} entries has no entry ${index}`);
  const path: Promise<Hash>[] = [];
  for (let start = 0, end = size; end - start > 1; ) {
    const middle = start + splitPoint(end - start);
    path.push(index < middle ? subtreeHash(middle, end, read) : subtreeHash(start, middle, read));
    if (index < middle) end = middle;
    else start = middle;
  }
  return (await Promise.all(path)).reverse();
}

/**
 * What shows that the tree `to` begins with the tree `from` (RFC 6962 section 2.1.2); nothing where `from` is 0 or the
 * same. Throws LogError where `from` is larger.
 */
export async function consistencyProof(from: number, to: number, read: HashReader): Promise<Hash[]> {
  checkSizes(from, to);
  if (from === 0) return [];
  const proof: Promise<Hash>[] = [];
  let start = 0;
  let end = to;
  while (end !== from) {
    const middle = start + splitPoint(end - start);
    proof.push(from <= middle ? subtreeHash(middle, end, read) : subtreeHash(start, middle, read));
    if (from <= middle) end = middle;
    else start = middle;
  }
  // Where it is the whole old tree, whoever verifies has its root already.
  if (start > 0) proof.push(subtreeHash(start, end, read));
  return (await Promise.all(proof)).reverse();
}

/** The root that a log had at a size. */
export async function rootAt(size: number, read: HashReader): Promise<Hash> {
  if (!isSize(size)) throw new LogError('the size of a tree is no integer from 0 to 2^53-1');
  return size === 0 ? emptyRoot() : await subtreeHash(0, size, read);
}

/** RFC 9162 section 2.1.3.2. Throws LogError where the path does not lead from the leaf to the root. */
export function verifyInclusion(
  leaf: Hash,
  index: number,
  size: number,
  proof: readonly Hash[],
  root: Hash,
): void {
  if (!isSize(index) || !isSize(size) || index >= size)
    throw new LogError(`a log of ${size} entries has no entry ${index}`);
  checkHashes([leaf, root, ...proof]);
  let node = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) throw new LogError('an inclusion proof is too long');
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) throw new LogError('an inclusion proof is too short');
  if (!hash.equals(root)) throw new LogError(`entry ${index} is not in the log of this root`);
}

/** RFC 9162 section 2.1.4.2. Throws LogError where the tree `to` is not shown to begin with the tree `from`. */
export function verifyConsistency(
  from: number,
  fromRoot: Hash,
  to: number,
  toRoot: Hash,
  proof: readonly Hash[],
): void {
  checkSizes(from, to);
  checkHashes([fromRoot, toRoot, ...proof]);
  if (from === 0 || from === to) {
    if (proof.length > 0) throw new LogError('a consistency proof is too long');
    if (!fromRoot.equals(from === 0 ? emptyRoot() : toRoot)) throw inconsistent(from, to);
    if (to === 0 && !toRoot.equals(emptyRoot())) throw inconsistent(from, to);
    return;
  }
  let node = from - 1;
  let last = to - 1;
  while (node % 2 === 1) {
    node = (node - 1) / 2;
    last = Math.floor(last / 2);
  }
  // A tree of 2^n leaves is a subtree of the new one, so that its root begins the proof and is left out.
  const [first, ...rest] = node === 0 ? [fromRoot, ...proof] : proof;
  if (first === undefined) throw new LogError('a consistency proof is too short');
  let old = first;
  let now = first;
  for (const sibling of rest) {
    if (last === 0) throw new LogError('a consistency proof is too long');
    if (node % 2 === 1 || node === last) {
      old = nodeHash(sibling, old);
      now = nodeHash(sibling, now);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      now = nodeHash(now, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) throw new LogError('a consistency proof is too short');
  if (!old.equals(fromRoot) || !now.equals(toRoot)) throw inconsistent(from, to);
}

/** MTH(D[start:end]) of RFC 6962 section 2.1, of a range that its splits make. */
async function subtreeHash(start: number, end: number, read: HashReader): Promise<Hash> {
  const width = end - start;
  if (width === 1) return await read(0, start);
  const half = splitPoint(width);
  if (half * 2 === width) return await read(levelOf(width), start / width);
  const [left, right] = await Promise.all([
    subtreeHash(start, start + half, read),
    subtreeHash(start + half, end, read),
  ]);
  return nodeHash(left, right);
}

function levelOf(width: number): number {
  let level = 0;
  for (let rest = width; rest > 1; rest /= 2) level += 1;
  return level;
}

function checkSizes(from: number, to: number): void {
  if (!isSize(from) || !isSize(to) || from > to)
    throw new LogError(`a log of ${to} entries has no earlier head of ${from}`);
}

function checkHashes(hashes: readonly Hash[]): void {
  if (hashes.some((hash) => hash.length !== HASH_SIZE)) throw new LogError('a hash is not 32 bytes');
}

function inconsistent(from: number, to: number): LogError {
  return new LogError(`the log of ${to} entries does not begin with the log of ${from}`);
}
