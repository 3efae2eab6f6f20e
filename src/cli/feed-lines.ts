import type { FeedStatus } from '../feeds/status.ts';
import { printable } from './ledger-line.ts';

const HOUR = 3_600_000;

/** What `feed show` and `feed update` tell, as JSON; times in ISO 8601. */
export interface FeedShown extends Omit<FeedStatus, 'format' | 'bytes' | 'at' | 'updated' | 'sources'> {
  readonly at: string;
  readonly updated: string;
  /** From then on it is older than it may be. */
  readonly staleAt: string;
  readonly stale: boolean;
  readonly sources: readonly {
    readonly from: string;
    readonly records: number;
    readonly unreadable: number;
    readonly newest: string | null;
  }[];
}

/** `maxAge`: ms. `now`: ms since 1970. */
export function feedShown(
  { digest, at, updated, records, packages, ecosystems, sources }: FeedStatus,
  maxAge: number,
  now: number,
): FeedShown {
  return {
    digest,
    at: iso(at),
    updated: iso(updated),
    staleAt: iso(at + maxAge),
    stale: now >= at + maxAge,
    records,
    packages,
    ecosystems,
    sources: sources.map((one) => ({ ...one, newest: one.newest === null ? null : iso(one.newest) })),
  };
}

/** For a terminal. */
export function feedLines(shown: FeedShown, now: number): string[] {
  const { digest, at, updated, staleAt, stale, records, packages, ecosystems, sources } = shown;
  return [
    `feed      ${digest}`,
    `as of     ${at} (${ageOf(Date.parse(at), now)}), updated ${updated}`,
    `stale     ${stale ? 'yes, since' : 'no, from'} ${staleAt}${stale ? '' : ' on'}`,
    `knows     ${records} records of ${packages} packages`,
    ...Object.entries(ecosystems).map(
      ([ecosystem, counts]) =>
        `  ${ecosystem.padEnd(6)}  ${counts.malware} malware, ${counts.vulnerability} vulnerabilities, ${counts.packages} packages`,
    ),
    ...sources.map(
      ({ from, records, unreadable, newest }) =>
        `source    ${from}: ${records} records, ${unreadable} unreadable, the newest of ${newest ?? 'no known time'}`,
    ),
  ].map((line) => printable(line).replaceAll('\n', ' '));
}

function ageOf(at: number, now: number): string {
  const hours = Math.max(0, Math.floor((now - at) / HOUR));
  if (hours < 48) return `${hours} ${hours === 1 ? 'hour' : 'hours'} old`;
  return `${Math.floor(hours / 24)} days old`;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
