import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { updateFeed } from '../../src/feed/refresh.ts';
import { FEED_LIMITS, type FeedLimits } from '../../src/feed/sources.ts';
import { openFeed } from '../../src/feeds/open.ts';
import type { PackageName } from '../../src/model/artifact.ts';
import { npm, pypi } from '../policy/schemes.ts';
import { makeZip, type ZipEntry } from '../verify/zip-writer.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** When every test's clock starts; the records of `records.ts` are of the days before. */
export const START = Date.parse('2026-06-01T00:00:00Z');

/** A folder that is thrown away, with a feed's folder in it. */
export async function feedPlace() {
  const root = await mkdtemp(join(tmpdir(), 'feed-'));
  const dir = join(root, 'data', 'feed');
  const put = async (path: string, content: string | Uint8Array) => {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  };
  return {
    root,
    dir,
    /** Writes a file below the folder, and gives its path. */
    put,
    /** A zip with these records, each as `<id>.json`. */
    zip: (path: string, records: readonly object[], more: readonly ZipEntry[] = []) =>
      put(
        path,
        makeZip([
          ...records.map((one) => ({
            path: `${'id' in one ? String(one.id) : 'x'}.json`,
            bytes: JSON.stringify(one),
          })),
          ...more,
        ]),
      ),
    update: (
      from: string | readonly string[],
      options: { now?: number; force?: boolean; limits?: Partial<FeedLimits['source']> } = {},
    ) =>
      updateFeed(dir, typeof from === 'string' ? [from] : from, () => options.now ?? START, {
        force: options.force ?? false,
        limits: { ...FEED_LIMITS, source: { ...FEED_LIMITS.source, ...options.limits } },
      }),
    open: (maxAge = 3 * DAY) => openFeed({ dir, maxAge }),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

export type FeedPlace = Awaited<ReturnType<typeof feedPlace>>;

export function npmPackage(name: string): { ecosystem: string; name: PackageName } {
  return packageOf('npm', npm.canonicalName(name), name);
}

export function pypiPackage(name: string): { ecosystem: string; name: PackageName } {
  return packageOf('pypi', pypi.canonicalName(name), name);
}

function packageOf(ecosystem: string, name: PackageName | null, raw: string) {
  if (name === null) throw new Error(`no name: ${raw}`);
  return { ecosystem, name };
}
