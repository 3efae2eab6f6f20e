import type { Advisory, FeedFacts } from '../model/advisory.ts';
import type { EcosystemId, PackageName } from '../model/artifact.ts';
import { NO_CHANGE } from '../model/change.ts';
import type { Decision, Reason } from '../model/decision.ts';
import { NO_BASELINE, NO_EVIDENCE, NO_LISTED_EVIDENCE } from '../model/evidence.ts';
import { NO_FACTS } from '../model/facts.ts';
import { LIFTED_BY } from '../model/liftable.ts';
import type { ReasonCode } from '../model/reason-codes.ts';
import { NONE_TAKEN } from '../model/taken-places.ts';
import { decide } from './decide.ts';
import { NO_HIGHER } from './judge/floor.ts';
import type { Policy } from './policy.ts';

/** A version of which no file is known. */
export interface VersionSubject {
  readonly ecosystem: EcosystemId;
  readonly name: PackageName;
  /** In normal form. */
  readonly version: string;
  readonly feed: FeedFacts | null;
  readonly advisories: readonly Advisory[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What is never an admission: it is refused whatever its files are, or its files would have to be known. */
export interface VersionDecision extends Omit<Decision, 'verdict'> {
  readonly verdict: 'refuse' | 'undecided';
}

/** The reasons that rest on name and version, and on nothing of a file. */
const BY_VERSION: ReadonlySet<ReasonCode> = new Set([
  'NOT_ALLOWLISTED',
  'NOT_PINNED',
  'VERSION_NOT_ALLOWED',
  'DENIED',
  'MALWARE',
  'VULNERABLE',
  'VULNERABILITY_UNCHECKED',
  'FEED_MISSING',
]);

/**
 * Decides a version by itself: denials, the rule's range, pins, mode `frozen`, the feed. A reason that a waiver in force
 * would lift for some file of the version refuses nothing here.
 */
export function decideVersion(policy: Policy, profile: string, subject: VersionSubject): VersionDecision {
  const { ecosystem, name, version, feed, advisories, now } = subject;
  const { reasons, observed, warnings, place, by } = decide(policy, profile, {
    stage: 'listing',
    ecosystem,
    name,
    quarantined: false,
    now,
    held: NO_EVIDENCE,
    baseline: NO_BASELINE,
    above: NO_HIGHER,
    change: NO_CHANGE,
    taken: NONE_TAKEN,
    feed,
    advisories,
    facts: NO_FACTS,
    file: {
      filename: `${name}-${version}`,
      version,
      kind: ecosystem === 'npm' ? 'npm-tarball' : 'wheel',
      url: '',
      digests: [],
      size: null,
      claimedAt: null,
      yanked: false,
      metadataDigest: null,
      installScripts: false,
      directUrls: false,
      evidence: NO_LISTED_EVIDENCE,
      licence: null,
    },
  });
  const waivers = policy.profiles.get(profile)?.ecosystems.get(ecosystem)?.waivers.get(name)?.get(version);
  const isLifted = ({ code }: Reason): boolean =>
    (waivers ?? []).some(({ lifts, expires }) => now < expires && LIFTED_BY[code]?.includes(lifts));
  const counts = (reason: Reason): boolean => BY_VERSION.has(reason.code) && !isLifted(reason);
  const refused = reasons.filter(counts);
  return {
    verdict: refused.length > 0 ? 'refuse' : 'undecided',
    reasons: refused,
    observed: observed.filter(counts),
    waived: [],
    warnings: warnings.filter(counts),
    place,
    by,
    until: null,
    eligibleAt: null,
  };
}
