import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { NamedSource } from '../feeds/build.ts';
import { FeedError } from '../feeds/feed-error.ts';
import { type Piece, SOURCE_LIMITS, type SourceLimits } from '../feeds/sources/limits.ts';
import { recordsAt } from '../feeds/sources/local.ts';
import { download, FETCH_LIMITS, type FetchLimits } from './fetch.ts';

export interface FeedLimits {
  readonly source: SourceLimits;
  readonly fetch: FetchLimits;
}

export const FEED_LIMITS: FeedLimits = { source: SOURCE_LIMITS, fetch: FETCH_LIMITS };

const remote = z.url({ protocol: /^https?$/ });

/**
 * What somebody named as a source: an http(s) address of a zip, a `file:` address, or a path. `dir`: where a download
 * lies while it is read. What goes wrong is told with the source's name.
 * @throws FeedError for an address with a name or a password: it would be shown
 */
export function sourceOf(from: string, dir: string, limits: FeedLimits): NamedSource {
  const url = /^[a-z][a-z0-9+.-]+:\/\//i.test(from) ? URL.parse(from) : null;
  if (url === null) return named(from, () => recordsAt(from, limits.source));
  if (url.protocol === 'file:') return named(from, () => recordsAt(fileURLToPath(url), limits.source));
  if (!remote.safeParse(from).success)
    throw new FeedError('a source is a path, or an address that begins with http, https or file');
  if (`${url.username}${url.password}` !== '')
    throw new FeedError(`an address of a feed has no user and no password: ${url.host}`);
  return named(`${url.origin}${url.pathname}`, () => fetched(url, dir, limits));
}

async function* fetched(url: URL, dir: string, limits: FeedLimits): AsyncGenerator<Piece> {
  const path = await download(url, join(dir, 'download'), limits.fetch);
  try {
    yield* recordsAt(path, limits.source);
  } finally {
    await rm(path, { force: true });
  }
}

function named(from: string, records: () => AsyncIterable<Piece>): NamedSource {
  return {
    from,
    async *records() {
      try {
        yield* records();
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error);
        throw new FeedError(words.startsWith(from) ? words : `${from}: ${words}`, { cause: error });
      }
    },
  };
}
