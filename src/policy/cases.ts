import type { ArtifactKind } from '../model/artifact.ts';
import type { Decision, PolicyPlace } from '../model/decision.ts';
import { algorithmOf, type Digest, parseDigest, sha256 } from '../model/digest.ts';
import { type EvidenceVerdict, NO_EVIDENCE, NO_LISTED_EVIDENCE } from '../model/evidence.ts';
import { NO_FACTS } from '../model/facts.ts';
import type { CheckName, Verdict } from '../model/verdict.ts';
import type { VersionScheme } from '../model/versions.ts';
import { parseAge } from './age.ts';
import { baselineOf, NOTHING_CLAIMED, verdictsOf } from './case-evidence.ts';
import { aboveOf, advisoriesOf, saysFacts, shownBytesOf } from './case-facts.ts';
import { type CaseInput, caseFileSchema, parseAt } from './case-schema.ts';
import { decide } from './decide.ts';
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
import type { Liftable } from './profile.ts';
import { requirementsFor } from './requirements.ts';
import { LIFTED_BY, waivedDigests } from './waivers.ts';
import { quoted } from './words.ts';
import { readYaml } from './yaml.ts';

/*
 * What must be allowed and what refused, as data under `allowlists/cases/`: reviewed with the policy, run in CI
 * with no network. A case without a version asks by name alone; one with a version describes a listed file, and
 * one that says anything of evidence, or of what only bytes can show, a file whose bytes are here and are what its
 * index says.
 */

/** Any fixed instant, where a case does not say when it is asked: its `age` is counted back from it. */
const NOW = Date.parse('2030-01-01T00:00:00Z');
/** Old enough for any requirement, where a case does not speak of age. */
const OLD = '3650d';

export interface CaseResult {
  /** Where the case stands. */
  readonly place: PolicyPlace;
  /** As it is written: `npm express@5.1.0`. */
  readonly subject: string;
  readonly why: string;
  readonly passed: boolean;
  /**
   * `allow`, the code of the refusal, or `observe` with the code for which it would be one; and what waivers lifted,
   * where the case speaks of it: `allow, waived: install-scripts`.
   */
  readonly expected: string;
  readonly got: string;
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
  const schema = caseFileSchema(ecosystems);
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
  const expected = expectedOf(input);
  const got = gotOf(decision, input.waived);
  const subject = `${scheme.ecosystem} ${text}`;
  return { place, subject, why: input.why, passed: got === expected, expected, got, decision };
}

function expectedOf({ expect, code, waived }: CaseInput): string {
  const outcome = expect === 'observe' ? `observe ${code}` : (code ?? 'allow');
  return waived === undefined ? outcome : withWaived(outcome, [waived]);
}

function gotOf({ verdict, reasons, observed, waived }: Decision, asked: Liftable | undefined): string {
  const [first] = observed;
  const served = first === undefined ? 'allow' : `observe ${first.code}`;
  const outcome = verdict === 'allow' ? served : (reasons[0]?.code ?? 'INTERNAL');
  if (asked === undefined) return outcome;
  const lifted = new Set(waived.flatMap(({ code }) => LIFTED_BY[code] ?? []));
  return withWaived(outcome, lifted.has(asked) ? [asked] : [...lifted]);
}

function withWaived(outcome: string, lifted: readonly Liftable[]): string {
  return `${outcome}, ${lifted.length === 0 ? 'nothing waived' : `waived: ${lifted.join(' ')}`}`;
}

function questionOf(
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
  const kind: ArtifactKind = input.sdist ? 'sdist' : ecosystem === 'npm' ? 'npm-tarball' : 'wheel';
  const pins = pinnedDigests(policy, profile, ecosystem, name, version);
  const bound = pins ?? waivedDigests(policy, profile, ecosystem, name, version);
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
  const bytes = downloaded(listing, verdicts ?? NOTHING_CLAIMED, { pinned: pins !== null, digests: bound });
  return { ...bytes, facts: { ...bytes.facts, findings: shown?.findings ?? [], licence } };
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

/** The listed file with its bytes here: they are what index and pin say, and show nothing else. */
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
      verdict('pin', bound.pinned),
      verdict('first-digest', facts.first !== null),
      verdict('size', false),
      verdict('archive', true),
      verdict('metadata', true),
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
