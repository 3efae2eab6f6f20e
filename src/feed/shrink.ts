import type { FeedCounts, FeedStatus } from '../feeds/status.ts';

/** So few may vanish from day to day. */
const FEW = 20;

/**
 * Why a new feed must not take the place of the one in force without somebody's word: it is empty, or less than half
 * is left of its records, of what it knows of an ecosystem, or of one kind there. null where nothing speaks against it.
 */
export function shrunk(before: FeedStatus | null, after: FeedStatus): string | null {
  if (after.records === 0) return 'it names no package at all';
  if (before === null) return null;
  if (isHalved(before.records, after.records)) return words('records', before.records, after.records);
  for (const [ecosystem, counts] of Object.entries(before.ecosystems)) {
    const now: FeedCounts = after.ecosystems[ecosystem] ?? { malware: 0, vulnerability: 0, packages: 0 };
    for (const kind of ['malware', 'vulnerability'] as const) {
      if (counts[kind] > FEW && isHalved(counts[kind], now[kind]))
        return words(`records of ${ecosystem} ${kind}`, counts[kind], now[kind]);
    }
  }
  return null;
}

function isHalved(before: number, after: number): boolean {
  return after * 2 < before;
}

function words(what: string, before: number, after: number): string {
  return `it has ${after} ${what}, and the one in force has ${before}`;
}
