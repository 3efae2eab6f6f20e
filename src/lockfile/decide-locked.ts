import {
  admittedFilesOf,
  admittedOf,
  decideListing,
  historyOf,
  type ListingBasis,
  questionOf,
} from '../admission/decide-listing.ts';
import { heldOf } from '../admission/evidence/held.ts';
import { evidenceWords } from '../admission/evidence/words.ts';
import { allHeldToIndex } from '../admission/index-claims.ts';
import { nearestOf } from '../admission/nearest.ts';
import type { Withheld } from '../admission/ports.ts';
import type { LockedChecked, LockedCode } from '../cli/lockfile-lines.ts';
import type { Ecosystem } from '../ecosystems/ecosystem.ts';
import type { PackageId } from '../model/artifact.ts';
import type { Decision } from '../model/decision.ts';
import type { PackageFacts } from '../model/facts.ts';
import type { ListedFile, Listing } from '../model/listing.ts';
import { wordsOf } from '../model/reason-codes.ts';
import { NONE_TAKEN } from '../model/taken-places.ts';
import { decide } from '../policy/decide.ts';
import { compareLocked, filesOf, isConfirmed } from './compared.ts';
import type { LockHouse } from './house.ts';
import { ecosystemOf, factsOf, indexOf } from './indexes.ts';
import type { MergedPackage } from './merged.ts';
import type { Origins } from './origins.ts';

/** A verdict on one locked version; `checked` names it. */
export type Verdict = Omit<LockedChecked, 'package' | 'version' | 'ecosystem' | 'line'>;

/** What every version of one package is decided with. */
export interface About {
  readonly house: LockHouse;
  readonly profile: string;
  readonly ecosystem: Ecosystem;
  readonly listing: Listing;
  readonly withheld: Withheld | null;
  readonly basis: ListingBasis;
}

/** A refusal before any index is asked for. */
export function refused(
  codes: readonly LockedCode[],
  words: readonly string[],
  place: string | null = null,
  instead: Verdict['instead'] = null,
): Verdict {
  return { verdict: 'refuse', codes, words, place, eligibleAt: null, nearest: null, instead, notes: [] };
}

/**
 * Decides the locked versions of one package whose name the policy admits, as requests for their files would be: by what
 * the index claims and what we remember. Evidence counts as it is claimed, and bytes are not looked at.
 */
export async function decidePackage(
  house: LockHouse,
  profile: string,
  origins: Origins,
  locked: readonly MergedPackage[],
): Promise<Verdict[]> {
  const [first] = locked;
  if (!first) return [];
  const id: PackageId = { ecosystem: first.locked.ecosystem, name: first.locked.name };
  const [index, remembered] = await Promise.all([indexOf(house, id), factsOf(house, id)]);
  if (index.kind === 'absent')
    return locked.map(() =>
      refused(['NOT_ALLOWLISTED'], ['is not known to its registry [NOT_ALLOWLISTED]'], null, 'none'),
    );
  if (index.kind === 'fault')
    return locked.map(() =>
      refused([index.code], [`cannot be decided: ${wordsOf(index.code)} [${index.code}]`]),
    );
  const facts = allHeldToIndex(ecosystemOf(id), index.listing, remembered);
  const about = await aboutOf(house, profile, id, index.listing, index.withheld, facts);
  return Promise.all(locked.map((one) => decideVersion(about, origins, one)));
}

/** `facts` are held to what the index claims (`allHeldToIndex`): the listing need not have its document. */
export async function aboutOf(
  house: LockHouse,
  profile: string,
  id: PackageId,
  listing: Listing,
  withheld: Withheld | null,
  facts: PackageFacts,
): Promise<About> {
  const ecosystem = ecosystemOf(id);
  // Made when they are first asked for, which few policies do.
  const history = once(() => historyOf(ecosystem, listing, facts));
  const past = once(() => admittedFilesOf(ecosystem, listing, facts));
  const admitted = once(() => admittedOf(ecosystem, listing, facts));
  const basis: ListingBasis = {
    facts,
    history: { baseline: (place) => history().baseline(place) },
    admitted: { above: (version) => admitted().above(version) },
    past: { before: (version, appeared) => past().before(version, appeared) },
    taken: (await house.reader?.memory.placesTaken(profile, id, null)) ?? NONE_TAKEN,
    held: (await heldOf({ evidence: house.shelf }, id)).evidence,
    advisories: house.advisories.of(id),
    scheme: ecosystem.versions,
    now: house.now(),
    withheld,
    signatures: () => [],
  };
  return { house, profile, ecosystem, listing, withheld, basis };
}

async function decideVersion(about: About, origins: Origins, merged: MergedPackage): Promise<Verdict> {
  const { locked, digests, resolved, unproven } = merged;
  const { listing, ecosystem } = about;
  const all = filesOf(listing, ecosystem.versions, locked.version);
  if (all.length === 0)
    return instead(
      about,
      merged,
      refused(['UNKNOWN_VERSION'], [`${wordsOf('UNKNOWN_VERSION')} [UNKNOWN_VERSION]`]),
    );
  const compared = compareLocked(listing, all, digests, locked.single);
  const { files, undeclared } = compared;
  /** What the lockfile says of it is wrong: the version itself may be admitted. */
  const ownInstead = (code: LockedCode, words: string) =>
    instead(about, merged, refused([code], [words]), true);
  if (merged.contradicts)
    return ownInstead('LOCKED_DIGEST', 'is locked with two different digests [LOCKED_DIGEST]');
  if (undeclared.length > 0) {
    const words =
      'is locked with a digest that its registry does not declare: it would serve other bytes [LOCKED_DIGEST]';
    return ownInstead('LOCKED_DIGEST', words);
  }
  // An address of which the lockfile has no digest is not made good by the digest of another entry.
  const vouched = isConfirmed(compared) || isPinned(about, merged, all);
  const told = vouched ? unproven : [...resolved, ...unproven];
  if ((await origins.oddities(locked, locked.version, told, all)).length > 0) {
    const words =
      'is locked to an address elsewhere, and no digest says that it is the same file [LOCKED_ADDRESS]';
    return ownInstead('LOCKED_ADDRESS', words);
  }
  return overFiles(about, merged, files);
}

/** One file, as the policy decides on it. */
export interface DecidedFile {
  readonly file: ListedFile;
  readonly decision: Decision;
  readonly allowed: boolean;
}

export function decideFiles(about: About, files: readonly ListedFile[]): DecidedFile[] {
  const { house, profile, listing, basis, withheld } = about;
  return files.map((file) => {
    const decision = decide(house.policy, profile, questionOf(listing, basis, file));
    const held = withheld !== null && decision.by !== 'pin';
    return { file, decision, allowed: decision.verdict === 'allow' && !held };
  });
}

/** Why none of them may be taken. */
export function refusalOf(
  decided: readonly DecidedFile[],
  withheld: Withheld | null,
): Pick<Verdict, 'codes' | 'words' | 'place'> {
  const reasons = decided.flatMap(({ decision }) => decision.reasons);
  const codes = new Set<LockedCode>(reasons.map(({ code }) => code));
  const words = new Set(reasons.map(wordsOfReason));
  if (withheld !== null && codes.size === 0) {
    codes.add(withheld);
    words.add(`${wordsOf(withheld)} [${withheld}]`);
  }
  // A refusal without a reason would be a fault of ours: it stays a refusal.
  if (codes.size === 0) codes.add('INTERNAL');
  if (words.size === 0) words.add(`${wordsOf('INTERNAL')} [INTERNAL]`);
  const place = reasons.find((reason) => reason.place !== null)?.place ?? null;
  return { codes: [...codes], words: [...words], place };
}

/** A version is admitted if one of the files that the lockfile lets a client take is. */
function overFiles(about: About, merged: MergedPackage, files: readonly ListedFile[]): Verdict {
  const decided = decideFiles(about, files);
  const allowed = decided.filter((one) => one.allowed);
  const [first] = allowed;
  if (!first) {
    const { codes, words, place } = refusalOf(decided, about.withheld);
    const verdict = { ...refused(codes, words, place), eligibleAt: ripe(decided) };
    return instead(about, merged, verdict);
  }
  const notes: string[] = [];
  if (files.length > allowed.length) notes.push(`${allowed.length} of ${files.length} locked files`);
  if (allowed.every(({ file }) => file.kind === 'sdist')) notes.push('a source distribution only');
  for (const code of new Set(first.decision.observed.map((reason) => reason.code)))
    notes.push(`would be refused but for mode observe: ${code}`);
  for (const code of new Set(first.decision.warnings.map((reason) => reason.code)))
    notes.push(`warned of: ${code}`);
  const { place } = first.decision;
  return {
    verdict: 'allow',
    codes: [],
    words: [],
    place,
    eligibleAt: null,
    nearest: null,
    instead: null,
    notes,
  };
}

/**
 * Whether a pin in force names every digest that the lockfile has, so that a client takes those bytes or none, wherever
 * it takes them. Where the lockfile has none, nothing holds a client to the pin: it may fetch past this firewall.
 */
function isPinned(
  { house, profile, ecosystem }: About,
  { locked, digests }: MergedPackage,
  files: readonly ListedFile[],
): boolean {
  const pins = house.policy.profiles.get(profile)?.ecosystems.get(ecosystem.id)?.pins.get(locked.name);
  const pin = pins?.get(files[0]?.version ?? locked.version);
  return pin !== undefined && digests.length > 0 && digests.every((digest) => pin.digests.has(digest));
}

/** When the first of its files that is only too young is old enough. */
function ripe(decided: readonly { readonly decision: Decision }[]): number | null {
  const times = decided.flatMap(({ decision }) =>
    decision.eligibleAt === null ? [] : [decision.eligibleAt],
  );
  return times.length === 0 ? null : Math.min(...times);
}

/** With what would be admitted in its place; `own`: the version itself, too. */
function instead(about: About, { locked }: MergedPackage, verdict: Verdict, own = false): Verdict {
  const { house, profile, listing, basis, ecosystem } = about;
  const { compare } = ecosystem.versions;
  const view = decideListing(house.policy, profile, listing, basis);
  const admitted = [...view.admitted].sort((a, b) => compare(b, a));
  const others = own ? admitted : admitted.filter((version) => compare(version, locked.version) !== 0);
  const nearest = nearestOf(ecosystem.versions, others, locked.version);
  return { ...verdict, nearest, instead: nearest === null ? 'none' : null };
}

function wordsOfReason({ code, detail, about }: Decision['reasons'][number]): string {
  const why = detail ? evidenceWords(detail, code) : null;
  const more = why ?? (about && about.length > 0 ? about.join(', ') : null);
  return `${wordsOf(code)} [${code}]${more ? `: ${more}` : ''}`;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
