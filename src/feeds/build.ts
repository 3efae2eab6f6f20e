import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, temporaryBeside } from '../disk/durable.ts';
import type { VersionScheme } from '../model/versions.ts';
import { writeDatabase } from './database.ts';
import { FeedError } from './feed-error.ts';
import { fileDigest } from './file-digest.ts';
import { freshness, isCredible } from './freshness.ts';
import { readOsv } from './osv.ts';
import type { Piece } from './sources/limits.ts';
import { Staging } from './staging.ts';
import { databasePath, type FeedSource, type FeedStatus, removeOthers, writeStatus } from './status.ts';

/** Where records come from. `from`: its name for people. */
export interface NamedSource {
  readonly from: string;
  records(): AsyncIterable<Piece>;
}

/** A database that is durable under a temporary name, and what would be in force with it. */
export interface BuiltFeed {
  readonly path: string;
  readonly status: FeedStatus;
}

/**
 * Reads all sources into one new database in `dir`, which is there. Nothing is in force by that. A source that fails,
 * fails all. `now`: ms since 1970.
 * @throws FeedError, or the file system's error
 */
export async function buildFeed(
  dir: string,
  from: readonly NamedSource[],
  schemes: readonly VersionScheme[],
  now: () => number,
): Promise<BuiltFeed> {
  const stagingPath = temporaryBeside(join(dir, 'staging'));
  const path = temporaryBeside(join(dir, 'database'));
  const staging = new Staging(stagingPath);
  try {
    const sources: FeedSource[] = [];
    for (const source of from) sources.push(await read(source, staging, schemes, now()));
    const packages = writeDatabase(path, staging.packages());
    const bytes = await synced(path);
    const digest = await fileDigest(path);
    if (digest === null) throw new FeedError('the new database cannot be read');
    const updated = now();
    const at = freshness(sources, updated);
    const counted = { records: staging.records(), packages, ecosystems: staging.counts() };
    return { path, status: { format: 1, digest, bytes, at, updated, ...counted, sources } };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    staging.close();
    await rm(stagingPath, { force: true });
  }
}

/**
 * Puts a built feed in force: its database gets its name, and then `status.json` names it. Killed in between, the one
 * before is in force, or none, as before. `before` stays for whoever is reading by it; older ones go.
 */
export async function putInForce(
  dir: string,
  { path, status }: BuiltFeed,
  before: FeedStatus | null,
): Promise<void> {
  await rename(path, databasePath(dir, status.digest));
  await syncFolder(dir);
  await writeStatus(dir, status);
  await removeOthers(dir, before ? [status.digest, before.digest] : [status.digest]);
}

async function read(
  { from, records }: NamedSource,
  staging: Staging,
  schemes: readonly VersionScheme[],
  now: number,
): Promise<FeedSource> {
  let [count, unreadable] = [0, 0];
  let newest: number | null = null;
  for await (const piece of records()) {
    const record = piece === 'too-large' ? null : readOsv(parsed(piece), schemes);
    unreadable += record === null ? 1 : record.unreadable;
    if (record === null) continue;
    count++;
    staging.add(record);
    const { modified } = record;
    if (modified !== null && isCredible(modified, now)) newest = Math.max(modified, newest ?? 0);
  }
  return { from, records: count, unreadable, newest };
}

/** undefined where it is no JSON. */
function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes));
  } catch {
    return undefined;
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Resolves with its bytes. */
async function synced(path: string): Promise<number> {
  const file = await open(path, 'r');
  try {
    await file.chmod(0o600);
    await file.sync();
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}
