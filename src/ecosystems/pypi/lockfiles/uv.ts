import type { LockedSource, LockfileFormat } from '../../lockfile.ts';
import { LockfileUnreadable } from '../../lockfile.ts';
import { type JsonObject, own } from '../json.ts';
import { readHashes, unprovenOf } from './hashes.ts';
import { LockedPackages } from './locked.ts';
import { majorOf, readToml, rowsOf, tableOf, tablesOf } from './toml.ts';

const FORMAT = 'uv.lock';

/** uv.lock, version 1 (any revision): each package with its source, one sdist and its wheels. */
export const UV_LOCK: LockfileFormat = {
  id: FORMAT,
  ecosystem: 'pypi',
  claims: (filename) => filename === 'uv.lock',
  read(text) {
    const document = readToml(text);
    if (majorOf(own(document, 'version')) !== 1) throw new LockfileUnreadable('no uv.lock of version 1');
    // What the first releases of uv called it, and today's still read.
    if (Object.hasOwn(document, 'distribution'))
      throw new LockfileUnreadable('a uv.lock that says `distribution` for `package`: lock it anew');
    const packages = new LockedPackages(FORMAT);
    for (const { table, line } of rowsOf(text, document, 'package')) {
      const source = sourceOf(tableOf(table, 'source', line));
      if (source === 'project') continue;
      if (source === null) throw new LockfileUnreadable('a package of an unknown source', line);
      const sdist = tableOf(table, 'sdist', line);
      const files = [...(sdist ? [sdist] : []), ...tablesOf(table, 'wheels', line)];
      packages.add({
        name: own(table, 'name'),
        version: own(table, 'version'),
        source: source.kind,
        resolved: source.resolved,
        hashes: readHashes(files.map((file) => own(file, 'hash'))),
        unproven: unprovenOf(files, (file) => [own(file, 'hash')], source.resolved),
        line,
      });
    }
    return packages.lockfile();
  },
};

interface Source {
  readonly kind: LockedSource;
  readonly resolved: unknown;
}

const KINDS: readonly (readonly [key: string, kind: LockedSource])[] = [
  ['registry', 'registry'],
  ['git', 'git'],
  ['url', 'url'],
  ['path', 'file'],
  ['directory', 'file'],
  ['editable', 'file'],
];

/** `project`: of the workspace itself. null where it has none, several, or an unknown one. */
function sourceOf(source: JsonObject | undefined): Source | 'project' | null {
  if (!source) return null;
  // Members of a workspace that are not built.
  if (Object.hasOwn(source, 'virtual')) return Object.keys(source).length === 1 ? 'project' : null;
  const [found, second] = KINDS.filter(([key]) => Object.hasOwn(source, key));
  if (!found || second) return null;
  const [key, kind] = found;
  const resolved = own(source, key);
  if ((key === 'editable' || key === 'directory') && resolved === '.') return 'project';
  return { kind, resolved };
}
