import type { PackageName } from '../../model/artifact.ts';
import { isObject, type JsonObject, jsonBytes, own, parseObject, record } from './json.ts';
import { canonicalName } from './names.ts';
import { parseVersion } from './versions.ts';

/** What is asked about: each package at the versions that are installed. */
export type AuditQuery = ReadonlyMap<PackageName, readonly string[]>;

/** More than the largest trees have; a body beyond it is not read. */
const MAX_ENTRIES = 30_000;

/**
 * Reads the body of a bulk query, `{ "name": ["1.0.0", …] }`, already unpacked. Null where it is none. Names
 * and versions that no registry has (links, workspaces, addresses) are left out; what remains still has to be
 * cut to what the policy admits.
 */
export function readBulk(body: Uint8Array): AuditQuery | null {
  return collect(bulkEntries(parseObject(body)));
}

/** Reads the body of a quick query: a tree as in lockfile version 1. As `readBulk` otherwise. */
export function readQuick(body: Uint8Array): AuditQuery | null {
  return collect(lockEntries(parseObject(body)));
}

/** The body of a bulk query. `admitted` holds only admitted names, at versions that their index has. */
export function writeBulk(admitted: AuditQuery): Uint8Array {
  const written = record<readonly string[]>();
  for (const [name, versions] of admitted) written[name] = versions;
  return jsonBytes(written);
}

type Entry = readonly [name: string, version: string];

function bulkEntries(body: JsonObject | null): Entry[] | null {
  if (!body) return null;
  const entries: Entry[] = [];
  for (const name of Object.keys(body)) {
    const versions = body[name];
    if (!Array.isArray(versions)) return null;
    for (const version of versions) {
      if (typeof version !== 'string') return null;
      if (entries.push([name, version]) > MAX_ENTRIES) return null;
    }
  }
  return entries;
}

/** `{ dependencies: { name: { version, dependencies: … } } }`, walked without recursion: depth is the asker's. */
function lockEntries(body: JsonObject | null): Entry[] | null {
  const dependencies = body ? own(body, 'dependencies') : null;
  // Without it this is no tree, and an empty answer would be a false one.
  if (!isObject(dependencies)) return null;
  const entries: Entry[] = [];
  const open: JsonObject[] = [dependencies];
  for (let level = open.pop(); level !== undefined; level = open.pop()) {
    for (const name of Object.keys(level)) {
      const node = level[name];
      if (!isObject(node)) return null;
      const version = own(node, 'version');
      if (entries.push(resolveAlias(name, typeof version === 'string' ? version : '')) > MAX_ENTRIES)
        return null;
      const inner = own(node, 'dependencies');
      if (isObject(inner)) open.push(inner);
    }
  }
  return entries;
}

/** `"alias": { version: "npm:name@1.0.0" }` is about `name`. */
function resolveAlias(name: string, version: string): Entry {
  const at = version.lastIndexOf('@');
  if (!version.startsWith('npm:') || at <= 'npm:'.length) return [name, version];
  return [version.slice('npm:'.length, at), version.slice(at + 1)];
}

function collect(entries: readonly Entry[] | null): AuditQuery | null {
  if (!entries) return null;
  const query = new Map<PackageName, Set<string>>();
  for (const [rawName, rawVersion] of entries) {
    const name = canonicalName(rawName);
    const version = parseVersion(rawVersion);
    if (name === null || version === null) continue;
    const versions = query.get(name);
    if (versions) versions.add(version);
    else query.set(name, new Set([version]));
  }
  return new Map([...query].map(([name, versions]) => [name, [...versions]]));
}
