import { z } from 'zod';
import type { ArtifactKind } from '../model/artifact.ts';
import type { Decision, PolicyPlace } from '../model/decision.ts';
import { algorithmOf, type Digest, parseDigest, sha256 } from '../model/digest.ts';
import { type EvidenceVerdict, NO_EVIDENCE, NO_LISTED_EVIDENCE } from '../model/evidence.ts';
import { NO_FACTS } from '../model/facts.ts';
import { REASONS, type ReasonCode } from '../model/reason-codes.ts';
import type { CheckName, Verdict } from '../model/verdict.ts';
import type { VersionScheme } from '../model/versions.ts';
import { AGE, parseAge } from './age.ts';
import { baselineOf, evidenceFields, verdictsOf } from './case-evidence.ts';
import { decide } from './decide.ts';
import { NO_HIGHER } from './floor.ts';
import { parsePinned, pinnedDigests } from './pins.ts';
import {
  type DownloadQuestion,
  type ListingQuestion,
  type Policy,
  PolicyError,
  type PolicyProblem,
  type PolicySource,
  type Question,
} from './policy.ts';
import { shapeProblems } from './problems.ts';
import { quoted } from './words.ts';
import { readYaml } from './yaml.ts';

/*
 * What must be allowed and what refused, as data under `allowlists/cases/`: reviewed with the policy, run in CI
 * with no network. A case without a version asks by name alone; one with a version describes a listed file, and
 * one that says anything of evidence a file whose bytes are here and are what its index says.
 */

const CODES = Object.keys(REASONS) as [ReasonCode, ...ReasonCode[]];
/** Any fixed instant: a case's `age` is counted back from it. */
const NOW = Date.parse('2030-01-01T00:00:00Z');
/** Old enough for any requirement, where a case does not speak of age. */
const OLD = '3650d';

function caseSchema(ecosystems: readonly string[]) {
  const names = Object.fromEntries(ecosystems.map((id) => [id, z.string().optional()]));
  const digest = z.string().refine((text) => parseDigest(text) !== null, 'must be sha256:… or sha512:…');
  return z
    .strictObject({
      ...names,
      profile: z.string().optional(),
      expect: z.enum(['allow', 'refuse']),
      code: z.enum(CODES).optional(),
      why: z.string().min(1, 'must say why'),
      age: z.union([z.string().regex(AGE), z.literal(0), z.literal('unknown')]).optional(),
      'install-scripts': z.boolean().optional(),
      'direct-urls': z.boolean().optional(),
      sdist: z.boolean().optional(),
      quarantined: z.boolean().optional(),
      digest: z.union([digest, z.literal('none')]).optional(),
      'first-digest': digest.optional(),
      ...evidenceFields,
    })
    .refine((entry) => ecosystems.filter((id) => Object.hasOwn(entry, id)).length === 1, {
      error: `must name exactly one of ${ecosystems.join(', ')}`,
    })
    .refine((entry) => (entry.expect === 'refuse') === (entry.code !== undefined), {
      error: 'a refusal must name its code, and only a refusal has one',
    })
    .refine(
      (entry) => !entry['first-digest'] || entry.digest?.slice(0, 6) === entry['first-digest'].slice(0, 6),
      {
        error: 'first-digest needs a digest of the same algorithm to compare with',
      },
    );
}

type CaseInput = z.infer<ReturnType<typeof caseSchema>>;

export interface CaseResult {
  /** Where the case stands. */
  readonly place: PolicyPlace;
  /** As it is written: `npm express@5.1.0`. */
  readonly subject: string;
  readonly why: string;
  readonly passed: boolean;
  /** `allow`, or the code of the refusal. */
  readonly expected: 'allow' | ReasonCode;
  readonly got: 'allow' | ReasonCode;
  readonly decision: Decision;
}

/**
 * Runs case files against a policy. Throws PolicyError with every problem of a case file that cannot be read:
 * a case that is not run must not look like one that passed.
 */
export function runCases(
  policy: Policy,
  sources: readonly PolicySource[],
  schemes: readonly VersionScheme[],
): CaseResult[] {
  const ecosystems = schemes.map((scheme) => scheme.ecosystem);
  const schema = z.strictObject({ profile: z.string(), cases: z.array(caseSchema(ecosystems)).min(1) });
  const problems: PolicyProblem[] = [];
  const results: CaseResult[] = [];
  for (const source of sources) {
    const file = readYaml(source);
    if ('problems' in file) {
      problems.push(...file.problems);
      continue;
    }
    const parsed = schema.safeParse(file.data);
    if (!parsed.success) {
      problems.push(...shapeProblems(file, parsed.error.issues));
      continue;
    }
    parsed.data.cases.forEach((input, i) => {
      const at = file.at(['cases', i]);
      const result = runCase(policy, parsed.data.profile, input, schemes, `${file.path}:${at.line}`);
      if ('problem' in result) problems.push({ path: file.path, ...at, message: result.problem });
      else results.push(result);
    });
  }
  if (problems.length > 0) throw new PolicyError(problems);
  return results;
}

function runCase(
  policy: Policy,
  fileProfile: string,
  input: CaseInput,
  schemes: readonly VersionScheme[],
  place: PolicyPlace,
): CaseResult | { readonly problem: string } {
  const profile = input.profile ?? fileProfile;
  const scheme = schemes.find(({ ecosystem }) => Object.hasOwn(input, ecosystem));
  const text: unknown = scheme && (input as Record<string, unknown>)[scheme.ecosystem];
  if (!scheme || typeof text !== 'string') return { problem: 'names no ecosystem' };
  const question = questionOf(policy, profile, input, scheme, text);
  if ('problem' in question) return question;
  const decision = decide(policy, profile, question);
  const got = decision.verdict === 'allow' ? 'allow' : (decision.reasons[0]?.code ?? 'INTERNAL');
  const expected = input.code ?? 'allow';
  const subject = `${scheme.ecosystem} ${text}`;
  return { place, subject, why: input.why, passed: got === expected, expected, got, decision };
}

function questionOf(
  policy: Policy,
  profile: string,
  input: CaseInput,
  scheme: VersionScheme,
  text: string,
): Question | { readonly problem: string } {
  const { ecosystem } = scheme;
  if (!/[^@]@|==/.test(text)) {
    const name = scheme.canonicalName(text);
    if (name === null) return { problem: `${quoted(text)} is not a valid ${ecosystem} name` };
    if (verdictsOf(input) !== null) return { problem: 'a name alone has no evidence: name a version' };
    return { stage: 'name', ecosystem, name, now: NOW };
  }
  const pinned = parsePinned(text, scheme);
  if ('problem' in pinned) return pinned;
  const { name, version } = pinned;
  const claimedAt = input.age === 'unknown' ? null : NOW - (parseAge(input.age ?? OLD) ?? 0);
  const first = input['first-digest'] === undefined ? null : parseDigest(input['first-digest']);
  const kind: ArtifactKind = input.sdist ? 'sdist' : ecosystem === 'npm' ? 'npm-tarball' : 'wheel';
  const pins = pinnedDigests(policy, profile, ecosystem, name, version);
  const listing: ListingQuestion = {
    stage: 'listing',
    ecosystem,
    name,
    quarantined: input.quarantined ?? false,
    now: NOW,
    held: NO_EVIDENCE,
    baseline: baselineOf(input),
    above: NO_HIGHER,
    feed: null,
    advisories: [],
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
      digests: digestsOf(input.digest, pins),
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
  const evidence = verdictsOf(input);
  return evidence === null ? listing : downloaded(listing, evidence, pins);
}

/** The listed file with its bytes here: they are what index and pin say, and show nothing else. */
function downloaded(
  listing: ListingQuestion,
  evidence: readonly EvidenceVerdict[],
  pins: readonly Digest[] | null,
): DownloadQuestion {
  const { file, facts } = listing;
  const told = [
    ...file.digests,
    ...(pins ?? []),
    ...(facts.first ? [facts.first.sha256, facts.first.sha512] : []),
  ];
  const verdict = (check: CheckName, due: boolean): Verdict => ({
    check,
    result: due ? 'verified' : 'absent',
  });
  return {
    ...listing,
    stage: 'download',
    facts: { ...facts, findings: [] },
    sha256: told.find((digest) => algorithmOf(digest) === 'sha256') ?? sha256('a file'),
    sha512: told.find((digest) => algorithmOf(digest) === 'sha512') ?? `sha512:${'0'.repeat(128)}`,
    verdicts: [
      verdict('declared-digest', file.digests.length > 0),
      verdict('pin', pins !== null),
      verdict('first-digest', facts.first !== null),
      verdict('size', false),
      verdict('archive', true),
      verdict('metadata', true),
    ],
    evidence,
  };
}

/** A case that says nothing of digests is about the pinned file, or else about a file with some digest. */
function digestsOf(said: string | undefined, pinned: readonly Digest[] | null): Digest[] {
  if (said === 'none') return [];
  const digest = said === undefined ? (pinned?.[0] ?? sha256('a file')) : parseDigest(said);
  return digest ? [digest] : [];
}
