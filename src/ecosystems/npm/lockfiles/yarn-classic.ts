import { type LockedSource, type Lockfile, LockfileUnreadable } from '../../lockfile.ts';
import { isObject, type JsonObject, own } from '../json.ts';
import { readSpec } from '../specs.ts';
import { sourceOf } from './address.ts';
import { Collector } from './collector.ts';
import { textAt } from './document.ts';
import { readIntegrity, SHA1_ONLY } from './sri.ts';
import { readYarnClassicDocument } from './yarn-classic-document.ts';

/** A file of yarn's offline mirror in the place of an address: `name-1.0.0.tgz`. */
const MIRRORED = /^(?:@?[A-Za-z0-9][\w.-]*-)\d[\w.+-]*\.tgz$/;

/** Reads the `yarn.lock` of yarn 1. */
export function readYarnClassic(text: string): Lockfile {
  const document = readYarnClassicDocument(text);
  const collector = new Collector();
  const read = new Map<JsonObject, Pattern>();
  for (const written of Object.keys(document.root)) {
    const entry = own(document.root, written);
    if (!isObject(entry)) continue;
    const line = document.lineOf(entry);
    const pattern = readPattern(written);
    const before = read.get(entry);
    read.set(entry, pattern);
    if (before === undefined) readEntry(pattern, entry, line, collector);
    else if (before.name !== pattern.name || before.direct !== pattern.direct) {
      throw new LockfileUnreadable('an entry that stands for two different packages', line);
    }
  }
  return collector.finish('yarn.lock v1');
}

interface Pattern {
  /** The package's own name, not its alias. */
  readonly name: string;
  /** The range is an address, a repository or a path. */
  readonly direct: string | null;
}

/** What most ranges are; anything else is read in full. */
const PLAIN_RANGE = /^[\^~]?\d{1,9}\.\d{1,9}\.\d{1,9}$/;

/** `name@range`, where a range `npm:other@range` makes the name an alias. */
function readPattern(pattern: string): Pattern {
  const at = pattern.indexOf('@', 1);
  if (at < 0) return { name: pattern, direct: null };
  const range = pattern.slice(at + 1);
  const alias = /^npm:(@?[^@]+)(?:@|$)/.exec(range);
  if (alias?.[1] !== undefined) return { name: alias[1], direct: null };
  return {
    name: pattern.slice(0, at),
    direct: PLAIN_RANGE.test(range) || readSpec(range)?.kind === 'registry' ? null : range,
  };
}

function readEntry(
  { name, direct }: Pattern,
  entry: JsonObject,
  line: number | null,
  collector: Collector,
): void {
  const version = textAt(entry, 'version', line);
  const written = textAt(entry, 'resolved', line);
  const { address, hash } = splitHash(written ?? '');
  const integrity = readIntegrity(textAt(entry, 'integrity', line));
  const weak = integrity.undigested === 'none' && !integrity.garbled && /^[0-9a-f]{40}$/.test(hash);
  const resolved = sourceHere(written, address, name, version ?? '');
  const said = direct === null ? 'registry' : sourceOf(direct, name, version ?? '');
  collector.add({
    name,
    version,
    // Either of the two is enough for a package to be from elsewhere.
    source:
      resolved !== 'registry' ? resolved : direct === null ? 'registry' : said === 'registry' ? 'url' : said,
    resolved: written,
    integrity: weak && resolved === 'registry' ? SHA1_ONLY : integrity,
    installScripts: false,
    line,
  });
}

function sourceHere(written: string | null, address: string, name: string, version: string): LockedSource {
  if (written === null) return 'registry';
  const mirrored = `${name.replace('/', '-')}-${version}.tgz`;
  if (MIRRORED.test(address)) return address === mirrored ? 'registry' : 'file';
  return sourceOf(sourceOf(written, name, version) === 'git' ? written : address, name, version);
}

/** Behind the address stands the file's sha1, or a repository's commit. */
function splitHash(resolved: string): { readonly address: string; readonly hash: string } {
  const at = resolved.indexOf('#');
  return at < 0
    ? { address: resolved, hash: '' }
    : { address: resolved.slice(0, at), hash: resolved.slice(at + 1) };
}
