import type { PackageName } from '../../../model/artifact.ts';
import {
  type LockedPackage,
  type LockedSource,
  type Lockfile,
  type LockfileNote,
  LockfileUnreadable,
} from '../../lockfile.ts';
import { canonicalName } from '../names.ts';
import { npmVersions, parseVersion } from '../versions.ts';
import { type Integrity, OTHER_ARCHIVE } from './sri.ts';

/** Entries in one file: several times as many as the largest have. */
const MAX_ENTRIES = 500_000;
/** Notes beyond these are counted. */
const MAX_NOTES = 1000;

/** An entry of a lockfile, in the lockfile's own words. */
export interface Found {
  readonly name: string;
  /** null where the lockfile has none, as for repositories and folders. */
  readonly version: string | null;
  readonly source: LockedSource;
  readonly resolved: string | null;
  readonly integrity: Integrity;
  readonly installScripts: boolean;
  readonly line: number | null;
}

const FOREIGN: Readonly<Record<Exclude<LockedSource, 'registry'>, string>> = {
  git: 'comes from a git repository, not from a registry',
  url: 'comes from an address that is not where a registry keeps it',
  file: 'comes from a file or folder of its own, not from a registry',
};

/** Gathers a lockfile's packages. What does not pass the grammar of names and versions becomes a note. */
export class Collector {
  readonly #packages = new Map<string, LockedPackage>();
  readonly #notes: LockfileNote[] = [];
  readonly #counts = new Map<string, number>();
  #unsaid = 0;
  #entries = 0;

  note(line: number | null, what: string): void {
    if (this.#notes.length < MAX_NOTES) this.#notes.push({ line, what });
    else this.#unsaid++;
  }

  /** One more of those that one note at the end speaks of: `3 packages that …`. */
  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  /** @throws LockfileUnreadable where one version of the registry is locked with two digests */
  add(found: Found): void {
    const { line, source } = found;
    if (++this.#entries > MAX_ENTRIES) {
      throw new LockfileUnreadable('more entries than any lockfile has', line);
    }
    const name = canonicalName(found.name);
    if (name === null) {
      this.note(line, 'left out: an entry whose name is none of a package');
      return;
    }
    const version = found.version === null ? null : parseVersion(found.version);
    const what = version === null ? name : `${name}@${version}`;
    if (source !== 'registry') this.note(line, `${what} ${FOREIGN[source]}`);
    if (version === null) {
      if (found.version !== null || source === 'registry') {
        this.note(line, `left out: an entry of ${name} without a version that can be read`);
      }
      return;
    }
    if (found.integrity.garbled) this.note(line, `${what} has an integrity that names no digest`);
    if (found.integrity.undigested === 'weak') this.count('are locked by a sha1 or md5 only');
    this.#keep(asLocked(found, name, version));
  }

  #keep(locked: LockedPackage): void {
    const { name, version, source, resolved } = locked;
    // A copy from elsewhere is another thing than the registry's version, whatever it calls itself.
    const key = `${name}@${version} ${source === 'registry' ? '' : `${source} ${resolved ?? ''}`}`;
    const known = this.#packages.get(key);
    const digests = [...new Set([...(known?.digests ?? []), ...locked.digests])].sort();
    if (new Set(digests.map((digest) => digest.slice(0, 6))).size < digests.length) {
      throw new LockfileUnreadable(`${name}@${version} is locked with two different digests`, locked.line);
    }
    if (known === undefined) {
      this.#packages.set(key, locked);
      return;
    }
    if (known.resolved !== null && resolved !== null && known.resolved !== resolved) {
      this.note(locked.line, `${name}@${version} is locked from two different addresses`);
    }
    this.#packages.set(key, {
      ...known,
      resolved: known.resolved ?? resolved,
      unproven: [...new Set([...known.unproven, ...locked.unproven])],
      digests,
      undigested:
        digests.length > 0 ? null : known.undigested === 'none' ? locked.undigested : known.undigested,
      installScripts: known.installScripts || locked.installScripts,
    });
  }

  finish(format: string): Lockfile {
    const packages = [...this.#packages.values()].sort(
      (a, b) =>
        byText(a.name, b.name) ||
        npmVersions.compare(a.version, b.version) ||
        byText(a.source, b.source) ||
        byText(a.resolved ?? '', b.resolved ?? ''),
    );
    const sums = [...this.#counts].map(([what, count]) => ({
      line: null,
      what: count === 1 ? `1 package: ${what}` : `${count} packages: ${what}`,
      harmless: true as const,
    }));
    const more =
      this.#unsaid > 0 ? [{ line: null, what: `${this.#unsaid} further notes are not shown` }] : [];
    return { format, ecosystem: 'npm', packages, notes: [...this.#notes, ...sums, ...more] };
  }
}

function asLocked(found: Found, name: PackageName, version: string): LockedPackage {
  const { source, resolved, installScripts, line } = found;
  const own = source === 'registry' || found.integrity.undigested === 'none';
  const { digests, undigested } = own ? found.integrity : OTHER_ARCHIVE;
  return {
    ecosystem: 'npm',
    name,
    version,
    source,
    resolved,
    unproven: resolved !== null && digests.length === 0 ? [resolved] : [],
    digests,
    single: true,
    undigested,
    installScripts,
    line,
  };
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
