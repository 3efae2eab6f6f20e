import { type LockedSource, type Lockfile, type LockfileFormat, LockfileUnreadable } from '../../lockfile.ts';
import { type JsonObject, own } from '../json.ts';
import { parseVersion } from '../versions.ts';
import { sourceOf } from './address.ts';
import { Collector } from './collector.ts';
import { type LockDocument, objectAt, textAt } from './document.ts';
import { keyBase, type PnpmMajor, readPnpmKey } from './pnpm-keys.ts';
import { readIntegrity } from './sri.ts';
import { lockfileText } from './text.ts';
import { readYamlDocument, yamlDocumentsOf } from './yaml-document.ts';

const PATCHED = 'the project changes them after their download';

/** pnpm's `pnpm-lock.yaml`, lockfile versions 5, 6 and 9. */
export const pnpmLock: LockfileFormat = {
  id: 'pnpm-lock',
  ecosystem: 'npm',
  claims: (filename) => /^pnpm-lock(?:\.[\w!.-]{1,100})?\.yaml$/.test(filename),
  read,
};

function read(raw: string): Lockfile {
  const collector = new Collector();
  let version = '';
  let documents = 0;
  // Since version 11 what pnpm needs for itself (its own release, its configuration) is a document in front.
  for (const { text, line } of yamlDocumentsOf(lockfileText(raw))) {
    if (++documents > 2) throw new LockfileUnreadable('a third document in one lockfile', line);
    const document = readYamlDocument(text, line);
    version = own(document.root, 'lockfileVersion')?.toString() ?? '';
    readDocument(document, majorOf(version), collector);
  }
  return collector.finish(`pnpm-lock v${version.replace('-inlineSpecifiers', '')}`);
}

function majorOf(version: string): PnpmMajor {
  const major = Number(/^(\d{1,2})(?:\.\d{1,2})?(?:-inlineSpecifiers)?$/.exec(version)?.[1]);
  if (major !== 5 && major !== 6 && major !== 9) {
    throw new LockfileUnreadable('not a pnpm-lock of version 5, 6 or 9');
  }
  return major;
}

function readDocument(document: LockDocument, major: PnpmMajor, collector: Collector): void {
  const packages = sectionOf(document, 'packages');
  const bases = new Set<string>();
  for (const key of Object.keys(packages)) {
    bases.add(keyBase(key));
    const entry = objectAt(packages, key, document.lineOf(packages)) ?? {};
    readEntry(key, entry, document.lineOf(entry), major, collector);
  }
  if (major !== 9) return;
  const snapshots = sectionOf(document, 'snapshots');
  for (const key of Object.keys(snapshots)) {
    if (readPnpmKey(key, major).patched) collector.count(PATCHED);
    if (!bases.has(keyBase(key))) {
      const line = document.lineOf(own(snapshots, key));
      collector.note(line, 'left out: an entry of "snapshots" that "packages" does not have');
    }
  }
}

/** A section's entries by key; none where it is left out or written empty. */
function sectionOf(document: LockDocument, name: string): JsonObject {
  const { root } = document;
  return own(root, name) === '' ? {} : (objectAt(root, name, null) ?? {});
}

function readEntry(
  key: string,
  entry: JsonObject,
  line: number | null,
  major: PnpmMajor,
  collector: Collector,
): void {
  const said = readPnpmKey(key, major);
  if (said.patched && major !== 9) collector.count(PATCHED);
  const name = textAt(entry, 'name', line);
  const version = textAt(entry, 'version', line);
  // pnpm goes by these fields where they are, people by the key.
  if (
    differ(said.name, name) ||
    differ(said.version && parseVersion(said.version), version && parseVersion(version))
  ) {
    throw new LockfileUnreadable('an entry whose key and fields name two different packages', line);
  }
  const resolution = objectAt(entry, 'resolution', line) ?? {};
  const resolved = addressOf(resolution, line);
  collector.add({
    name: name ?? said.name ?? '',
    version: version ?? said.version,
    source: sourceIn(
      resolution,
      resolved,
      said.version !== null,
      name ?? said.name ?? '',
      version ?? said.version ?? '',
    ),
    resolved,
    integrity: readIntegrity(textAt(resolution, 'integrity', line)),
    installScripts: own(entry, 'requiresBuild') === 'true',
    line,
  });
}

function differ(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && a !== b;
}

function addressOf(resolution: JsonObject, line: number | null): string | null {
  const repository = textAt(resolution, 'repo', line);
  if (repository !== null) return `${repository}#${textAt(resolution, 'commit', line) ?? ''}`;
  const directory = textAt(resolution, 'directory', line);
  return directory !== null ? `file:${directory}` : textAt(resolution, 'tarball', line);
}

function sourceIn(
  resolution: JsonObject,
  resolved: string | null,
  byVersion: boolean,
  name: string,
  version: string,
): LockedSource {
  if (own(resolution, 'repo') !== undefined || own(resolution, 'type') === 'git') return 'git';
  if (own(resolution, 'directory') !== undefined) return 'file';
  // A tool that comes from its maker's own site (`type: binary`, `variations`).
  if (own(resolution, 'type') !== undefined) return 'url';
  if (resolved !== null) return sourceOf(resolved, name, version);
  return byVersion ? 'registry' : 'url';
}
