import type { LockedSource, LockfileFormat } from '../../lockfile.ts';
import { LockfileUnreadable } from '../../lockfile.ts';
import { type JsonObject, own } from '../json.ts';
import { readHashes, unprovenOf } from './hashes.ts';
import { LockedPackages } from './locked.ts';
import { majorOf, readToml, rowsOf, tableOf, tablesOf } from './toml.ts';

const FORMAT = 'pdm.lock';

/** pdm.lock, versions 3 and 4: files beside each package, or, in older ones, in one table by `name version`. */
export const PDM_LOCK: LockfileFormat = {
  id: FORMAT,
  ecosystem: 'pypi',
  // One project may have several: `pdm.dev.lock`.
  claims: (filename) => /^pdm(?:\.[A-Za-z0-9_-]+)*\.lock$/.test(filename),
  read(text) {
    const document = readToml(text);
    const metadata = tableOf(document, 'metadata');
    const major = metadata && majorOf(own(metadata, 'lock_version'));
    if (!metadata || (major !== 3 && major !== 4))
      throw new LockfileUnreadable('no pdm.lock of version 3 or 4');
    const byVersion = tableOf(metadata, 'files');
    const packages = new LockedPackages(FORMAT);
    for (const { table, line } of rowsOf(text, document, 'package')) {
      const [name, version] = [own(table, 'name'), own(table, 'version')];
      const [source, resolved] = sourceOf(table);
      if (source === 'file' && (resolved === '.' || resolved === './')) continue;
      const files =
        Object.hasOwn(table, 'files') || !byVersion
          ? tablesOf(table, 'files', line)
          : tablesOf(byVersion, `${String(name)} ${String(version)}`, line);
      packages.add({
        name,
        version,
        source,
        resolved,
        hashes: readHashes(files.map((file) => own(file, 'hash'))),
        unproven: unprovenOf(files, (file) => [own(file, 'hash')], resolved),
        line,
      });
    }
    return packages.lockfile();
  },
};

const ELSEWHERE: readonly (readonly [key: string, kind: LockedSource])[] = [
  ['git', 'git'],
  ['hg', 'git'],
  ['svn', 'git'],
  ['bzr', 'git'],
  ['url', 'url'],
  ['path', 'file'],
];

function sourceOf(table: JsonObject): readonly [kind: LockedSource, resolved: unknown] {
  for (const [key, kind] of ELSEWHERE) {
    if (Object.hasOwn(table, key)) return [kind, own(table, key)];
  }
  return ['registry', undefined];
}
