import type { ArtifactKind } from '../../model/artifact.ts';
import { algorithmOf, type Digest, parseDigest, sha256 } from '../../model/digest.ts';
import { type EvidenceVerdict, NO_EVIDENCE, NO_LISTED_EVIDENCE } from '../../model/evidence.ts';
import { NO_FACTS } from '../../model/facts.ts';
import { NONE_TAKEN } from '../../model/taken-places.ts';
import type { CheckName, Verdict } from '../../model/verdict.ts';
import type { VersionScheme } from '../../model/versions.ts';
import { waivedDigests } from '../judge/waivers.ts';
import { parseAge } from '../language/age.ts';
import { quoted } from '../language/words.ts';
import { parsePinned, pinnedDigests } from '../pins.ts';
import type { DownloadQuestion, ListingQuestion, Policy, Question } from '../policy.ts';
import { requirementsFor } from '../requirements.ts';
import { baselineOf, NOTHING_CLAIMED, verdictsOf } from './case-evidence.ts';
import { aboveOf, advisoriesOf, changeOf, saysFacts, shownBytesOf } from './case-facts.ts';
import { type CaseInput, parseAt } from './case-schema.ts';

/** Any fixed instant, where a case does not say when it is asked: its `age` is counted back from it. */
const NOW = Date.parse('2030-01-01T00:00:00Z');
/** Old enough for any requirement, where a case does not speak of age. */
const OLD = '3650d';

/** The question that a case asks, or what is wrong with its words. */
export function questionOf(
  policy: Policy,
  profile: string,
  input: CaseInput,
  scheme: VersionScheme,
  text: string,
): Question | { readonly problem: string } {
  const { ecosystem } = scheme;
  const now = input.at === undefined ? NOW : (parseAt(input.at) ?? Number.NaN);
  if (!/[^@]@|==/.test(text)) {
    const name = scheme.canonicalName(text);
    if (name === null) return { problem: `${quoted(text)} is not a valid ${ecosystem} name` };
    if (verdictsOf(input) !== null) return { problem: 'a name alone has no evidence: name a version' };
    if (saysFacts(input)) return { problem: 'a name alone has no facts: name a version' };
    return { stage: 'name', ecosystem, name, now };
  }
  const pinned = parsePinned(text, scheme);
  if ('problem' in pinned) return pinned;
  const { name, version } = pinned;
  const claimedAt = input.age === 'unknown' ? null : now - (parseAge(input.age ?? OLD) ?? 0);
  const first = input['first-digest'] === undefined ? null : parseDigest(input['first-digest']);
  const kind: ArtifactKind =
    input.sdist || input['sdist-instead'] ? 'sdist' : ecosystem === 'npm' ? 'npm-tarball' : 'wheel';
  const pins = pinnedDigests(policy, profile, ecosystem, name, version);
  // Of a file whose digest the case names, a waiver's digest says nothing.
  const waived = input.digest === undefined ? waivedDigests(policy, profile, ecosystem, name, version) : null;
  const bound = pins ?? waived;
  const above = aboveOf(input, scheme, version);
  if ('problem' in above) return above;
  const listing: ListingQuestion = {
    stage: 'listing',
    ecosystem,
    name,
    quarantined: input.quarantined ?? false,
    now,
    held: NO_EVIDENCE,
    baseline: baselineOf(input),
    above,
    change: changeOf(input),
    taken: NONE_TAKEN,
    ...advisoriesOf(input, now),
    facts: {
      ...NO_FACTS,
      // Only the algorithm that the case names is ever compared: the schema sees to it.
      first: first && {
        sha256: first.startsWith('sha256') ? first : sha256('never compared'),
        sha512: first.startsWith('sha512') ? first : `sha512:${'0'.repeat(128)}`,
      },
    },
    file: {
      filename: `${name}-${version}`,
      version,
      kind,
      url: '',
      digests: digestsOf(input.digest, bound),
      size: null,
      claimedAt,
      yanked: false,
      metadataDigest: null,
      installScripts: input['install-scripts'] ?? false,
      directUrls: input['direct-urls'] ?? false,
      evidence: NO_LISTED_EVIDENCE,
      licence: null,
    },
  };
  const verdicts = verdictsOf(input);
  const shown = shownBytesOf(input);
  if (verdicts === null && shown === null) return listing;
  const licence = shown?.licence === undefined ? acceptedLicence(policy, profile, listing) : shown.licence;
  const facts = { ...listing.facts, findings: shown?.findings ?? [], licence };
  return downloaded({ ...listing, facts }, verdicts ?? NOTHING_CLAIMED, {
    pinned: pins !== null,
    digests: bound,
  });
}

/** Where a case does not speak of the licence, it is one that the policy accepts. */
function acceptedLicence(
  policy: Policy,
  profile: string,
  { ecosystem, name, file }: ListingQuestion,
): string | null {
  const rules = policy.profiles.get(profile)?.ecosystems.get(ecosystem);
  const required = rules && requirementsFor(rules, rules.allow.best(name)?.value ?? null, file.version);
  return required?.licence?.allow[0] ?? null;
}

const MISMATCH: Verdict = { check: 'metadata', result: 'failed', code: 'METADATA_MISMATCH' };

/** The listed file with its bytes here: they are what index and pin say, and show what its facts say. */
function downloaded(
  listing: ListingQuestion,
  evidence: readonly EvidenceVerdict[],
  bound: { readonly pinned: boolean; readonly digests: readonly Digest[] | null },
): DownloadQuestion {
  const { file, facts } = listing;
  const told = [
    ...file.digests,
    ...(bound.digests ?? []),
    ...(facts.first ? [facts.first.sha256, facts.first.sha512] : []),
  ];
  const mismatch = facts.findings?.some(({ code }) => code === 'METADATA_MISMATCH') === true;
  const verdict = (check: CheckName, due: boolean): Verdict => ({
    check,
    result: due ? 'verified' : 'absent',
  });
  return {
    ...listing,
    stage: 'download',
    sha256: told.find((digest) => algorithmOf(digest) === 'sha256') ?? sha256('a file'),
    sha512: told.find((digest) => algorithmOf(digest) === 'sha512') ?? `sha512:${'0'.repeat(128)}`,
    verdicts: [
      verdict('declared-digest', file.digests.length > 0),
      verdict('pin', bound.pinned),
      verdict('first-digest', facts.first !== null),
      verdict('size', false),
      verdict('archive', true),
      mismatch ? MISMATCH : verdict('metadata', true),
    ],
    evidence,
  };
}

/** A case that says nothing of digests is about the pinned or waived file, or else about one with some digest. */
function digestsOf(said: string | undefined, bound: readonly Digest[] | null): Digest[] {
  if (said === 'none') return [];
  const digest = said === undefined ? (bound?.[0] ?? sha256('a file')) : parseDigest(said);
  return digest ? [digest] : [];
}
