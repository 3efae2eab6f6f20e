import { type LockedSource, type Lockfile, LockfileUnreadable } from '../../lockfile.ts';
import { isObject, type JsonObject, own } from '../json.ts';
import { parseVersion } from '../versions.ts';
import { sourceOf } from './address.ts';
import { Collector } from './collector.ts';
import { objectAt, textAt } from './document.ts';
import { NO_INTEGRITY, OTHER_ARCHIVE } from './sri.ts';
import { readYamlDocument } from './yaml-document.ts';

/** Patches are applied to packages, and a patch may be of a patched one. */
const MAX_PATCHES = 5;
const PATCHED = 'the project or yarn changes them after their download';

/** Reads the `yarn.lock` of yarn 2 and newer: lockfile version 4 and up. */
export function readYarnBerry(text: string): Lockfile {
  const document = readYamlDocument(text);
  const { root } = document;
  const metadata = objectAt(root, '__metadata', 1);
  const version = metadata && textAt(metadata, 'version', 1);
  if (!version || !/^\d{1,3}$/.test(version) || Number(version) < 4) {
    throw new LockfileUnreadable('not a yarn.lock of version 4 or newer', document.lineOf(metadata));
  }
  const collector = new Collector();
  for (const key of Object.keys(root)) {
    if (key === '__metadata') continue;
    const entry = own(root, key);
    if (!isObject(entry)) throw new LockfileUnreadable('an entry that has no fields');
    readEntry(entry, document.lineOf(entry), collector);
  }
  return collector.finish(`yarn.lock v${version}`);
}

/** `resolution` says what is fetched: `name@npm:1.0.0`, and other protocols for what is not of a registry. */
function readEntry(entry: JsonObject, line: number | null, collector: Collector): void {
  const resolution = textAt(entry, 'resolution', line);
  if (resolution === null) throw new LockfileUnreadable('an entry without a resolution', line);
  const locator = readLocator(resolution);
  if (locator === null) {
    collector.note(line, 'left out: an entry whose resolution is of no known form');
    return;
  }
  if (locator.reference.startsWith('workspace:')) return;
  if (locator.reference.startsWith('patch:')) {
    collector.count(PATCHED);
    addPatched(locator.reference, line, collector);
    return;
  }
  const checksum = textAt(entry, 'checksum', line);
  add(locator, textAt(entry, 'version', line), checksum, line, collector);
}

interface Locator {
  readonly name: string;
  /** With its protocol, without parameters. */
  readonly reference: string;
  /** The address that is fetched, where it is not the registry's usual one. */
  readonly archive: string | null;
}

function readLocator(text: string): Locator | null {
  const at = text.indexOf('@', 1);
  if (at < 0) return null;
  const [reference = '', parameters = ''] = text.slice(at + 1).split('::', 2);
  const archive = new URLSearchParams(parameters).get('__archiveUrl');
  return { name: text.slice(0, at), reference, archive };
}

/** Yarn hashes an archive of its own making, so its checksum is no digest of what a registry serves. */
function add(
  { name, reference, archive }: Locator,
  stated: string | null,
  checksum: string | null,
  line: number | null,
  collector: Collector,
): void {
  const fetched = /^npm:(.*)$/s.exec(reference)?.[1];
  if (fetched !== undefined && stated !== null && parseVersion(fetched) !== parseVersion(stated)) {
    throw new LockfileUnreadable('an entry that says two different versions', line);
  }
  const version = fetched ?? stated;
  collector.add({
    name,
    version,
    source: sourceIn(reference, archive, name, version ?? ''),
    resolved: archive ?? (fetched === undefined ? reference : null),
    integrity: checksum === null ? NO_INTEGRITY : OTHER_ARCHIVE,
    installScripts: false,
    line,
  });
}

function sourceIn(reference: string, archive: string | null, name: string, version: string): LockedSource {
  if (reference.startsWith('npm:')) return archive === null ? 'registry' : sourceOf(archive, name, version);
  const source = sourceOf(reference, name, '');
  if (source !== 'url') return source === 'registry' ? 'url' : source;
  return /[#&]commit=[0-9a-f]{40}(?:&|$)/.test(reference) ? 'git' : 'url';
}

/** A patched package is fetched as what it was before: `patch:name@npm%3A1.0.0#…`. */
function addPatched(reference: string, line: number | null, collector: Collector): void {
  let text = reference;
  for (let depth = 0; depth < MAX_PATCHES; depth++) {
    const source = decoded(text.slice('patch:'.length).split('#', 1)[0] ?? '');
    const locator = source === null ? null : readLocator(source);
    if (locator === null) break;
    if (locator.reference.startsWith('workspace:')) return;
    if (!locator.reference.startsWith('patch:')) {
      add(locator, null, null, line, collector);
      return;
    }
    text = locator.reference;
  }
  collector.note(line, 'left out: a patched entry that does not say of what');
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    // Half an escape names nothing that could be fetched.
    return null;
  }
}
