import type { PackageAdvisories } from '../model/advisory.ts';

/** How many packages, and characters of their records, are remembered. */
const MAX_PACKAGES = 2_000;
const MAX_TEXT = 8 * 1024 ** 2;

/** The packages that were asked for last, with what one generation of the feed has on them. */
export class RecentPackages {
  readonly #known = new Map<string, { readonly found: PackageAdvisories; readonly size: number }>();
  #size = 0;

  get(key: string): PackageAdvisories | null {
    const known = this.#known.get(key);
    if (!known) return null;
    this.#known.delete(key);
    this.#known.set(key, known);
    return known.found;
  }

  /** `size`: characters of its records. */
  put(key: string, found: PackageAdvisories, size: number): void {
    this.#drop(key);
    this.#known.set(key, { found, size });
    this.#size += size;
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_PACKAGES && this.#size <= MAX_TEXT) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#size -= this.#known.get(key)?.size ?? 0;
    this.#known.delete(key);
  }
}
