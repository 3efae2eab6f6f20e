import type { FeedSource } from './status.ts';

const DAY = 86_400_000;

/** A source of so many records is an export of a whole ecosystem, in which something changes every day. */
export const EXPORT_RECORDS = 1_000;

/**
 * From when a feed counts as being, ms since 1970: the end of the update, but no later than a day after the newest
 * change that its records show, so that an old copy read again today is still old. Of several exports the oldest
 * counts; lists of one's own beside them say nothing of age, and alone they are taken by their newest record.
 * Where no record says when it was changed, the feed is as old as can be.
 */
export function freshness(sources: readonly FeedSource[], updated: number): number {
  const exports = sources.filter(({ records }) => records >= EXPORT_RECORDS);
  const times = (exports.length > 0 ? exports : sources).map(({ newest }) => newest ?? 0);
  const newest = exports.length > 0 ? Math.min(...times) : Math.max(0, ...times);
  return Math.min(updated, newest === 0 ? 0 : newest + DAY);
}

/** A change that lies further ahead than clocks differ says nothing. */
export function isCredible(modified: number, now: number): boolean {
  return modified <= now + DAY;
}
