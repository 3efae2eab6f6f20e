import type { InspectionLimits } from '../verify.ts';
import { ArchiveUnsafe } from './unsafe.ts';

/**
 * Below this many unpacked bytes the ratio says nothing: a tar of many small files is mostly zeros, and so
 * much memory and time is harmless anyway.
 */
const RATIO_FLOOR = 16 * 1024 ** 2;

/** Counts what an archive unpacks to, and throws ArchiveUnsafe at the first byte or entry too many. */
export class Meter {
  readonly limits: InspectionLimits;
  readonly #packed: number;
  #unpacked = 0;
  #entries = 0;

  constructor(packed: number, limits: InspectionLimits) {
    this.#packed = packed;
    this.limits = limits;
  }

  bytes(count: number): void {
    this.#unpacked += count;
    if (this.#unpacked > this.limits.maxUnpacked) throw new ArchiveUnsafe('unpacks to too many bytes');
    if (this.#unpacked > RATIO_FLOOR && this.#unpacked > this.#packed * this.limits.maxRatio) {
      throw new ArchiveUnsafe('unpacks to too many times its size');
    }
  }

  entry(): void {
    this.#entries += 1;
    if (this.#entries > this.limits.maxEntries) throw new ArchiveUnsafe('too many entries');
  }
}
