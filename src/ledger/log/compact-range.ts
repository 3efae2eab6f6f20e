import { emptyRoot, HASH_SIZE, type Hash, nodeHash } from './hash.ts';
import { LogError } from './log-error.ts';
import { isSize } from './size.ts';

/**
 * The full subtrees of a tree, left to right, largest first: one for each set bit of the size. All that is needed to
 * append and to give the root. Throws LogError where `nodes` are not as many hashes as the size has set bits.
 */
export class CompactRange {
  #size: number;
  readonly #nodes: Hash[];

  constructor(size = 0, nodes: readonly Hash[] = []) {
    if (!isSize(size)) throw new LogError('the size of a tree is no integer from 0 to 2^53-1');
    if (nodes.length !== setBits(size) || nodes.some((node) => node.length !== HASH_SIZE))
      throw new LogError(`these are not the hashes of a tree of ${size} leaves`);
    this.#size = size;
    this.#nodes = [...nodes];
  }

  get size(): number {
    return this.#size;
  }

  get nodes(): readonly Hash[] {
    return [...this.#nodes];
  }

  append(leaf: Hash): void {
    if (!isSize(this.#size + 1)) throw new LogError('a tree has at most 2^53-1 leaves');
    if (leaf.length !== HASH_SIZE) throw new LogError('a hash is not 32 bytes');
    let node = leaf;
    // Each set bit from the right is a subtree as large as the one that has just been made.
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = this.#nodes.pop();
      if (left === undefined) throw new LogError('a tree lacks a subtree');
      node = nodeHash(left, node);
    }
    this.#nodes.push(node);
    this.#size += 1;
  }

  /** The Merkle tree hash of all leaves (RFC 6962 section 2.1). */
  root(): Hash {
    return foldRoot(this.#nodes);
  }

  copy(): CompactRange {
    return new CompactRange(this.#size, this.#nodes);
  }
}

/** The root of a tree from its full subtrees, left to right. */
export function foldRoot(nodes: readonly Hash[]): Hash {
  const last = nodes.at(-1);
  if (last === undefined) return emptyRoot();
  return nodes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

function setBits(size: number): number {
  let bits = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
  return bits;
}
