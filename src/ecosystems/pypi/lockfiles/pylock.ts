import type { LockedSource, LockfileFormat } from '../../lockfile.ts';
import { LockfileUnreadable } from '../../lockfile.ts';
import { type JsonObject, own } from '../json.ts';
import { hashesOfTable, readHashes, unprovenOf } from './hashes.ts';
import { LockedPackages } from './locked.ts';
import { majorOf, readToml, rowsOf, tableOf, tablesOf } from './toml.ts';

const FORMAT = 'pylock.toml';

/** pylock.toml and pylock.NAME.toml (PEP 751), version 1. */
export const PYLOCK: LockfileFormat = {
  id: FORMAT,
  ecosystem: 'pypi',
  claims: (filename) => /^pylock(?:\.[^./\\]+)?\.toml$/.test(filename),
  read(text) {
    const document = readToml(text);
    if (majorOf(own(document, 'lock-version')) !== 1)
      throw new LockfileUnreadable('no pylock.toml of version 1');
    const packages = new LockedPackages(FORMAT);
    for (const { table, line } of rowsOf(text, document, 'packages')) {
      const sdist = tableOf(table, 'sdist', line);
      const files = [...(sdist ? [sdist] : []), ...tablesOf(table, 'wheels', line)];
      const elsewhere = elsewhereOf(table, line);
      if (elsewhere === 'project') continue;
      if (elsewhere && files.length > 0)
        throw new LockfileUnreadable('a package of an index and of another source at once', line);
      const index = own(table, 'index');
      packages.add({
        name: own(table, 'name'),
        version: own(table, 'version'),
        ...(elsewhere ?? { source: onlyPaths(files) ? 'file' : 'registry', resolved: index }),
        hashes: readHashes(hashesOf(elsewhere?.table ? [elsewhere.table] : files)),
        unproven: unprovenOf(files, (file) => hashesOfTable(own(file, 'hashes')), index),
        line,
      });
    }
    return packages.lockfile();
  },
};

function* hashesOf(files: readonly JsonObject[]): Generator<unknown> {
  for (const file of files) yield* hashesOfTable(own(file, 'hashes'));
}

/** Files that no index has: they lie beside the lockfile. */
function onlyPaths(files: readonly JsonObject[]): boolean {
  return (
    files.length > 0 && files.every((file) => Object.hasOwn(file, 'path') && !Object.hasOwn(file, 'url'))
  );
}

interface Elsewhere {
  readonly source: LockedSource;
  readonly resolved: unknown;
  readonly table: JsonObject;
}

/** Where a package comes from if not from an index, which is said by one of three tables. `project`: the project itself. */
function elsewhereOf(table: JsonObject, line: number | null): Elsewhere | 'project' | null {
  const vcs = tableOf(table, 'vcs', line);
  const directory = tableOf(table, 'directory', line);
  const archive = tableOf(table, 'archive', line);
  const found = vcs ?? directory ?? archive;
  if (!found) return null;
  if ([vcs, directory, archive].filter((one) => one !== undefined).length > 1)
    throw new LockfileUnreadable('a package of two sources at once', line);
  const path = own(found, 'path');
  const resolved = own(found, 'url') ?? path;
  if (directory && (path === '.' || path === './')) return 'project';
  const source = vcs ? 'git' : directory || !Object.hasOwn(found, 'url') ? 'file' : 'url';
  return { source, resolved, table: found };
}
