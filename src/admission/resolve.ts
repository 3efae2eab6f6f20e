import type { FileRoute } from '../ecosystems/ecosystem.ts';
import { affecting } from '../feeds/affecting.ts';
import type { Advisory, FeedFacts, PackageAdvisories } from '../model/advisory.ts';
import type { ArtifactId } from '../model/artifact.ts';
import {
  type Baseline,
  type EvidenceOutcome,
  type EvidenceSet,
  NO_LISTED_EVIDENCE,
} from '../model/evidence.ts';
import type { FileFacts } from '../model/facts.ts';
import type { ListedFile } from '../model/listing.ts';
import type { TakenPlaces } from '../model/taken-places.ts';
import { takes } from '../model/told-places.ts';
import { decide } from '../policy/decide.ts';
import { type AdmittedBefore, changeSince } from '../policy/judge/admitted-files.ts';
import type { HigherAdmitted, ListingQuestion, Policy } from '../policy/policy.ts';
import type { Source } from '../upstream/upstream.ts';
import type { Asked, Refusal } from './admission.ts';
import type { PrefixBudget } from './budget.ts';
import { heldFor, heldOf } from './evidence/held.ts';
import type { FactsCache } from './facts.ts';
import { factsHeldToIndex } from './index-claims.ts';
import { type Indexes, type UsableIndex, withheldFrom } from './indexes.ts';
import { admitName } from './names.ts';
import type { Ports } from './ports.ts';
import { type Basis, type Recorder, said } from './record.ts';
import { isRefusal, type Subject } from './refusal.ts';
import type { FileRefuser } from './refuse-file.ts';

/** A file that the policy admits by what its index claims: nothing is known of the bytes yet. */
export interface Resolved {
  readonly artifact: ArtifactId;
  readonly file: ListedFile;
  /** What the index says that an install does, where it says that: see `Ecosystem.claimedManifest`. */
  readonly manifest: string | null;
  /** Without what its evidence came to before: that guides listings, and is looked at anew for the file itself. */
  readonly facts: FileFacts;
  readonly outcome: EvidenceOutcome | null;
  readonly held: EvidenceSet;
  readonly baseline: Baseline;
  readonly above: HigherAdmitted;
  /** What is new in it is seen against this. */
  readonly before: AdmittedBefore | null;
  /** As far as what it takes is known before its bytes are here. */
  readonly taken: TakenPlaces;
  readonly feed: FeedFacts | null;
  readonly advisories: readonly Advisory[];
  /** What the feed had on the package, by `feedKeyOf`. */
  readonly feedKey: string;
  readonly index: UsableIndex;
  /** Where its index came from, and so what else is asked of it, whatever a reload makes of its name meanwhile. */
  readonly source: Source;
  readonly quarantined: boolean;
  readonly policy: Policy;
  readonly place: string | null;
  readonly by: string | null;
}

/**
 * Everything that can be decided of a file without its bytes: by name before any upstream contact, then by its
 * index and our memory.
 */
export class Resolver {
  readonly #ports: Ports;
  readonly #indexes: Indexes;
  readonly #facts: FactsCache;
  readonly #recorder: Recorder;
  readonly #budget: PrefixBudget;
  readonly #refuser: FileRefuser;

  constructor(
    ports: Ports,
    indexes: Indexes,
    facts: FactsCache,
    recorder: Recorder,
    budget: PrefixBudget,
    refuser: FileRefuser,
  ) {
    this.#ports = ports;
    this.#indexes = indexes;
    this.#facts = facts;
    this.#recorder = recorder;
    this.#budget = budget;
    this.#refuser = refuser;
  }

  async resolve(asked: Asked, route: FileRoute): Promise<Resolved | Refusal> {
    const ports = this.#ports;
    const id = { ecosystem: asked.ecosystem.id, name: route.name };
    const admitted = await admitName(ports, this.#recorder, this.#budget, asked, id);
    if (isRefusal(admitted)) return admitted;
    const { policy, place, by, observed } = admitted;
    const source = ports.source(id);
    const index = await this.#indexes.get(id);
    if (!index) {
      const basis: Basis = { policy, now: ports.now(), place, by, observed };
      return this.#recorder.refuse(asked, id, ['NOT_ALLOWLISTED'], basis);
    }
    const packageFacts = await this.#facts.of(id);
    const [listed, remembered, kept] = await Promise.all([
      this.#indexes.at(index, () => ports.desk.file(index, route.filename, packageFacts)),
      ports.ledger.memory.fileFacts(id, route.filename),
      heldOf(ports.vault, id),
    ]);
    const { quarantined, baseline, above, before } = listed;
    const known: FileFacts = { ...remembered, evidence: null };
    const named = asked.ecosystem.parseFilename(route.name, route.filename);
    const file = listed.file ?? goneFile(route.filename, named, known);
    // What the bytes showed before, held to what the index says now.
    const facts = file ? factsHeldToIndex(known, file) : known;
    const now = ports.now();
    const subject: Subject = {
      ...id,
      filename: route.filename,
      ...(named ? { version: named.version } : {}),
    };
    const basis: Basis = { policy, now, place, by, index: index.digest, facts, baseline };
    if (!file) {
      const code = facts.firstSeen === null ? 'UNKNOWN_VERSION' : 'WITHDRAWN_UPSTREAM';
      return this.#refuser.refuse(asked, subject, [code], basis, index);
    }
    const held = heldFor(kept, file.digests);
    const advised = ports.advisories.of(id);
    const { feed, records } = advised;
    const change = changeSince(
      before,
      { name: route.name, kind: file.kind },
      facts.dependencies ?? undefined,
    );
    const takenPlaces = takes(file.kind, route.name, facts.places);
    const taken = await ports.ledger.memory.placesTaken(asked.caller.profile, id, takenPlaces);
    const advisories = affecting(records, asked.ecosystem.versions, file.version);
    const decision = decide(policy, asked.caller.profile, {
      stage: 'listing',
      ...id,
      file,
      quarantined,
      facts,
      held,
      baseline,
      above,
      change,
      taken,
      feed,
      advisories,
      now,
    });
    const full: Basis = {
      ...basis,
      file,
      quarantined,
      held,
      above,
      change,
      taken,
      feed,
      advisories,
      ...said(decision),
    };
    if (decision.verdict !== 'allow') {
      const { reasons, eligibleAt } = decision;
      return this.#refuser.refuse(asked, subject, reasons, { ...full, eligibleAt }, index);
    }
    // Gone upstream, or from an index that is too old: exact pins only.
    const withheld = listed.file === null ? 'WITHDRAWN_UPSTREAM' : withheldFrom(index);
    if (withheld && decision.by !== 'pin') {
      return this.#refuser.refuse(asked, subject, [withheld], full, index);
    }
    return {
      artifact: { ...id, version: file.version, filename: file.filename },
      file,
      manifest: listed.manifest,
      facts,
      outcome: remembered.evidence,
      held,
      baseline,
      above,
      before,
      taken,
      feed,
      advisories,
      feedKey: feedKeyOf(advised),
      index,
      source,
      quarantined,
      policy,
      place: decision.place,
      by: decision.by,
    };
  }
}

/** Changes with what the feed has on a package, and with until when the feed counts. */
export function feedKeyOf({ digest, feed }: PackageAdvisories): string {
  return `${digest}\n${feed?.staleAt}`;
}

/** What the policy is asked of a resolved file, at `now` (ms since 1970), as far as its index and our memory tell. */
export function askedOf(
  { artifact, file, quarantined, facts, held, baseline, above, before, taken, feed, advisories }: Resolved,
  now: number,
): ListingQuestion {
  const { ecosystem, name } = artifact;
  const change = changeSince(before, { name, kind: file.kind }, facts.dependencies ?? undefined);
  const known = { facts, held, baseline, above, change, taken, feed, advisories };
  return { stage: 'listing', ecosystem, name, file, quarantined, ...known, now };
}

/** A file that left its index after we admitted it: described by our own memory alone. */
function goneFile(
  filename: string,
  named: { readonly version: string; readonly kind: ListedFile['kind'] } | null,
  facts: FileFacts,
): ListedFile | null {
  if (!named || !facts.first) return null;
  return {
    filename,
    version: named.version,
    kind: named.kind,
    url: '',
    digests: [facts.first.sha256, facts.first.sha512],
    size: null,
    claimedAt: facts.claimedAt,
    yanked: false,
    metadataDigest: null,
    installScripts: false,
    directUrls: false,
    licence: null,
    evidence: NO_LISTED_EVIDENCE,
  };
}
