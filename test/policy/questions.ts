import type { PackageName } from '../../src/model/artifact.ts';
import { NO_CHANGE } from '../../src/model/change.ts';
import type { Digest } from '../../src/model/digest.ts';
import {
  type EvidenceVerdict,
  NO_BASELINE,
  NO_EVIDENCE,
  NO_LISTED_EVIDENCE,
  type Signer,
} from '../../src/model/evidence.ts';
import { NO_FACTS } from '../../src/model/facts.ts';
import type { ListedFile } from '../../src/model/listing.ts';
import { NONE_TAKEN } from '../../src/model/taken-places.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import { decide } from '../../src/policy/decide.ts';
import { NO_HIGHER } from '../../src/policy/judge/floor.ts';
import { parsePolicy } from '../../src/policy/load.ts';
import type { DownloadQuestion, ListingQuestion, NameQuestion, Policy } from '../../src/policy/policy.ts';
import { SCHEMES } from './schemes.ts';

export const DAY = 86_400_000;
export const NOW = Date.parse('2026-06-01T00:00:00Z');
export const A256: Digest = `sha256:${'a'.repeat(64)}`;
export const A512: Digest = `sha512:${'a'.repeat(128)}`;
export const B256: Digest = `sha256:${'b'.repeat(64)}`;
export const B512: Digest = `sha512:${'b'.repeat(128)}`;

/** A policy of one file, `p.yaml`, for the profile `default`. */
export function policyOf(text: string): Policy {
  return parsePolicy([{ path: 'p.yaml', text: `profile: default\n${text.trimStart()}` }], SCHEMES);
}

export function nameOf(name: string, ecosystem = 'npm'): NameQuestion {
  return { stage: 'name', ecosystem, name: name as PackageName, now: NOW };
}

/** A file that is old, declared by sha512 `aaa…`, and does nothing unusual. */
export function listingOf(
  name: string,
  version: string,
  change: Partial<Omit<ListingQuestion, 'file'>> & { file?: Partial<ListedFile> } = {},
): ListingQuestion {
  return {
    stage: 'listing',
    ecosystem: 'npm',
    name: name as PackageName,
    quarantined: false,
    facts: NO_FACTS,
    held: NO_EVIDENCE,
    baseline: NO_BASELINE,
    above: NO_HIGHER,
    change: NO_CHANGE,
    taken: NONE_TAKEN,
    feed: null,
    advisories: [],
    now: NOW,
    ...change,
    file: {
      filename: `${name}-${version}.tgz`,
      version,
      kind: 'npm-tarball',
      url: 'https://files.example/x',
      digests: [A512],
      size: null,
      claimedAt: NOW - 1000 * DAY,
      yanked: false,
      metadataDigest: null,
      installScripts: false,
      directUrls: false,
      evidence: NO_LISTED_EVIDENCE,
      licence: null,
      ...change.file,
    },
  };
}

export const VERIFIED: readonly Verdict[] = [
  { check: 'declared-digest', result: 'verified' },
  { check: 'pin', result: 'absent', code: 'NOT_PINNED' },
  { check: 'first-digest', result: 'absent', code: 'DIGEST_CHANGED' },
  { check: 'size', result: 'absent', code: 'SIZE_MISMATCH' },
  { check: 'archive', result: 'verified' },
  { check: 'metadata', result: 'verified' },
];

/** Nobody claims any evidence. */
export const NO_VERDICTS: readonly EvidenceVerdict[] = [
  { check: 'registry-signature', result: 'absent', signers: [], documents: [] },
  { check: 'provenance', result: 'absent', signers: [], documents: [] },
];

/** An ordinary build of today, of `github.com/acme/tool`. */
export const SIGNER: Signer = {
  predicate: 'slsa',
  issuer: 'https://token.actions.githubusercontent.com',
  subject: 'https://github.com/acme/tool/.github/workflows/release.yml@refs/tags/v1.0.0',
  repository: 'github.com/acme/tool',
  repositoryId: '1001',
  ownerId: '77',
  workflow: '.github/workflows/release.yml',
  ref: 'refs/tags/v1.0.0',
  commit: 'c'.repeat(40),
  trigger: 'push',
  runner: 'github-hosted',
  environment: 'production',
  builder: 'https://github.com/acme/tool/.github/workflows/release.yml@refs/tags/v1.0.0',
};

/** The same file after its bytes were examined, all of it verified. */
export function downloadOf(
  listing: ListingQuestion,
  change: Partial<Omit<DownloadQuestion, 'stage'>> = {},
): DownloadQuestion {
  return {
    ...listing,
    facts: { ...listing.facts, findings: listing.facts.findings ?? [] },
    sha256: A256,
    sha512: A512,
    verdicts: VERIFIED,
    evidence: NO_VERDICTS,
    ...change,
    stage: 'download',
  };
}

/** The codes of a decision under `default`, in order; empty for allow. */
export function codes(policy: Policy, question: Parameters<typeof decide>[2]): string[] {
  const decision = decide(policy, 'default', question);
  const found = decision.reasons.map(({ code }) => code);
  if ((decision.verdict === 'allow') !== (found.length === 0))
    throw new Error('verdict and reasons disagree');
  return found;
}
