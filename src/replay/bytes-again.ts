import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { bundledOf } from '../admission/bundled.ts';
import { digestOfManifest } from '../admission/index-claims.ts';
import type { Config } from '../config.ts';
import { isMissing } from '../disk/missing.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import type { KnownArtifact, MemoryReader } from '../ledger/ledger.ts';
import type { ArtifactKind } from '../model/artifact.ts';
import { type Digest, parseDigest, sha256 } from '../model/digest.ts';
import { ENGINE } from '../model/engine.ts';
import { InspectPool } from '../threads/inspect-pool.ts';
import { Layout } from '../vault/layout.ts';
import { at } from '../verify/json-path.ts';
import type { Expected, Inspection } from '../verify/verify.ts';
import type { Entry } from './decide-again.ts';
import { type Findings, Found } from './findings.ts';

/**
 * Where the vault still has the bytes: hashes them, takes them apart as they were, and compares digests, size, findings,
 * licence and what lies in them. Beside a running server: nothing is locked, moved or written.
 */
export async function inspectAgain(
  config: Pick<Config, 'data' | 'vault' | 'upstreams'>,
  entry: Entry,
  memory: MemoryReader,
): Promise<Findings> {
  const found = new Found();
  const sha256 = digestOf(entry, 'sha256');
  const expected = expectedOf(entry);
  if (sha256 === null || expected === null || !Array.isArray(entry['checks'])) return found;
  const known = await knownAs(entry, memory);
  if (known) {
    found.compare('sha256 of the bytes', sha256, known.sha256);
    found.compare('sha512 of the bytes', entry['sha512'], known.sha512);
    found.compare('size of the bytes', entry['size'], known.size);
    if (found.differences.length > 0) return found;
  }
  const path = new Layout(config.vault ?? join(config.data, 'vault')).file('cas', sha256);
  const hashed = await hashOf(path);
  if (!hashed) {
    found.notes.push('its bytes are not in the vault, and were not looked at again');
    return found;
  }
  found.compare('sha256 of the bytes', sha256, hashed.sha256);
  found.compare('sha512 of the bytes', entry['sha512'], hashed.sha512);
  found.compare('size of the bytes', entry['size'], hashed.size);
  if (found.differences.length > 0) return found;
  const inspectors = new InspectPool(() => undefined, 1);
  try {
    const inspections: Inspection[] = [];
    for (const host of [null, ...(await hostsOf(config, expected, memory))]) {
      const inspection = await inspectors.inspect(path, { ...expected, ...(host !== null && { host }) });
      inspections.push(inspection);
      // A published lockfile may name the host from which the tarball came, and the entry does not say which that was.
      if (!added(entry, inspection).includes('DIRECT_URL')) break;
    }
    const best = inspections.find((one) => !added(entry, one).includes('DIRECT_URL')) ?? inspections[0];
    if (best) compareInspections(found, entry, expected, best);
  } finally {
    await inspectors.close();
  }
  return found;
}

/** What we remember of the bytes by either digest: the two are of the same bytes or the entry is not of any. */
async function knownAs(entry: Entry, memory: MemoryReader): Promise<KnownArtifact | null> {
  for (const field of ['sha256', 'sha512']) {
    const digest = digestOf(entry, field);
    const known = digest && (await memory.artifactBy(digest));
    if (known) return known;
  }
  return null;
}

function compareInspections(found: Found, entry: Entry, expected: Expected, inspection: Inspection): void {
  found.compare('findings of the bytes', [...codesOf(entry)].sort(), [...seenIn(entry, inspection)].sort());
  // Another engine may see more in the same bytes, and its own words tell that apart from a change.
  if (entry['engine'] !== ENGINE) return;
  found.compare('licence that the bytes declare', at(entry, 'facts', 'licence'), inspection.licence);
  const scheme = ECOSYSTEMS.find(({ id }) => id === entry['ecosystem'])?.versions;
  if (entry['verdict'] !== 'allow' || !scheme) return;
  const { packages, unnamed } = bundledOf(scheme, inspection.bundled);
  const said = Array.isArray(entry['bundled']) ? entry['bundled'] : [];
  const cut = entry['bundledCut'] === 'yes';
  found.compare('what lies in the bytes', said, cut ? packages.slice(0, said.length) : packages);
  found.compare('how many more lie in the bytes', entry['bundledUnnamed'] ?? 0, unnamed);
  if (expected.kind === 'npm-tarball' && cut)
    found.notes.push('the entry had no room for all that lies in the bytes');
}

/** Codes that are found now and were not then. */
function added(entry: Entry, inspection: Inspection): string[] {
  const then = codesOf(entry);
  return [...seenIn(entry, inspection)].filter((code) => !then.has(code));
}

function codesOf(entry: Entry): ReadonlySet<string> {
  const findings = at(entry, 'facts', 'findings');
  return new Set((Array.isArray(findings) ? findings : []).map((one: unknown) => String(at(one, 'code'))));
}

/** What the bytes show, and that they hold another METADATA, or manifest, than the index promised. */
function seenIn(entry: Entry, { findings, metadata, manifest }: Inspection): ReadonlySet<string> {
  const codes = new Set<string>(findings.map(({ code }) => code));
  const promised = at(entry, 'facts', 'metadataDigest');
  const wheel = at(entry, 'facts', 'kind') === 'wheel';
  const own = wheel ? metadata && sha256(metadata) : manifest && digestOfManifest(manifest);
  const unread = codes.has('ARCHIVE_UNSAFE');
  if (
    (!unread && typeof promised === 'string' && promised !== own) ||
    (metadata === null && codes.size === 0)
  )
    codes.add('METADATA_MISMATCH');
  return codes;
}

const KINDS: readonly ArtifactKind[] = ['npm-tarball', 'wheel', 'sdist'];

function expectedOf(entry: Entry): Expected | null {
  const { name, version, file: filename } = entry;
  const kind = KINDS.find((one) => one === at(entry, 'facts', 'kind'));
  if (typeof name !== 'string' || typeof version !== 'string' || typeof filename !== 'string' || !kind)
    return null;
  return { kind, name, version, filename };
}

/** Hosts from which tarballs of its ecosystem come. */
async function hostsOf(
  { upstreams }: Pick<Config, 'upstreams'>,
  { kind }: Expected,
  memory: MemoryReader,
): Promise<readonly string[]> {
  if (kind !== 'npm-tarball') return [];
  const hosts = new Set<string>();
  for (const source of ['npm', ...upstreams.map(({ id }) => id)]) {
    for (const origin of await memory.fileOrigins(source)) {
      const host = URL.parse(origin)?.host;
      if (host) hosts.add(host);
    }
  }
  return [...hosts];
}

async function hashOf(path: string) {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (!file) return null;
  try {
    const [sha256, sha512] = [createHash('sha256'), createHash('sha512')];
    let size = 0;
    for await (const piece of file.createReadStream({ autoClose: false })) {
      sha256.update(piece);
      sha512.update(piece);
      size += piece.length;
    }
    return { sha256: `sha256:${sha256.digest('hex')}`, sha512: `sha512:${sha512.digest('hex')}`, size };
  } finally {
    await file.close();
  }
}

function digestOf(entry: Entry, field: string): Digest | null {
  const text = entry[field];
  const digest = typeof text === 'string' ? parseDigest(text) : null;
  return digest?.startsWith(`${field}:`) ? digest : null;
}
