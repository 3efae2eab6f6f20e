import type { Hash } from '../log/hash.ts';
import type { Copy, FindingCode, Findings } from './finding.ts';

/** A head that the log must contain: it is known from elsewhere. */
export interface Anchor {
  readonly size: number;
  readonly root: Hash;
  readonly copy: Copy;
  /** Which head it is, in a few words: `the kept checkpoint of 300 entries`. */
  readonly words: string;
}

/** Gives anchors by their size, the smallest first; many can be read piece by piece. */
export interface AnchorList {
  /** The next one, or null. */
  peek(): Anchor | null;
  next(): void;
}

/**
 * Holds every known head against the log as it grows. Of the heads of one copy that contradict it the first is told, with
 * how many follow; between the last head that is contained and the first that is not, the log was changed.
 */
export class AnchorCheck {
  readonly #lists: readonly AnchorList[];
  readonly #log: number;
  readonly #findings: Findings;
  readonly #bad = new Map<Copy, { first: Anchor; count: number; code: FindingCode; after: number }>();
  #good = 0;

  constructor(log: number, lists: readonly AnchorList[], findings: Findings) {
    this.#log = log;
    this.#lists = lists;
    this.#findings = findings;
  }

  /** The smallest size that a head is still waiting for; Infinity where there is none. */
  get nextSize(): number {
    return Math.min(...this.#lists.map((list) => list.peek()?.size ?? Number.POSITIVE_INFINITY));
  }

  /** How many entries a head vouches for that the log contains. */
  get good(): number {
    return this.#good;
  }

  /** The log has this root at this size. `signed`: it is the size of the log's own checkpoint. */
  reached(size: number, root: Hash, signed: boolean): void {
    for (const list of this.#lists) {
      for (let anchor = list.peek(); anchor !== null && anchor.size <= size; anchor = list.peek()) {
        list.next();
        if (anchor.size === size && anchor.root.equals(root)) this.#good = Math.max(this.#good, size);
        else this.#wrong(anchor, signed && anchor.size === size ? 'fork' : 'inconsistent');
      }
    }
  }

  /** What is left is larger than the log. `words`: what stands of it in the log, if anything. */
  *beyond(): Generator<Anchor> {
    for (const list of this.#lists) {
      for (let anchor = list.peek(); anchor !== null; anchor = list.peek()) {
        list.next();
        yield anchor;
      }
    }
  }

  /** Says what was wrong. */
  tell(): void {
    for (const [copy, { first, count, code, after }] of this.#bad) {
      const more = count > 1 ? `, nor ${count - 1} later of these` : '';
      const between = after > 0 ? `; of the entries up to ${after - 1} a head that is contained vouches` : '';
      this.#findings.problem(
        code,
        copy,
        { log: this.#log, from: after, to: first.size - 1 },
        code === 'fork'
          ? `${first.words} and the log's own checkpoint are two different logs of ${first.size} entries`
          : `${first.words} is not what the log has at that size${more}: it, or an entry below it, was changed${between}`,
      );
    }
  }

  #wrong(anchor: Anchor, code: FindingCode): void {
    const known = this.#bad.get(anchor.copy);
    if (known) this.#bad.set(anchor.copy, { ...known, count: known.count + 1 });
    else this.#bad.set(anchor.copy, { first: anchor, count: 1, code, after: this.#good });
  }
}

/** Anchors that are all known at once. */
export function anchorList(anchors: readonly Anchor[]): AnchorList {
  const sorted = anchors.toSorted((a, b) => a.size - b.size);
  let at = 0;
  return { peek: () => sorted[at] ?? null, next: () => void at++ };
}
