import type { Hash } from '../log/hash.ts';
import { type Expected, rootOf } from './signed-tree.ts';

/** The leaves of one group of entries as one copy has them; null where it has none, or one that cannot be read. */
export type Leaves = readonly (Hash | null)[];

/** The leaves of a group that count, and whether the signed root says that they do. */
export interface Chosen {
  readonly leaves: readonly (Hash | null)[];
  readonly sure: boolean;
}

/**
 * Of several copies of the same leaves the one that the root says is right; where each is damaged in another place, what
 * most of them have there. Where nothing leads to the root, what most copies have, the first of them first, is not sure.
 */
export function choose(copies: readonly Leaves[], expected: Expected): Chosen {
  if (expected && 'hashes' in expected) return { leaves: expected.hashes, sure: true };
  const [first = [], ...others] = copies;
  const agreed = others.every((copy) => isSame(first, copy));
  const most = agreed ? first : majority(copies);
  if (!expected) return { leaves: most, sure: false };
  for (const leaves of [most, ...copies]) if (leadsTo(expected.root, leaves)) return { leaves, sure: true };
  const mixed = mixture(expected.root, copies);
  return mixed ? { leaves: mixed, sure: true } : { leaves: most, sure: false };
}

/** Places at which copies may differ for every mixture of them to be tried. */
const MAX_MIXED = 8;

/** One of the mixtures of the copies, where they differ in few places. */
function mixture(root: Hash, copies: readonly Leaves[]): Leaves | null {
  const width = copies[0]?.length ?? 0;
  const options = Array.from({ length: width }, (_, i) => distinct(copies.map((copy) => copy[i] ?? null)));
  if (options.filter((ways) => ways.length > 1).length > MAX_MIXED) return null;
  const leaves: (Hash | null)[] = options.map(([first = null]) => first);
  const differing = options.flatMap((ways, i) => (ways.length > 1 ? [i] : []));
  const tryFrom = (at: number): boolean => {
    const place = differing[at];
    if (place === undefined) return leadsTo(root, leaves);
    return (options[place] ?? []).some((way) => {
      leaves[place] = way;
      return tryFrom(at + 1);
    });
  };
  return tryFrom(0) ? leaves : null;
}

function isSame(some: Leaves, others: Leaves): boolean {
  return some.every((leaf, i) => {
    const other = others[i] ?? null;
    return leaf === other || (leaf !== null && other !== null && leaf.equals(other));
  });
}

function majority(copies: readonly Leaves[]): Leaves {
  const [first = []] = copies;
  return first.map((_, i) => {
    const here = copies.map((copy) => copy[i] ?? null).filter((leaf) => leaf !== null);
    const [best = null] = here.toSorted((a, b) => votes(here, b) - votes(here, a));
    return best;
  });
}

function votes(all: readonly Hash[], one: Hash): number {
  return all.filter((other) => other.equals(one)).length;
}

function distinct(leaves: readonly (Hash | null)[]): Hash[] {
  const found: Hash[] = [];
  for (const leaf of leaves) if (leaf && !found.some((one) => one.equals(leaf))) found.push(leaf);
  return found;
}

function leadsTo(root: Hash, leaves: Leaves): boolean {
  const hashes = leaves.filter((leaf) => leaf !== null);
  return hashes.length === leaves.length && rootOf(hashes).equals(root);
}
