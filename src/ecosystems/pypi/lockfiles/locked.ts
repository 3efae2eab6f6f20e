import type { PackageName } from '../../../model/artifact.ts';
import type { Digest } from '../../../model/digest.ts';
import type { LockedPackage, LockedSource, Lockfile } from '../../lockfile.ts';
import { canonicalName } from '../names.ts';
import { compareVersions, parseVersion, type Version } from '../versions.ts';
import type { Hashes } from './hashes.ts';
import { Notes } from './notes.ts';

/** One entry of a lockfile, of which nothing is believed yet. */
export interface Entry {
  readonly name: unknown;
  readonly version: unknown;
  readonly source: LockedSource;
  /** Where it comes from; undefined where the entry does not say. */
  readonly resolved?: unknown;
  readonly hashes: Hashes;
  /** Where files lie of which the entry has no digest, as it says it. */
  readonly unproven?: readonly unknown[];
  /** From 1. */
  readonly line: number | null;
}

/** An address as it may be kept: visible ASCII alone, so that no terminal and no agent reads more in it than that. */
const ADDRESS = /^[!-~]{1,2048}$/;

/** Stands for an address that cannot be kept: it is none of any registry. */
const NO_ADDRESS = '-';

const ELSEWHERE: Record<Exclude<LockedSource, 'registry'>, string> = {
  git: 'comes from a repository and not from an index: it cannot be pinned',
  url: 'comes from an address and not from an index: it cannot be pinned',
  file: 'comes from a path and not from an index: it cannot be pinned',
};

interface Locked {
  readonly name: PackageName;
  readonly version: Version;
  readonly source: LockedSource;
  resolved: string | null;
  readonly unproven: Set<string>;
  /** Of the index's own files. */
  readonly digests: Set<Digest>;
  weak: boolean;
  /** There are hashes, and they are of another archive than the index's. */
  elsewhere: boolean;
  readonly line: number | null;
}

/**
 * Collects what a lockfile pins. An index has several files for one version, and a lockfile may name one version more than
 * once (for several markers or extras): the digests of all its entries together are those of the version.
 */
export class LockedPackages {
  readonly notes = new Notes();
  readonly #format: string;
  readonly #locked = new Map<string, Locked>();

  constructor(format: string) {
    this.#format = format;
  }

  add(entry: Entry): void {
    const { source, hashes, line } = entry;
    const name = typeof entry.name === 'string' ? canonicalName(entry.name) : null;
    if (name === null) {
      this.notes.add(line, 'an entry whose name is none of a project: left out');
      return;
    }
    if (source !== 'registry') this.notes.add(line, `${name}: ${ELSEWHERE[source]}`);
    if (hashes.unreadable) this.notes.add(line, `${name}: a hash that cannot be read was left out`);
    const version = typeof entry.version === 'string' ? parseVersion(entry.version) : null;
    if (version === null) {
      // What comes from elsewhere need not have one, and its note is made.
      if (source === 'registry' || (entry.version !== undefined && entry.version !== null))
        this.notes.add(line, `${name}: no exact version that can be read: left out`);
      return;
    }
    this.#merge(name, version, entry, this.#address(name, entry));
  }

  #address(name: PackageName, { resolved, line }: Entry): string | null {
    if (resolved === undefined || resolved === null) return null;
    if (typeof resolved === 'string' && ADDRESS.test(resolved)) return resolved;
    this.notes.add(line, `${name}: the address that it comes from cannot be read`);
    return null;
  }

  #merge(
    name: PackageName,
    version: Version,
    { source, hashes, unproven = [], line }: Entry,
    resolved: string | null,
  ): void {
    // A copy from elsewhere is another thing than the index's version, whatever it calls itself.
    const key = `${name} ${version.text} ${source === 'registry' ? '' : `${source} ${resolved ?? ''}`}`;
    let locked = this.#locked.get(key);
    if (!locked) {
      const none = { digests: new Set<Digest>(), unproven: new Set<string>(), weak: false, elsewhere: false };
      locked = { name, version, source, resolved, ...none, line };
      this.#locked.set(key, locked);
    } else if (resolved !== null && locked.resolved !== null && resolved !== locked.resolved) {
      this.notes.add(line, `${name} ${version.text}: locked from two addresses`);
    }
    locked.resolved ??= resolved;
    if (source === 'registry') for (const digest of hashes.digests) locked.digests.add(digest);
    else locked.elsewhere ||= hashes.digests.length > 0 || hashes.weak;
    locked.weak ||= hashes.weak;
    const isBare = hashes.digests.length === 0 || hashes.weak || hashes.unreadable;
    for (const address of [...unproven, ...(isBare && resolved !== null ? [resolved] : [])])
      locked.unproven.add(typeof address === 'string' && ADDRESS.test(address) ? address : NO_ADDRESS);
  }

  /** Sorted by name, then by version. */
  lockfile(): Lockfile {
    const packages = [...this.#locked.values()].sort(inOrder).map(packageOf);
    return { format: this.#format, ecosystem: 'pypi', packages, notes: this.notes.list };
  }
}

function inOrder(a: Locked, b: Locked): number {
  return (
    byText(a.name, b.name) ||
    compareVersions(a.version, b.version) ||
    // `1.0` and `1.0.0` are equal, and an index has a version in one of these spellings.
    byText(a.version.text, b.version.text) ||
    byText(a.source, b.source) ||
    byText(a.resolved ?? '', b.resolved ?? '')
  );
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function packageOf({
  name,
  version,
  source,
  resolved,
  unproven,
  digests,
  weak,
  elsewhere,
  line,
}: Locked): LockedPackage {
  return {
    ecosystem: 'pypi',
    name,
    version: version.text,
    source,
    resolved,
    unproven: [...unproven],
    digests: [...digests].sort(),
    single: false,
    undigested: digests.size > 0 ? null : elsewhere ? 'of-another-archive' : weak ? 'weak' : 'none',
    installScripts: false,
    line,
  };
}
