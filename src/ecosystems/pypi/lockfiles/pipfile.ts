import type { LockedSource, LockfileFormat } from '../../lockfile.ts';
import { LockfileUnreadable } from '../../lockfile.ts';
import { readJsonDocument } from '../../npm/lockfiles/json-document.ts';
import { lockfileText } from '../../npm/lockfiles/text.ts';
import { isObject, type JsonObject, own } from '../json.ts';
import { readHashes } from './hashes.ts';
import { LockedPackages } from './locked.ts';

const FORMAT = 'Pipfile.lock';

/** Pipfile.lock, pipfile-spec 6: `default`, `develop` and any other group of packages by name. */
export const PIPFILE_LOCK: LockfileFormat = {
  id: FORMAT,
  ecosystem: 'pypi',
  claims: (filename) => filename === 'Pipfile.lock',
  read(text) {
    const { root, lineOf } = readJsonDocument(lockfileText(text), false);
    const meta = own(root, '_meta');
    if (!isObject(meta) || own(meta, 'pipfile-spec') !== 6)
      throw new LockfileUnreadable('no Pipfile.lock of pipfile-spec 6');
    const indexes = indexesOf(meta);
    const packages = new LockedPackages(FORMAT);
    for (const group of Object.keys(root)) {
      if (group === '_meta') continue;
      const entries = own(root, group);
      if (!isObject(entries))
        throw new LockfileUnreadable('a group must hold packages by name', lineOf(entries));
      for (const [name, entry] of Object.entries(entries)) {
        if (!isObject(entry)) throw new LockfileUnreadable('a package that is no object', lineOf(entries));
        const line = lineOf(entry);
        const [source, resolved] = sourceOf(entry, indexes);
        if (source === 'file' && (resolved === '.' || resolved === './')) continue;
        const hashes = own(entry, 'hashes') ?? [];
        packages.add({
          name,
          version: pinned(own(entry, 'version')),
          source,
          resolved,
          hashes: readHashes(Array.isArray(hashes) ? hashes : [hashes]),
          line,
        });
      }
    }
    return packages.lockfile();
  },
};

/** `==1.2.3`; what is anything else stays as it is, and is no version. */
function pinned(version: unknown): unknown {
  return typeof version === 'string' && version.startsWith('==') ? version.slice(2).trim() : version && '*';
}

const ELSEWHERE: readonly (readonly [key: string, kind: LockedSource])[] = [
  ['git', 'git'],
  ['hg', 'git'],
  ['svn', 'git'],
  ['bzr', 'git'],
  ['path', 'file'],
];

function sourceOf(
  entry: JsonObject,
  indexes: ReadonlyMap<string, unknown>,
): readonly [kind: LockedSource, resolved: unknown] {
  for (const [key, kind] of ELSEWHERE) {
    if (Object.hasOwn(entry, key)) return [kind, own(entry, key)];
  }
  const file = own(entry, 'file') ?? own(entry, 'uri');
  if (file !== undefined) return [typeof file === 'string' && /^https?:/i.test(file) ? 'url' : 'file', file];
  const index = own(entry, 'index');
  if (index === undefined) return ['registry', undefined];
  // An index of no name that the file explains is somewhere else, too: null would hide it.
  return ['registry', typeof index === 'string' && indexes.has(index) ? indexes.get(index) : false];
}

/** Addresses of the indexes, by their name. */
function indexesOf(meta: JsonObject): ReadonlyMap<string, unknown> {
  const sources = own(meta, 'sources') ?? [];
  const indexes = new Map<string, unknown>();
  for (const source of Array.isArray(sources) ? sources : []) {
    if (!isObject(source)) continue;
    const name = own(source, 'name');
    if (typeof name === 'string') indexes.set(name, own(source, 'url'));
  }
  return indexes;
}
