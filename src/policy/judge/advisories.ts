import { type Advisory, SEVERITIES } from '../../model/advisory.ts';
import type { PolicyPlace, Reason } from '../../model/decision.ts';
import type { VulnerabilityLevel } from '../profile.ts';
import { type FileMatter, firm, type Given, unmet, warning } from './matter.ts';

/** As many ids as one reason names. */
const MOST = 16;
/** A severity that is not said, or not known, is taken for the worst. */
const WORST = SEVERITIES.length - 1;

/**
 * What the feed of malicious packages says of a version. A record refuses in every mode, pinned or not, under a
 * rule or none; a feed that is not there, or too old, refuses where the policy requires one, and no waiver of a
 * version makes up for it.
 */
export function judgeMalware({ question, required }: FileMatter): Given[] {
  if (required.malware === 'off') return [];
  const given: Given[] = [];
  // What is not said to be a vulnerability only is taken for the worse of the two.
  const named = question.advisories.filter(({ kind }) => kind !== 'vulnerability');
  if (named.length > 0) {
    const reason: Reason = { code: 'MALWARE', place: null, about: idsOf(named) };
    given.push(
      required.malware === 'warn' ? warning(reason) : { ...unmet('malware', reason), observable: false },
    );
  }
  if (required.malware === 'required' && isFeedMissing(question)) given.push(firm('FEED_MISSING'));
  return given;
}

/** When a feed that is young enough no longer is (ms); null where nothing depends on it. */
export function feedUntil({ question, required }: FileMatter): number | null {
  if (required.malware !== 'required' || isFeedMissing(question)) return null;
  return question.feed?.staleAt ?? null;
}

/** Written so that an instant which is no number is past, too. */
function isFeedMissing({ feed, now }: FileMatter['question']): boolean {
  return feed === null || !(now < feed.staleAt);
}

/**
 * Known vulnerabilities, from the policy's threshold on; the policy is told of those below it. Where no feed could know
 * of any, nothing is known to be free of them.
 */
export function judgeVulnerabilities({ question, required }: FileMatter, place: PolicyPlace | null): Given[] {
  const level = required.vulnerability;
  if (level === 'off') return [];
  const known = question.advisories.filter(({ kind }) => kind === 'vulnerability');
  const threshold = thresholdOf(level);
  const blind = level !== 'warn' && question.feed === null;
  const refused = known.filter((advisory) => rankOf(advisory) >= threshold);
  const told = known.filter((advisory) => rankOf(advisory) < threshold);
  const reason = (about: readonly Advisory[]): Reason => ({ code: 'VULNERABLE', place, about: idsOf(about) });
  return [
    ...(blind ? [unmet('vulnerability', { code: 'VULNERABILITY_UNCHECKED', place })] : []),
    ...(refused.length > 0 ? [unmet('vulnerability', reason(refused))] : []),
    ...(told.length > 0 ? [warning(reason(told))] : []),
  ];
}

function thresholdOf(level: Exclude<VulnerabilityLevel, 'off'>): number {
  // A level that is not known has the index -1, which refuses every one.
  return level === 'warn' ? Number.POSITIVE_INFINITY : SEVERITIES.indexOf(level);
}

function rankOf({ severity }: Advisory): number {
  const rank = severity === null ? WORST : SEVERITIES.indexOf(severity);
  return rank < 0 ? WORST : rank;
}

/** The worst first, then by id, so that equal facts give equal words. */
function idsOf(advisories: readonly Advisory[]): string[] {
  const worstFirst = advisories.toSorted((a, b) => rankOf(b) - rankOf(a) || (a.id < b.id ? -1 : 1));
  return [...new Set(worstFirst.map(({ id }) => id))].slice(0, MOST);
}
