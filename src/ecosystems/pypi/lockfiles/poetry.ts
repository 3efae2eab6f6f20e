import type { LockedSource, LockfileFormat } from '../../lockfile.ts';
import { LockfileUnreadable } from '../../lockfile.ts';
import { parseFilename } from '../filenames.ts';
import { isObject, type JsonObject, own } from '../json.ts';
import { canonicalName } from '../names.ts';
import { parseVersion } from '../versions.ts';
import { readHashes } from './hashes.ts';
import { LockedPackages } from './locked.ts';
import { majorOf, readToml, rowsOf, tableOf, tablesOf } from './toml.ts';

const FORMAT = 'poetry.lock';

/** poetry.lock, versions 1 and 2: files beside each package, or, in older ones, in one table by name. */
export const POETRY_LOCK: LockfileFormat = {
  id: FORMAT,
  ecosystem: 'pypi',
  claims: (filename) => filename === 'poetry.lock',
  read(text) {
    const document = readToml(text);
    const metadata = tableOf(document, 'metadata');
    const major = metadata && majorOf(own(metadata, 'lock-version'));
    if (!metadata || (major !== 1 && major !== 2))
      throw new LockfileUnreadable('no poetry.lock of version 1 or 2');
    const byName = tableOf(metadata, 'files');
    const packages = new LockedPackages(FORMAT);
    for (const { table, line } of rowsOf(text, document, 'package')) {
      const source = tableOf(table, 'source', line);
      const files = Object.hasOwn(table, 'files')
        ? tablesOf(table, 'files', line)
        : filesOfVersion(byName, table, line);
      packages.add({
        name: own(table, 'name'),
        version: own(table, 'version'),
        source: kindOf(source, line),
        resolved: source && own(source, 'url'),
        hashes: readHashes(files.map((file) => own(file, 'hash'))),
        line,
      });
    }
    return packages.lockfile();
  },
};

const KINDS: ReadonlyMap<unknown, LockedSource> = new Map([
  // An index that is not poetry's default one.
  ['legacy', 'registry'],
  ['pypi', 'registry'],
  ['git', 'git'],
  ['url', 'url'],
  ['file', 'file'],
  ['directory', 'file'],
]);

function kindOf(source: JsonObject | undefined, line: number | null): LockedSource {
  if (!source) return 'registry';
  const kind = KINDS.get(own(source, 'type'));
  if (!kind) throw new LockfileUnreadable('a package of an unknown source', line);
  return kind;
}

/** The table has one list for all versions of a name: a file's name says which one it is of. */
function filesOfVersion(
  byName: JsonObject | undefined,
  row: JsonObject,
  line: number | null,
): readonly JsonObject[] {
  const [written, version] = [own(row, 'name'), own(row, 'version')];
  if (!byName || typeof written !== 'string' || typeof version !== 'string') return [];
  const name = canonicalName(written);
  const normal = parseVersion(version)?.text;
  const key = name !== null && Object.hasOwn(byName, name) ? name : written;
  return tablesOf(byName, key, line).filter((file) => {
    const filename = isObject(file) ? own(file, 'file') : undefined;
    if (name === null || typeof filename !== 'string') return false;
    return parseFilename(filename, name)?.version === normal;
  });
}
