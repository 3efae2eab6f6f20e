import type { Digest } from '../model/digest.ts';
import { type CarriedEvidence, type EvidenceSet, NO_EVIDENCE } from '../model/evidence.ts';
import type { FileFacts } from '../model/facts.ts';
import { takes } from '../model/told-places.ts';
import type { Verdict } from '../model/verdict.ts';
import { decide } from '../policy/decide.ts';
import { changeSince } from '../policy/judge/admitted-files.ts';
import { carriedBy, evidenceAsked, isAboutEvidence } from '../policy/judge/evidence.ts';
import { pinnedDigests } from '../policy/pins.ts';
import { checkDigests } from '../verify/integrity.ts';
import type { Acquired, Acquisition } from './acquire.ts';
import type { Asked, Refusal } from './admission.ts';
import type { Births } from './births.ts';
import type { Evidence, Exhibit, Looked } from './evidence/look.ts';
import { rememberOutcome } from './evidence/outcomes.ts';
import type { FactsCache } from './facts.ts';
import type { Ports } from './ports.ts';
import { type Basis, said } from './record.ts';
import type { FileRefuser } from './refuse-file.ts';
import { askedOf, feedKeyOf, type Resolved } from './resolve.ts';

/** Bytes that the policy admits, with every check's verdict. */
export interface Verified {
  readonly acquired: Acquired;
  readonly verdicts: readonly Verdict[];
  readonly evidence: Looked;
  /** What of its evidence later versions are held to from now on; null for nothing. */
  readonly carried: CarriedEvidence | null;
  /** It is served only because the profile observes: it claims nothing. */
  readonly observed: boolean;
  readonly basis: Basis;
}

/**
 * Whether what a file was admitted under still is in force: the policy, what the feed has on the package, and what its
 * evidence was verified with (promise 5).
 */
export function isInForce(
  ports: Pick<Ports, 'policy' | 'advisories' | 'evidence'>,
  { policy, artifact, feedKey }: Pick<Resolved, 'policy' | 'artifact' | 'feedKey'>,
  verified: Pick<Verified, 'evidence'> | null,
): boolean {
  if (ports.policy() !== policy || feedKeyOf(ports.advisories.of(artifact)) !== feedKey) return false;
  return !verified || ports.evidence.trust() === verified.evidence.trust;
}

export interface ExamineOptions {
  /** The digest of bytes that were already inspected as this very file. */
  readonly known?: Digest | null;
  /**
   * Though the vault may hold the file, it is fetched and taken apart again, for what was cut from it and is no
   * longer there.
   */
  readonly anew?: boolean;
  /** Evidence that is looked at though the policy does not ask for it. */
  readonly also?: EvidenceSet;
}

/**
 * Fetches a resolved file, or finds it in the vault, has its evidence looked at, and asks the policy over every
 * verdict.
 */
export class Examiner {
  readonly #ports: Ports;
  readonly #facts: FactsCache;
  readonly #acquisition: Acquisition;
  readonly #evidence: Evidence;
  readonly #refuser: FileRefuser;
  readonly #births: Births;

  constructor(
    ports: Ports,
    facts: FactsCache,
    acquisition: Acquisition,
    evidence: Evidence,
    refuser: FileRefuser,
    births: Births,
  ) {
    this.#ports = ports;
    this.#facts = facts;
    this.#acquisition = acquisition;
    this.#evidence = evidence;
    this.#refuser = refuser;
    this.#births = births;
  }

  async examine(
    asked: Asked,
    resolved: Resolved,
    { known = null, anew = false, also = NO_EVIDENCE }: ExamineOptions = {},
  ): Promise<Verified | Refusal> {
    const { artifact, file, facts, index, source, policy, quarantined } = resolved;
    const acquired = await this.#acquisition.acquire(
      artifact,
      { file, manifest: resolved.manifest },
      source,
      anew ? null : (facts.first?.sha256 ?? known),
      async (bytes) => (await this.#judge(asked, resolved, bytes, also)).decision.verdict === 'allow',
    );
    const judged = await this.#judge(asked, resolved, acquired, also);
    const { exhibit, verdicts, evidence, question, decision } = judged;
    const allowed = decision.verdict === 'allow';
    const refusedForIt = !allowed && decision.reasons.some(isAboutEvidence);
    await rememberOutcome(
      this.#ports,
      this.#facts,
      artifact,
      acquired,
      evidence,
      resolved.outcome,
      refusedForIt,
    );
    const basis: Basis = {
      policy,
      now: question.now,
      ...said(decision),
      above: resolved.above,
      change: question.change,
      taken: question.taken,
      feed: resolved.feed,
      advisories: resolved.advisories,
      index: index.digest,
      quarantined,
      file,
      facts: { ...facts, ...shownBy(acquired) },
      held: resolved.held,
      baseline: resolved.baseline,
      trust: evidence.trust,
      digests: acquired,
      bundled: acquired.bundled,
      verdicts,
      evidence: evidence.verdicts,
    };
    if (allowed) {
      await this.#evidence.keep(exhibit, evidence);
      // What is served in spite of the policy is nothing that later versions are held to.
      const observed = decision.observed.length > 0;
      const carried = observed ? null : carriedBy(policy, asked.caller.profile, question, evidence.verdicts);
      return { acquired, verdicts, evidence, carried, observed, basis };
    }
    const { reasons, eligibleAt } = decision;
    return this.#refuser.refuse(asked, artifact, reasons, { ...basis, eligibleAt }, index);
  }

  /** The digests are compared for each asker: pins are a profile's own. So is what the policy makes of evidence. */
  async #judge(asked: Asked, resolved: Resolved, acquired: Acquired, also: EvidenceSet) {
    const narrow = await this.#asked(asked, resolved, acquired, also, false);
    // In mode `observe` what it lacks is told, and so must be right.
    const { reasons, observed } = narrow.decision;
    if (narrow.evidence.complete || ![...reasons, ...observed].some(isAboutEvidence)) return narrow;
    // What is kept here verifies, and is of a signer that the policy does not want: the registry may have another's.
    return this.#asked(asked, resolved, acquired, also, true);
  }

  async #asked(asked: Asked, resolved: Resolved, acquired: Acquired, also: EvidenceSet, wide: boolean) {
    const { artifact, file, facts, policy } = resolved;
    const { ecosystem, name, version } = artifact;
    const { profile } = asked.caller;
    const asking = askedOf(resolved, this.#ports.now());
    const change = changeSince(resolved.before, { name, kind: file.kind }, acquired.dependencies);
    const { memory } = this.#ports.ledger;
    const listed = {
      ...asking,
      change: await this.#births.of(policy, profile, { ...asking, change }),
      taken: await memory.placesTaken(profile, artifact, takes(file.kind, name, acquired.places)),
    };
    const wanted = evidenceAsked(policy, profile, listed);
    const { sha256, sha512 } = acquired;
    const exhibit: Exhibit = {
      artifact: { ...artifact, sha256, sha512 },
      ecosystem: asked.ecosystem,
      source: resolved.source,
      file,
      facts,
    };
    const evidence = await this.#evidence.look(exhibit, either(wanted, also), wide);
    const verdicts = [
      ...checkDigests(acquired, {
        declared: file.digests,
        size: file.size,
        pin: pinnedDigests(policy, profile, ecosystem, name, version),
        first: facts.first,
      }),
      ...acquired.archive,
    ];
    const question = {
      ...listed,
      stage: 'download',
      facts: { ...facts, ...shownBy(acquired) },
      now: this.#ports.now(),
      sha256,
      sha512,
      verdicts,
      evidence: evidence.verdicts,
    } as const;
    return { exhibit, verdicts, evidence, question, decision: decide(policy, profile, question) };
  }
}

/** What the bytes in hand show takes the place of what is remembered of the file. */
function shownBy({
  findings,
  licence,
  dependencies,
  places,
}: Acquired): Pick<FileFacts, 'findings' | 'licence' | 'dependencies' | 'places'> {
  return { findings, licence, dependencies, places };
}

function either(a: EvidenceSet, b: EvidenceSet): EvidenceSet {
  return {
    'registry-signature': a['registry-signature'] || b['registry-signature'],
    provenance: a.provenance || b.provenance,
  };
}
