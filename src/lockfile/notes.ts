import type { Lockfile, LockfileNote } from '../ecosystems/lockfile.ts';

/** What a reader noted, without what is said of a package anyway: that it comes from elsewhere. */
export function notesOf({ packages, notes }: Lockfile): readonly LockfileNote[] {
  const elsewhere = new Map<number, string>();
  for (const { source, line, name } of packages)
    if (source !== 'registry' && line !== null) elsewhere.set(line, name);
  return notes.filter(({ line, what }) => {
    const name = line === null ? undefined : elsewhere.get(line);
    return name === undefined || !what.startsWith(name);
  });
}
