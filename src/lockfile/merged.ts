import type { LockedPackage } from '../ecosystems/lockfile.ts';
import { algorithmOf, type Digest } from '../model/digest.ts';
import type { GivenLockfile } from './files.ts';
import { ecosystemOf } from './indexes.ts';

/** One version of one package, of all the lockfiles that lock it. */
export interface MergedPackage {
  /** The first that has a digest, else the first: what is said of it where they differ. */
  readonly locked: LockedPackage;
  readonly digests: readonly Digest[];
  readonly resolved: readonly string[];
  /** Addresses from which some entry takes a file without a digest. */
  readonly unproven: readonly string[];
  readonly installScripts: boolean;
  /** Of one file there are two digests of one algorithm. */
  readonly contradicts: boolean;
}

/** What lockfiles lock, sorted by ecosystem, name and version; one entry for each version and kind of source. */
export function merged(given: readonly GivenLockfile[]): MergedPackage[] {
  const byKey = new Map<string, LockedPackage[]>();
  for (const { lockfile } of given) {
    for (const locked of lockfile.packages) {
      const { ecosystem, name, version, source } = locked;
      const key = `${ecosystem}\n${name}\n${version}\n${source}`;
      const before = byKey.get(key);
      if (before) before.push(locked);
      else byKey.set(key, [locked]);
    }
  }
  return [...byKey.values()].flatMap(together).sort(byPlace);
}

function together(entries: readonly LockedPackage[]): MergedPackage[] {
  const locked = entries.find(({ digests }) => digests.length > 0) ?? entries[0];
  if (!locked) return [];
  const digests = [...new Set(entries.flatMap((one) => one.digests))].sort();
  const algorithms = new Set(digests.map(algorithmOf));
  return [
    {
      locked,
      digests,
      resolved: [...new Set(entries.flatMap(({ resolved }) => (resolved === null ? [] : [resolved])))],
      unproven: [...new Set(entries.flatMap(({ unproven }) => unproven))],
      installScripts: entries.some(({ installScripts }) => installScripts),
      contradicts: entries.some(({ single }) => single) && digests.length > algorithms.size,
    },
  ];
}

/** UTF-16 code units for names, so that no locale changes the order; the ecosystem's own order for versions. */
function byPlace({ locked: a }: MergedPackage, { locked: b }: MergedPackage): number {
  if (a.ecosystem !== b.ecosystem) return a.ecosystem < b.ecosystem ? -1 : 1;
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  const order = ecosystemOf(a).versions.compare(a.version, b.version);
  return order !== 0 ? order : a.version < b.version ? -1 : a.version > b.version ? 1 : 0;
}
