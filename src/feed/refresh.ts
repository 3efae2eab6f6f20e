import { readFile, rm } from 'node:fs/promises';
import { isMissing } from '../disk/missing.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import { buildFeed, putInForce } from '../feeds/build.ts';
import { FeedError } from '../feeds/feed-error.ts';
import { type FeedStatus, parseStatus, removeLeftovers, statusPath } from '../feeds/status.ts';
import { lockFolder } from '../ledger/lock.ts';
import { shrunk } from './shrink.ts';
import { FEED_LIMITS, type FeedLimits, sourceOf } from './sources.ts';

export interface UpdateOptions {
  /** Puts it in force though little is left of the one before. */
  readonly force: boolean;
  readonly limits?: FeedLimits;
}

export interface Updated {
  readonly before: FeedStatus | null;
  readonly status: FeedStatus;
}

/**
 * Reads all sources and puts what they have in force, whole; where any of it fails, what was in force stays. One at a
 * time for a folder. `now`: ms since 1970.
 * @throws FeedError, LedgerError where another update is running
 */
export async function updateFeed(
  dir: string,
  from: readonly string[],
  now: () => number,
  { force, limits = FEED_LIMITS }: UpdateOptions,
): Promise<Updated> {
  const release = await lockFolder(dir);
  try {
    // What a killed update left would fill the disk.
    await removeLeftovers(dir);
    const before = await statusBefore(dir);
    const sources = from.map((one) => sourceOf(one, dir, limits));
    const schemes = ECOSYSTEMS.map(({ versions }) => versions);
    const built = await buildFeed(dir, sources, schemes, now);
    const problem = shrunk(before, built.status);
    if (problem !== null && !force) {
      await rm(built.path, { force: true });
      throw new FeedError(`${problem}; if that is right, say --force`);
    }
    await putInForce(dir, built, before);
    return { before, status: built.status };
  } finally {
    release();
  }
}

/** null where there is none, or one that cannot be read: that is in force as a fault, and an update ends it. */
async function statusBefore(dir: string): Promise<FeedStatus | null> {
  try {
    return parseStatus(await readFile(statusPath(dir), 'utf8'));
  } catch (error) {
    if (isMissing(error) || error instanceof FeedError) return null;
    throw error;
  }
}
