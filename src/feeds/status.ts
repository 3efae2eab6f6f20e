import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isTemporary, writeDurable } from '../disk/durable.ts';
import { type Digest, hexOf, parseDigest } from '../model/digest.ts';
import { FeedError } from './feed-error.ts';

const count = z.number().int().min(0);
const time = z.iso.datetime().transform((text) => Date.parse(text));
const digest = z.string().transform((text, context): Digest => {
  const parsed = parseDigest(text);
  if (parsed?.startsWith('sha256:')) return parsed;
  context.addIssue({ code: 'custom', message: 'a sha256 digest' });
  return z.NEVER;
});

const counts = z.strictObject({ malware: count, vulnerability: count, packages: count });

const source = z.strictObject({
  /** A path, or an address without its query. */
  from: z.string(),
  records: count,
  unreadable: count,
  /** When the newest of its records was changed; null where none says. */
  newest: time.nullable(),
});

/** `status.json`: which database counts, and what is in it. Written last, so that it never names half of one. */
const schema = z.strictObject({
  format: z.literal(1),
  /** Of the database's bytes; its name is `<hex>.db`. */
  digest,
  bytes: count,
  /** From when the feed counts as being: see `freshness`. */
  at: time,
  /** When the update ended. */
  updated: time,
  /** Different ids that name a package of ours. */
  records: count,
  packages: count,
  ecosystems: z.record(z.string().regex(/^[a-z]{1,20}$/), counts),
  sources: z.array(source),
});

/** Times in milliseconds since 1970. */
export type FeedStatus = z.output<typeof schema>;
export type FeedCounts = z.output<typeof counts>;
export type FeedSource = z.output<typeof source>;

const STATUS = 'status.json';
const DATABASE = /^[0-9a-f]{64}\.db$/;

export function feedFolder(data: string): string {
  return join(data, 'feed');
}

export function statusPath(dir: string): string {
  return join(dir, STATUS);
}

export function databasePath(dir: string, digest: Digest): string {
  return join(dir, `${hexOf(digest)}.db`);
}

/** @throws FeedError where it is not what an update writes */
export function parseStatus(text: string): FeedStatus {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new FeedError(`the feed's ${STATUS} is not what an update writes`, { cause: error });
  }
}

export async function writeStatus(dir: string, status: FeedStatus): Promise<void> {
  const iso = (at: number) => new Date(at).toISOString();
  const written = {
    ...status,
    at: iso(status.at),
    updated: iso(status.updated),
    sources: status.sources.map((one) => ({
      ...one,
      newest: one.newest === null ? null : iso(one.newest),
    })),
  };
  await writeDurable(statusPath(dir), Buffer.from(`${JSON.stringify(written, null, 2)}\n`));
}

/** Removes databases other than these. What cannot be removed stays, and counts for nothing. */
export async function removeOthers(dir: string, kept: readonly Digest[]): Promise<void> {
  const names = new Set(kept.map((one) => `${hexOf(one)}.db`));
  await removeAll(dir, (name) => DATABASE.test(name) && !names.has(name));
}

/** Removes what an update that was killed left half written. */
export async function removeLeftovers(dir: string): Promise<void> {
  await removeAll(dir, isTemporary);
}

async function removeAll(dir: string, wanted: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(dir).catch(() => [])) {
    if (wanted(name)) await rm(join(dir, name), { force: true }).catch(() => undefined);
  }
}
