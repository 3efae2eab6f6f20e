import type { ArchivePath } from './archive/path.ts';
import type { BundledClaim, BundledClaims } from './verify.ts';

/** Packages that are named of one artifact; what is beyond is counted. The largest that are published bundle some hundreds. */
export const MAX_BUNDLED = 2_000;

/** Characters of a name, and of a version: no ecosystem has longer ones. */
const MAX_TEXT = 256;

export const NOTHING_CLAIMED: BundledClaims = { claims: [], unnamed: 0 };

/** Collects what lies in an archive beside the package itself: each once, and never too much. */
export class BundledFinds {
  readonly #claims = new Map<string, BundledClaim>();
  #unnamed = 0;

  /** What is no text counts as one that is not named. */
  add(name: unknown, version: unknown): void {
    if (!isText(name) || !isText(version)) {
      this.#unnamed += 1;
      return;
    }
    const key = JSON.stringify([name, version]);
    if (this.#claims.has(key)) return;
    if (this.#claims.size >= MAX_BUNDLED) this.#unnamed += 1;
    else this.#claims.set(key, { name, version });
  }

  get found(): BundledClaims {
    return { claims: [...this.#claims.values()], unnamed: this.#unnamed };
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT;
}

/** `name-version.dist-info/METADATA` below another folder (PyPA, recording installed projects). */
const METADATA = 'metadata';
const INFO = /^(.*)\.dist-info$/is;

/** Old tools leave hyphens in names, and write that of a post release: the first behind which all is one version. */
const STEM = /^(.+?)-(v?\d[^-]*(?:-\d+)?)$/is;

/**
 * Adds the distribution whose metadata folder this file stands for, below the top of a wheel or of a source
 * distribution: vendored by the package, or put beside it by `*.data/purelib`. It is named as its folder is, which is how
 * installers know it; what its METADATA says is not read, because an archive may hold any number of them.
 */
export function addDistribution(finds: BundledFinds, { segments, folder }: ArchivePath): void {
  if (folder || segments.length < 3 || segments.at(-1)?.toLowerCase() !== METADATA) return;
  const stem = INFO.exec(segments.at(-2) ?? '')?.[1];
  if (stem === undefined) return;
  const [, name, version] = STEM.exec(stem) ?? [];
  finds.add(name, version);
}
