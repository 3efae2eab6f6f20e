import {
  admittedFilesOf,
  admittedOf,
  historyOf,
  type readFacts,
  takenBy,
} from './admission/decide-listing.ts';
import type { Held } from './admission/evidence/held.ts';
import { heldFor } from './admission/evidence/held.ts';
import type { openEvidenceCheck } from './check-evidence.ts';
import { toldDigests } from './check-evidence.ts';
import type { CheckedFile } from './cli/check-lines.ts';
import { reasonWords } from './cli/reason-words.ts';
import type { Ecosystem } from './ecosystems/ecosystem.ts';
import { affecting } from './feeds/affecting.ts';
import type { PackageAdvisories } from './model/advisory.ts';
import type { Decision } from './model/decision.ts';
import { type EvidenceVerdict, NO_EVIDENCE } from './model/evidence.ts';
import { NO_FACTS } from './model/facts.ts';
import type { ListedFile, Listing } from './model/listing.ts';
import type { TakenPlaces } from './model/taken-places.ts';
import { decide } from './policy/decide.ts';
import { changeSince } from './policy/judge/admitted-files.ts';
import { evidenceAsked } from './policy/judge/evidence.ts';
import type { Policy, Question } from './policy/policy.ts';

export interface VersionCheck {
  readonly policy: Policy;
  readonly profile: string;
  readonly ecosystem: Ecosystem;
  readonly listing: Listing;
  readonly facts: ReturnType<typeof readFacts>;
  readonly held: Held;
  readonly taken: TakenPlaces;
  readonly advisories: PackageAdvisories;
  readonly now: number;
  readonly look: Awaited<ReturnType<typeof openEvidenceCheck>>;
}

/** A digest that nothing has, where the index declares none of its kind. */
const NONE = { sha256: 'sha256:', sha512: 'sha512:' } as const;

/**
 * Decides each file of a version by what the index claims, and, where that admits it, by its evidence over the
 * digests that the index declares: all of a request but the bytes.
 */
export async function checkVersion(about: VersionCheck, version: string): Promise<CheckedFile[]> {
  const files = [...about.listing.files.values()].filter((file) => file.version === version);
  return Promise.all(files.map((file) => checkFile(about, file)));
}

async function checkFile(about: VersionCheck, file: ListedFile): Promise<CheckedFile> {
  const { policy, profile, ecosystem, listing, now } = about;
  const facts = { ...(about.facts.get(file.filename) ?? NO_FACTS), evidence: null };
  const { filename, version, kind } = file;
  const question = {
    stage: 'listing',
    ecosystem: listing.ecosystem,
    name: listing.name,
    file,
    quarantined: listing.quarantined,
    facts,
    held: file.digests.length > 0 ? heldFor(about.held, file.digests) : NO_EVIDENCE,
    baseline: historyOf(ecosystem, listing, about.facts).baseline({
      filename,
      version,
      kind,
      firstSeen: facts.firstSeen,
    }),
    above: admittedOf(ecosystem, listing, about.facts).above(version),
    change: changeSince(
      admittedFilesOf(ecosystem, listing, about.facts).before(version, facts.lastAbsent !== null),
      { name: listing.name, kind },
      facts.dependencies ?? undefined,
    ),
    taken: takenBy(about.taken, kind, listing.name, facts.places),
    feed: about.advisories.feed,
    advisories: affecting(about.advisories.records, ecosystem.versions, version),
    now,
  } as const satisfies Question;
  const claimed = decide(policy, profile, question);
  const asked = evidenceAsked(policy, profile, question);
  if (claimed.verdict !== 'allow') return told(file, claimed, []);
  const artifact = { ecosystem: listing.ecosystem, name: listing.name, version, filename };
  const { verdicts, trust } = await about.look(artifact, ecosystem, file, facts, asked);
  const outcome = { ...NONE, ...toldDigests(file.digests), at: now, trust, verdicts };
  return told(
    file,
    decide(policy, profile, { ...question, facts: { ...facts, evidence: outcome } }),
    verdicts,
  );
}

function told(
  { filename }: ListedFile,
  { verdict, reasons, place, eligibleAt }: Decision,
  evidence: readonly EvidenceVerdict[],
): CheckedFile {
  return {
    filename,
    verdict,
    codes: reasons.map(({ code }) => code),
    words: reasons.map(reasonWords),
    // What would admit it is not what refuses it.
    place: verdict === 'allow' ? place : (reasons.find((reason) => reason.place !== null)?.place ?? null),
    about: [...new Set(reasons.flatMap(({ about = [] }) => about))],
    eligibleAt,
    evidence,
  };
}
