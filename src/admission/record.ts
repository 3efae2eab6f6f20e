import { type DecisionInput, decisionEntry } from '../ledger/entry-decision.ts';
import { type CarriedFile, type FirstDigest, LedgerError, type Receipt } from '../ledger/ledger.ts';
import type { Advisory, FeedFacts } from '../model/advisory.ts';
import { purl } from '../model/artifact.ts';
import type { Bundled } from '../model/bundled.ts';
import type { Change } from '../model/change.ts';
import type { Decision, Reason, Waived } from '../model/decision.ts';
import type { ArtifactDigests, Digest } from '../model/digest.ts';
import { ENGINE } from '../model/engine.ts';
import type { Baseline, EvidenceSet, EvidenceVerdict } from '../model/evidence.ts';
import type { FileFacts } from '../model/facts.ts';
import type { ListedFile } from '../model/listing.ts';
import type { ReasonCode } from '../model/reason-codes.ts';
import type { TakenPlaces } from '../model/taken-places.ts';
import { toldPlaces } from '../model/told-places.ts';
import type { Verdict } from '../model/verdict.ts';
import type { HigherAdmitted, Mode, Policy } from '../policy/policy.ts';
import { effectiveMode } from '../policy/profile.ts';
import type { Asked, Refusal } from './admission.ts';
import type { Ports } from './ports.ts';
import { entered, refusalOf, type Subject } from './refusal.ts';
import type { RefusalLog } from './refusal-log.ts';

/** What a decision was made from, as far as it came: goes into its entry, so that it can be decided again. */
export interface Basis {
  readonly policy: Policy;
  readonly now: number;
  readonly place?: string | null;
  readonly by?: string | null;
  readonly index?: Digest;
  readonly quarantined?: boolean;
  readonly file?: ListedFile;
  readonly facts?: FileFacts;
  readonly digests?: ArtifactDigests & { readonly size: number };
  /** What lies in the bytes and is installed with them. */
  readonly bundled?: Bundled;
  readonly verdicts?: readonly Verdict[];
  readonly evidence?: readonly EvidenceVerdict[];
  /** Evidence that was kept here for the file's declared digests. */
  readonly held?: EvidenceSet;
  readonly baseline?: Baseline;
  readonly above?: HigherAdmitted;
  readonly change?: Change;
  readonly taken?: TakenPlaces;
  readonly feed?: FeedFacts | null;
  /** What the feed has on the version. */
  readonly advisories?: readonly Advisory[];
  /** For what it would have been refused, but for mode `observe`. */
  readonly observed?: readonly Reason[];
  readonly waived?: readonly Waived[];
  readonly warnings?: readonly Reason[];
  /** Digest of the trust root and keys under which the evidence was verified. */
  readonly trust?: Digest;
  readonly nearest?: string | null;
  readonly eligibleAt?: number | null;
}

/** What is claimed for a file in the transaction of the entry that admits it. */
export interface Claims {
  readonly first?: FirstDigest | undefined;
  readonly carried?: CarriedFile | undefined;
}

/** Writes decisions to the ledger: the only place in admission that makes entries of them. */
export class Recorder {
  readonly #ports: Ports;
  readonly #refusals: RefusalLog;

  constructor(ports: Ports, refusals: RefusalLog) {
    this.#ports = ports;
    this.#refusals = refusals;
  }

  /**
   * A refusal with its entry, or past the agent's budget with none of its own. Where the entry cannot be written
   * the answer is the ledger's fault, never less.
   */
  async refuse(
    asked: Asked,
    subject: Subject,
    reasons: readonly (Reason | ReasonCode)[],
    basis: Basis,
  ): Promise<Refusal> {
    const refusal = refusalOf(subject, reasons, {
      nearest: basis.nearest ?? null,
      eligibleAt: basis.eligibleAt ?? null,
    });
    try {
      const receipt = await this.#refusals.record(
        this.#input(asked, subject, 'refuse', reasons.length > 0 ? reasons : refusal.reasons, basis),
      );
      return entered(refusal, receipt);
    } catch (error) {
      if (error instanceof LedgerError) return refusalOf(subject, ['LEDGER_UNAVAILABLE']);
      throw error;
    }
  }

  /** Durable when it resolves. Rejects with LedgerError; `conflict` where the file has another first digest. */
  allow(asked: Asked, subject: Subject, basis: Basis, claims: Claims = {}): Promise<Receipt> {
    const entry = decisionEntry(this.#input(asked, subject, 'allow', [], basis));
    return this.#ports.ledger.append(entry, claims.first, claims.carried);
  }

  #input(
    asked: Asked,
    subject: Subject,
    verdict: 'allow' | 'refuse',
    reasons: readonly (Reason | ReasonCode)[],
    basis: Basis,
  ): DecisionInput {
    const { file, facts } = basis;
    return {
      id: asked.requestId,
      time: basis.now,
      agent: asked.caller.agent,
      profile: asked.caller.profile,
      mode: modeOf(basis.policy, asked.caller.profile, basis.now),
      client: asked.caller.client,
      route: asked.route.kind,
      method: asked.method,
      ecosystem: subject.ecosystem,
      name: subject.name,
      version: subject.version ?? null,
      file: subject.filename ?? null,
      purl: purl(subject, subject.version),
      size: basis.digests?.size ?? null,
      digests: basis.digests ? { sha256: basis.digests.sha256, sha512: basis.digests.sha512 } : null,
      // What is refused is installed nowhere, and neither is what lies in it.
      bundled: verdict === 'allow' ? (basis.bundled ?? null) : null,
      verdict,
      reasons,
      observed: basis.observed ?? [],
      waived: basis.waived ?? [],
      warnings: basis.warnings ?? [],
      place: basis.place ?? null,
      by: basis.by ?? null,
      checks: [...(basis.verdicts ?? []), ...(basis.evidence ?? [])],
      policy: basis.policy.digest,
      engine: ENGINE,
      facts: {
        index: basis.index ?? null,
        quarantined: basis.quarantined ?? false,
        firstSeen: facts?.firstSeen ?? null,
        lastAbsent: facts?.lastAbsent ?? null,
        claimedAt: latest(facts?.claimedAt ?? null, file?.claimedAt ?? null),
        first: facts?.first ?? null,
        declared: file?.digests ?? [],
        declaredSize: file?.size ?? null,
        metadataDigest: file?.metadataDigest ?? null,
        yanked: file?.yanked ?? false,
        installScripts: file?.installScripts ?? false,
        directUrls: file?.directUrls ?? false,
        aliases: file?.aliases ?? [],
        kind: file?.kind ?? null,
        findings: facts?.findings ?? null,
        evidenceListed: file?.evidence ?? null,
        trust: basis.trust ?? null,
        claimed: facts?.claimed ?? null,
        carried: facts?.carried ?? null,
        held: basis.held ?? null,
        baseline: basis.baseline ?? null,
        evidence: facts?.evidence ?? null,
        licenceListed: file?.licence ?? null,
        licence: facts?.licence ?? null,
        places: file?.kind === 'wheel' && facts?.places ? toldPlaces(facts.places, subject.name) : null,
        taken: basis.taken ?? null,
        above: basis.above ?? null,
        change: basis.change ?? null,
        feed: basis.feed ?? null,
        advisories: basis.advisories ?? [],
      },
      nearestAllowed: basis.nearest ?? null,
      eligibleAt: basis.eligibleAt ?? null,
    };
  }
}

/** The mode in effect then; for a profile that there is none of, `enforce`. */
export function modeOf(policy: Policy, profile: string, now: number): Mode {
  const found = policy.profiles.get(profile);
  return found ? effectiveMode(found, now) : 'enforce';
}

/** What of a decision goes into its entry, beside the verdict and its reasons. */
export function said({
  place,
  by,
  observed,
  waived,
  warnings,
}: Decision): Pick<Basis, 'place' | 'by' | 'observed' | 'waived' | 'warnings'> {
  return { place, by, observed, waived, warnings };
}

function latest(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.max(a, b);
}
