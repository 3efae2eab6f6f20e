import { parse } from '@renovatebot/pep440';

/** Longest version, in characters, that is looked at. */
const MAX_VERSION = 128;

/**
 * A PEP 440 version in its parts. The grammar is read by @renovatebot/pep440; what is read from it here, and
 * the order below, are our own, because that library loses what an admission must not lose: it reads local
 * segments as JavaScript numbers (`+1e3` is `+1000` to it), joins them with commas, and rounds long integers.
 */
export interface Version {
  /** The normal form of PEP 440: `1!2.0rc1.post2.dev3+abc.4`. Trailing zeros of the release stay. */
  readonly text: string;
  readonly epoch: number;
  readonly release: readonly number[];
  readonly pre: readonly [letter: 'a' | 'b' | 'rc', number: number] | null;
  readonly post: number | null;
  readonly dev: number | null;
  /** Empty for a public version. */
  readonly local: readonly (string | number)[];
}

/**
 * Parses a PEP 440 version, spelled in any way that it permits but for white space around it. null where it
 * is none, is longer than 128 characters, or has a number of 16 digits or more (not exact in a double).
 * Results are remembered; the memory is bounded.
 */
export function parseVersion(raw: string): Version | null {
  if (raw.length > MAX_VERSION) return null;
  const known = remembered(raw);
  if (known !== undefined) return known;
  const version = read(raw);
  remember(raw, version);
  return version;
}

function read(raw: string): Version | null {
  if (/\d{16}/.test(raw)) return null;
  const parsed = parse(raw);
  if (!parsed) return null;
  const { epoch, release } = parsed;
  const pre = parsed.pre ? ([parsed.pre[0], Number(parsed.pre[1])] as ['a' | 'b' | 'rc', number]) : null;
  const post = parsed.post ? Number(parsed.post[1]) : null;
  const dev = parsed.dev ? Number(parsed.dev[1]) : null;
  const plus = raw.indexOf('+');
  const local =
    plus < 0
      ? []
      : raw
          .slice(plus + 1)
          .split(/[._-]/)
          .map(localSegment);
  const text =
    (epoch > 0 ? `${epoch}!` : '') +
    release.join('.') +
    (pre ? pre.join('') : '') +
    (post === null ? '' : `.post${post}`) +
    (dev === null ? '' : `.dev${dev}`) +
    (local.length > 0 ? `+${local.join('.')}` : '');
  return { text, epoch, release, pre, post, dev, local };
}

function localSegment(segment: string): string | number {
  return /^\d+$/.test(segment) ? Number(segment) : segment.toLowerCase();
}

/** A pre-release or development release, in the sense of PEP 440. */
export function isPrerelease(version: Version): boolean {
  return version.pre !== null || version.dev !== null;
}

/** The epoch, unless it is zero, and the first segment of the release: `1!2`, `2`. */
export function majorLine({ epoch, release }: Version): string {
  return (epoch > 0 ? `${epoch}!` : '') + (release[0] ?? 0);
}

/** The order of PEP 440: negative, zero or positive. `1.0` and `1.0.0` are equal. */
export function compareVersions(a: Version, b: Version): number {
  return comparePublic(a, b) || compareLocal(a.local, b.local);
}

/** The same, of the public versions alone: local segments are left out on both sides. */
export function comparePublic(a: Version, b: Version): number {
  return (
    a.epoch - b.epoch ||
    compareRelease(a.release, b.release) ||
    comparePre(a, b) ||
    (a.post ?? -1) - (b.post ?? -1) ||
    (a.dev ?? Number.MAX_SAFE_INTEGER) - (b.dev ?? Number.MAX_SAFE_INTEGER)
  );
}

/** Orders release segments; the shorter one is filled up with zeros. */
export function compareRelease(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length || i < b.length; i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function comparePre(a: Version, b: Version): number {
  return preRank(a) - preRank(b) || (a.pre?.[1] ?? 0) - (b.pre?.[1] ?? 0);
}

/** `1.0.dev1` comes before `1.0a1`, which comes before `1.0` and `1.0.post1`. */
function preRank(version: Version): number {
  if (version.pre) return { a: 1, b: 2, rc: 3 }[version.pre[0]];
  return version.post === null && version.dev !== null ? 0 : 4;
}

function compareLocal(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (let i = 0; i < a.length && i < b.length; i += 1) {
    const [x, y] = [a[i], b[i]];
    if (x === y) continue;
    if (typeof x === 'number' && typeof y === 'number') return x - y;
    // A number is later than a word.
    if (typeof x === 'number') return 1;
    if (typeof y === 'number') return -1;
    return String(x) < String(y) ? -1 : 1;
  }
  return a.length - b.length;
}

// A page with thousands of files names each version many times. Two generations bound the memory: when the
// young one is full it becomes the old one, and what the old one held is forgotten.
const GENERATION = 8192;
let young = new Map<string, Version | null>();
let old = new Map<string, Version | null>();

function remembered(raw: string): Version | null | undefined {
  const version = young.get(raw);
  if (version !== undefined) return version;
  const older = old.get(raw);
  if (older !== undefined) remember(raw, older);
  return older;
}

function remember(raw: string, version: Version | null): void {
  if (young.size >= GENERATION) {
    old = young;
    young = new Map();
  }
  young.set(raw, version);
}
