import type { Ecosystem, FileView } from '../ecosystems/ecosystem.ts';
import { affecting } from '../feeds/affecting.ts';
import type { Advisory, FeedFacts, PackageAdvisories } from '../model/advisory.ts';
import type { Change } from '../model/change.ts';
import type { Reason } from '../model/decision.ts';
import type { Digest } from '../model/digest.ts';
import type { Baseline, EvidenceSet, RegistrySignature } from '../model/evidence.ts';
import { type FileFacts, NO_FACTS, type PackageFacts } from '../model/facts.ts';
import type { ListedFile, Listing } from '../model/listing.ts';
import { NONE_TAKEN, type TakenPlaces } from '../model/taken-places.ts';
import { takes } from '../model/told-places.ts';
import type { VersionScheme } from '../model/versions.ts';
import { decide } from '../policy/decide.ts';
import { type AdmittedFile, AdmittedFiles, changeSince } from '../policy/judge/admitted-files.ts';
import { evidenceAsked } from '../policy/judge/evidence.ts';
import { AdmittedVersions } from '../policy/judge/floor.ts';
import { EvidenceHistory, type HistoricFile } from '../policy/judge/history.ts';
import type { HigherAdmitted, ListingQuestion, Policy } from '../policy/policy.ts';
import { evidenceWords } from './evidence/words.ts';
import type { Downgraded, HeldEvidence, Withheld } from './ports.ts';

/** What a listing is decided with, beside the policy. */
export interface ListingBasis {
  readonly facts: PackageFacts;
  /** `historyOf` this listing and these facts; asked only where the policy asks for a baseline. */
  readonly history: Pick<EvidenceHistory, 'baseline'>;
  readonly held: HeldEvidence;
  /** `admittedOf` this listing and these facts; asked only where the policy asks for a floor. */
  readonly admitted: Pick<AdmittedVersions, 'above'>;
  /** `admittedFilesOf` this listing and these facts; asked only where the policy asks for changes. */
  readonly past: Pick<AdmittedFiles, 'before'>;
  /** What all of its files take of what others were admitted with (`Memory.placesTaken`). */
  readonly taken: TakenPlaces;
  readonly advisories: PackageAdvisories;
  readonly scheme: Pick<VersionScheme, 'compare'>;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly withheld: Withheld | null;
  /** The registry's signatures of an admitted file that may be passed on; asked for those that are written. */
  signatures(file: ListedFile): readonly RegistrySignature[];
}

/** The decision for every file of a listing, and until when it holds. */
export interface ListingView {
  readonly files: ReadonlyMap<string, FileView>;
  /** Versions with at least one file that may be served. */
  readonly admitted: ReadonlySet<string>;
  /** Files that have another digest than when they were first admitted. */
  readonly changed: readonly { readonly filename: string; readonly version: string }[];
  /** The last file that appeared while we looked on and shows less than earlier versions, or another signer. */
  readonly downgraded: Downgraded | null;
  readonly until: number | null;
}

/** Asks the policy for each file of an index: the same `decide` that the artifact's own request will ask. */
export function decideListing(
  policy: Policy,
  profile: string,
  listing: Listing,
  basis: ListingBasis,
): ListingView {
  const { facts, withheld } = basis;
  const heldFor = holder(basis.held);
  const files = new Map<string, FileView>();
  const admitted = new Set<string>();
  const changed: { filename: string; version: string }[] = [];
  let downgraded: Downgraded | null = null;
  let until: number | null = null;
  for (const file of listing.files.values()) {
    const known = facts.get(file.filename) ?? NO_FACTS;
    const held = heldFor(file.digests);
    const question = new FileQuestion(listing, basis, file, known, held);
    const decision = decide(policy, profile, question);
    const kept = withheld === null || decision.by === 'pin';
    if (decision.verdict === 'allow' && kept) {
      // An address only: what it gives is verified when it is asked for. Announced of those alone that were admitted, a
      // client that compares versions by it (pnpm's trustPolicy) would hold every newer one to be a downgrade. Where the
      // policy does not look at provenance nobody would find out that there is none: only of what was admitted with it.
      const looked = () =>
        evidenceAsked(policy, profile, question).provenance || known.carried?.provenance === true;
      const attested = (claimsOf(file).provenance || held.provenance) && looked();
      files.set(file.filename, new ServedFile(basis, file, known, attested));
      admitted.add(file.version);
    } else {
      // A refusal without a reason would be a fault of ours: it stays a refusal.
      files.set(file.filename, refused(decision.reasons[0], withheld));
    }
    if (decision.reasons.some((r) => r.code === 'DIGEST_CHANGED')) {
      changed.push({ filename: file.filename, version: file.version });
    }
    for (const { code } of known.lastAbsent === null ? [] : decision.reasons) {
      if (code !== 'EVIDENCE_DOWNGRADE' && code !== 'SIGNER_CHANGED') continue;
      downgraded = { filename: file.filename, version: file.version, code };
    }
    if (decision.until !== null) until = until === null ? decision.until : Math.min(until, decision.until);
  }
  return { files, admitted, changed, downgraded, until };
}

/** What the policy is asked about one file of a listing. */
export function questionOf(listing: Listing, basis: ListingBasis, file: ListedFile): ListingQuestion {
  const known = basis.facts.get(file.filename) ?? NO_FACTS;
  return new FileQuestion(listing, basis, file, known, holder(basis.held)(file.digests));
}

/** The question about one file of a listing. Classes, because a getter of a class costs nothing until it is asked. */
class FileQuestion implements ListingQuestion {
  readonly stage = 'listing';
  readonly ecosystem: ListingQuestion['ecosystem'];
  readonly name: ListingQuestion['name'];
  readonly quarantined: boolean;
  readonly now: number;
  readonly file: ListedFile;
  readonly facts: FileFacts;
  readonly held: EvidenceSet;
  readonly feed: FeedFacts | null;
  readonly #basis: ListingBasis;
  #advisories: readonly Advisory[] | null = null;

  constructor(listing: Listing, basis: ListingBasis, file: ListedFile, facts: FileFacts, held: EvidenceSet) {
    this.ecosystem = listing.ecosystem;
    this.name = listing.name;
    this.quarantined = listing.quarantined;
    this.now = basis.now;
    this.file = file;
    this.facts = facts;
    this.held = held;
    this.feed = basis.advisories.feed;
    this.#basis = basis;
  }

  get baseline(): Baseline {
    return this.#basis.history.baseline({ ...placeOf(this.file), firstSeen: this.facts.firstSeen });
  }

  get above(): HigherAdmitted {
    return this.#basis.admitted.above(this.file.version);
  }

  get change(): Change {
    const { version, kind } = this.file;
    const before = this.#basis.past.before(version, this.facts.lastAbsent !== null);
    // What was not inspected, or by an earlier engine, tells nothing yet.
    return changeSince(before, { name: this.name, kind }, this.facts.dependencies ?? undefined);
  }

  get taken(): TakenPlaces {
    return takenBy(this.#basis.taken, this.file.kind, this.name, this.facts.places);
  }

  get advisories(): readonly Advisory[] {
    const { advisories, scheme } = this.#basis;
    this.#advisories ??= affecting(advisories.records, scheme, this.file.version);
    return this.#advisories;
  }
}

/**
 * Of what a package's files take what this one does. A listing looks at some hundreds of places and does not tell that there
 * are more: whoever asks for the file itself is told.
 */
export function takenBy(
  { taken }: TakenPlaces,
  kind: ListedFile['kind'],
  name: string,
  places: readonly string[] | null,
): TakenPlaces {
  if (taken.length === 0) return NONE_TAKEN;
  const own = new Set(takes(kind, name, places));
  return { taken: taken.filter(({ place }) => own.has(place)), more: false };
}

/** A file that may be served. */
class ServedFile implements FileView {
  readonly allowed = true;
  readonly code = null;
  readonly metadata: string | null;
  readonly attested: boolean;
  readonly #basis: ListingBasis;
  readonly #file: ListedFile;

  constructor(basis: ListingBasis, file: ListedFile, facts: FileFacts, attested: boolean) {
    this.metadata = facts.metadata;
    this.attested = attested;
    this.#basis = basis;
    this.#file = file;
  }

  /** Most pages write some of their files only, and each signature costs a verification. */
  get signatures(): readonly RegistrySignature[] {
    return this.#basis.signatures(this.#file);
  }
}

/**
 * What the files of a package carried and claimed: those that we remember, gone ones too, and those of an index
 * that was not sighted. A file whose name is none of the ecosystem's any more is no version of the package.
 */
export function historyOf(
  ecosystem: Pick<Ecosystem, 'versions' | 'parseFilename'>,
  listing: Pick<Listing, 'name' | 'files'>,
  facts: PackageFacts,
): EvidenceHistory {
  return new EvidenceHistory(ecosystem.versions, historicFiles(ecosystem, listing, facts));
}

/** The versions of which we admitted a file, gone ones too. */
export function admittedOf(
  ecosystem: Pick<Ecosystem, 'versions' | 'parseFilename'>,
  { name, files }: Pick<Listing, 'name' | 'files'>,
  facts: PackageFacts,
): AdmittedVersions {
  const versions = new Set<string>();
  for (const [filename, { first }] of facts) {
    if (first === null) continue;
    const version = (files.get(filename) ?? ecosystem.parseFilename(name, filename))?.version;
    if (version !== undefined) versions.add(version);
  }
  return new AdmittedVersions(ecosystem.versions, versions);
}

/** The files that we admitted, gone ones too: what changes are seen against. */
export function admittedFilesOf(
  ecosystem: Pick<Ecosystem, 'versions' | 'parseFilename'>,
  { name, files }: Pick<Listing, 'name' | 'files'>,
  facts: PackageFacts,
): AdmittedFiles {
  const admitted: AdmittedFile[] = [];
  for (const [filename, { first, findings, dependencies }] of facts) {
    if (first === null) continue;
    const named = files.get(filename) ?? ecosystem.parseFilename(name, filename);
    if (named) admitted.push({ version: named.version, kind: named.kind, findings, dependencies });
  }
  return new AdmittedFiles(ecosystem.versions, admitted);
}

function* historicFiles(
  ecosystem: Pick<Ecosystem, 'parseFilename'>,
  { name, files }: Pick<Listing, 'name' | 'files'>,
  facts: PackageFacts,
): Generator<HistoricFile> {
  // In the order of the index, which is nearly that of versions: there is little left to sort.
  for (const file of files.values()) {
    const known = facts.get(file.filename) ?? { ...NO_FACTS, claimed: claimsOf(file) };
    yield { ...placeOf(file), ...pastOf(known) };
  }
  for (const [filename, known] of facts) {
    const named = files.has(filename) ? null : ecosystem.parseFilename(name, filename);
    if (named) yield { filename, version: named.version, kind: named.kind, ...pastOf(known) };
  }
}

function pastOf({ firstSeen, lastAbsent, claimed, carried }: FileFacts): Omit<HistoricFile, keyof Place> {
  return { firstSeen, lastAbsent, claimed, carried };
}

/** The evidence that an index claims for a file. */
export function claimsOf({ evidence }: Pick<ListedFile, 'evidence'>): EvidenceSet {
  return { 'registry-signature': evidence.signed, provenance: evidence.attestations !== null };
}

/** Reads the bytes that Memory.packageFacts gives. */
export function readFacts(bytes: Uint8Array): PackageFacts {
  return new Map(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')));
}

function refused(reason: Reason | undefined, withheld: Withheld | null): FileView {
  const code = reason?.code ?? withheld ?? 'INTERNAL';
  const why = reason?.detail ? (evidenceWords(reason.detail, reason.code) ?? undefined) : undefined;
  return { allowed: false, code, why, metadata: null, signatures: [], attested: false };
}

type Place = Pick<HistoricFile, 'filename' | 'version' | 'kind'>;

function placeOf({ filename, version, kind }: ListedFile): Place {
  return { filename, version, kind };
}

/** Which kinds of evidence are kept here for a file with one of these digests. */
function holder(evidence: HeldEvidence): (digests: readonly Digest[]) => EvidenceSet {
  const signed = new Set(evidence['registry-signature']);
  const attested = new Set(evidence.provenance);
  return (digests) => ({
    'registry-signature': digests.some((digest) => signed.has(digest)),
    provenance: digests.some((digest) => attested.has(digest)),
  });
}
