import { type Lockfile, type LockfileFormat, LockfileUnreadable } from '../../lockfile.ts';
import { isObject, own } from '../json.ts';
import { sourceOf } from './address.ts';
import { Collector } from './collector.ts';
import { objectAt } from './document.ts';
import { readJsonDocument } from './json-document.ts';
import { NO_INTEGRITY, OTHER_ARCHIVE, readIntegrity } from './sri.ts';
import { lockfileText } from './text.ts';

const BUNDLED = 'left out, because they come inside the tarball of the package that needs them';

/** A key below another package's: `a/b`, `@s/a/b`. */
const NESTED = /^(?:@[^/]+\/[^/]+|[^@/][^/]*)\//;

/** bun's `bun.lock`, the text format; lockfile versions 0 to 2. */
export const bunLock: LockfileFormat = {
  id: 'bun-lock',
  ecosystem: 'npm',
  claims: (filename) => filename === 'bun.lock',
  read,
};

/** bun's older, binary format, which only bun reads. */
export const bunLockBinary: LockfileFormat = {
  id: 'bun-lockb',
  ecosystem: 'npm',
  claims: (filename) => filename === 'bun.lockb',
  read: () => {
    throw new LockfileUnreadable(
      'a binary lockfile of bun cannot be read: write one in text with `bun install --save-text-lockfile`',
    );
  },
};

function read(raw: string): Lockfile {
  const document = readJsonDocument(lockfileText(raw), true);
  const version = own(document.root, 'lockfileVersion');
  if (version !== 0 && version !== 1 && version !== 2) {
    throw new LockfileUnreadable('not a bun.lock of version 0, 1 or 2');
  }
  // The project itself is in it, so that bun never leaves it out, and no lockfile of npm has it.
  if (objectAt(document.root, 'workspaces', 1) === null) {
    throw new LockfileUnreadable('a bun.lock has "workspaces"');
  }
  const packages = objectAt(document.root, 'packages', 1) ?? {};
  const collector = new Collector();
  for (const key of Object.keys(packages)) {
    const entry = own(packages, key);
    readEntry(key, entry, document.lineOf(entry), collector);
  }
  return collector.finish(`bun.lock v${version}`);
}

/**
 * `[name@version, registry's address or "", facts, integrity]` for a package of a registry;
 * `[name@address, facts?, …]` for everything else.
 */
function readEntry(key: string, entry: unknown, line: number | null, collector: Collector): void {
  const list: readonly unknown[] = Array.isArray(entry) ? entry : [];
  const [ident, second, facts, integrity] = list;
  if (typeof ident !== 'string') throw new LockfileUnreadable('an entry that begins with no package', line);
  const at = ident.indexOf('@', 1);
  if (at < 0) throw new LockfileUnreadable('an entry that begins with no package', line);
  const name = ident.slice(0, at);
  const rest = ident.slice(at + 1);
  if (typeof second !== 'string') {
    readForeign(name, rest, line, collector);
    return;
  }
  if (!isObject(facts) || (integrity !== undefined && typeof integrity !== 'string') || list.length > 4) {
    throw new LockfileUnreadable('an entry of another form than bun writes', line);
  }
  if (own(facts, 'bundled') === true && NESTED.test(key)) {
    collector.count(BUNDLED);
    return;
  }
  collector.add({
    name,
    version: rest,
    source: second === '' ? 'registry' : sourceOf(second, name, rest),
    resolved: second === '' ? null : second,
    integrity: readIntegrity(integrity ?? null),
    installScripts: false,
    line,
  });
}

function readForeign(name: string, address: string, line: number | null, collector: Collector): void {
  // The project itself and folders of it.
  if (address.startsWith('root:') || address.startsWith('workspace:')) return;
  const source = sourceOf(address, name, '');
  const beside = source === 'url' && !/^https?:/i.test(address);
  collector.add({
    name,
    version: null,
    source: source === 'git' || source === 'file' ? source : beside ? 'file' : 'url',
    resolved: address,
    integrity: beside ? NO_INTEGRITY : OTHER_ARCHIVE,
    installScripts: false,
    line,
  });
}
