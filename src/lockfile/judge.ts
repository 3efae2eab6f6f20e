import { allHeldToIndex } from '../admission/index-claims.ts';
import type { LockedPackage } from '../ecosystems/lockfile.ts';
import type { PackageId } from '../model/artifact.ts';
import { algorithmOf, type Digest } from '../model/digest.ts';
import type { FileFacts, PackageFacts } from '../model/facts.ts';
import { FINDINGS } from '../model/finding.ts';
import type { ListedFile } from '../model/listing.ts';
import { type Compared, compareLocked, filesOf, isConfirmed } from './compared.ts';
import type { LockHouse } from './house.ts';
import { ecosystemOf, type FoundIndex, factsOf, indexOf } from './indexes.ts';
import type { MergedPackage } from './merged.ts';
import type { OddAddress, Origins } from './origins.ts';
import type { Approval, Flag, FlagCode, WrittenPin } from './pinned.ts';

/** What is to be pinned of one locked version, and what is to be said of it. */
export interface Judged {
  readonly pin: WrittenPin | null;
  /** From what it was judged, for whoever decides on it. */
  readonly basis: PinBasis;
  readonly flags: readonly Flag[];
  /** Addresses that are not its registry's; `confirmed`: its digest is the registry's all the same. */
  readonly odd: readonly (OddAddress & { readonly confirmed: boolean })[];
}

/** What is known of a version that is to be pinned. */
export interface PinBasis {
  readonly locked: LockedPackage;
  readonly index: FoundIndex;
  /** Those of the whole package, held to what its index claims. */
  readonly facts: PackageFacts;
  /** The files that the lockfile names; none where the index has none. */
  readonly files: readonly ListedFile[];
}

/**
 * Holds the locked versions of one package against the index and what we remember. The names of lockfiles go
 * upstream here, because an operator asks: callers leave out internal ones.
 */
export async function judgePackage(
  house: LockHouse,
  origins: Origins,
  versions: readonly MergedPackage[],
): Promise<Judged[]> {
  const [first] = versions;
  if (!first) return [];
  const id: PackageId = { ecosystem: first.locked.ecosystem, name: first.locked.name };
  const [index, remembered] = await Promise.all([indexOf(house, id), factsOf(house, id)]);
  const facts =
    index.kind === 'listing' ? allHeldToIndex(ecosystemOf(id), index.listing, remembered) : remembered;
  // Many are kept at once: without what an index is written anew from, and what it claims beside.
  const kept = index.kind === 'listing' ? { ...index, listing: { ...index.listing, document: null } } : index;
  return Promise.all(versions.map((one) => judgeVersion(one, kept, facts, origins)));
}

async function judgeVersion(
  merged: MergedPackage,
  index: FoundIndex,
  facts: PackageFacts,
  origins: Origins,
): Promise<Judged> {
  const { locked } = merged;
  const { versions } = ecosystemOf(locked);
  const files = index.kind === 'listing' ? filesOf(index.listing, versions, locked.version) : [];
  const listing = index.kind === 'listing' ? index.listing : null;
  const compared = compareLocked(listing, files, merged.digests, locked.single);
  const outcome = pinOf(merged, index, files, compared, factsOfVersion(facts, locked));
  const confirmed = isConfirmed(compared);
  const { resolved, unproven } = merged;
  const oddities = (addresses: readonly string[]) =>
    origins.oddities(locked, locked.version, addresses, files);
  // What lies at an address of which there is no digest is not what the digest of another entry says.
  const proven = await oddities(resolved.filter((address) => !unproven.includes(address)));
  const bare = await oddities(unproven);
  return {
    ...outcome,
    basis: { locked, index, facts, files: compared.files },
    odd: [
      ...proven.map((one) => ({ ...one, confirmed })),
      ...bare.map((one) => ({ ...one, confirmed: false })),
    ],
  };
}

function pinOf(
  merged: MergedPackage,
  index: FoundIndex,
  files: readonly ListedFile[],
  { files: taken, strays, undeclared, unknown, compared }: Compared,
  facts: PackageFacts,
): Pick<Judged, 'pin' | 'flags'> {
  const { locked } = merged;
  const digests = merged.digests.filter((digest) => !strays.includes(digest) && !unknown.includes(digest));
  const no = (code: FlagCode, words: string) => ({ pin: null, flags: [flag(locked, code, words, true)] });
  if (merged.contradicts) return no('two-digests', 'is locked with two different digests');
  if (contradictsFirst(locked, digests, taken, facts))
    return no('first-digest', 'has another digest than when it was first admitted here');
  if (undeclared.length > 0)
    return no('digest-differs', 'is locked with a digest that its registry does not declare for it');
  const flags: Flag[] = [];
  if (strays.length > 0)
    flags.push(
      flag(
        locked,
        'other-versions',
        'is locked with digests of other versions, too; they are left out',
        false,
      ),
    );
  if (unknown.length > 0)
    flags.push(
      flag(
        locked,
        'not-compared',
        'is locked with a further digest, of a kind that its registry does not declare; it is left out',
        true,
      ),
    );
  if (index.kind === 'absent') return no('unknown-package', 'is not known to its registry');
  if (index.kind === 'fault') {
    if (digests.length === 0)
      return no('unreachable', 'has no digest in the lockfile, and its registry gives no index');
    flags.push(
      flag(locked, 'not-compared', 'was not compared with its registry, which gives no index', false),
    );
  } else if (files.length === 0) {
    // What is gone upstream is served to exact pins from the vault, if we have it.
    const ours = [...facts.values()].some((one) => one.first !== null && isFirst(one.first, digests));
    if (!ours) return no('unknown-version', 'is a version that its registry does not list');
    flags.push(flag(locked, 'unknown-version', 'is no longer listed by its registry', false));
  } else if (digests.length > 0 && !compared) {
    flags.push(flag(locked, 'not-compared', 'has no digest that its registry declares, too', false));
  }
  const pinned = digests.length > 0 ? digests : [...new Set(files.flatMap((file) => file.digests))].sort();
  if (pinned.length === 0) return no('no-digest', 'has no digest, neither in the lockfile nor in the index');
  const { ecosystem, name, version, single } = locked;
  return {
    flags,
    pin: {
      ecosystem,
      name,
      version,
      digests: pinned,
      single,
      fromIndex: digests.length === 0,
      approvals: approvalsOf(merged, pinned, taken, facts),
    },
  };
}

/** Code that runs when it is installed: by the lockfile, by the index, or by what its bytes showed before. */
function approvalsOf(
  { installScripts }: MergedPackage,
  pinned: readonly Digest[],
  files: readonly ListedFile[],
  facts: PackageFacts,
): WrittenPin['approvals'] {
  const approvals: { lifts: Approval; digests: readonly Digest[] }[] = [];
  const shown = [...facts.values()].some(({ findings }) =>
    findings?.some(({ code }) => FINDINGS[code] === 'install-scripts'),
  );
  if (installScripts || shown || files.some((file) => file.installScripts))
    approvals.push({ lifts: 'install-scripts', digests: pinned });
  if (files.length > 0 && files.every(({ kind }) => kind === 'sdist')) {
    const digests = new Set(files.flatMap((file) => file.digests));
    const sdists = pinned.filter((digest) => digests.has(digest));
    approvals.push({ lifts: 'sdist', digests: sdists.length > 0 ? sdists : pinned });
  }
  return approvals;
}

/** The facts of the version's files, by file name. */
function factsOfVersion(facts: PackageFacts, locked: LockedPackage): PackageFacts {
  const ecosystem = ecosystemOf(locked);
  return new Map(
    [...facts].filter(([filename]) => {
      const named = ecosystem.parseFilename(locked.name, filename);
      return named !== null && ecosystem.versions.compare(named.version, locked.version) === 0;
    }),
  );
}

/** A file that was admitted before, under another digest: of npm's one file by its version, of others by the index. */
function contradictsFirst(
  locked: LockedPackage,
  digests: readonly Digest[],
  files: readonly ListedFile[],
  facts: PackageFacts,
): boolean {
  const differs = (first: FileFacts['first'] | undefined, told: readonly Digest[]) =>
    first ? told.some((digest) => first[algorithmOf(digest)] !== digest) : false;
  if (locked.single && [...facts.values()].some(({ first }) => differs(first, digests))) return true;
  return files.some((file) => differs(facts.get(file.filename)?.first, file.digests));
}

function isFirst(first: NonNullable<FileFacts['first']>, digests: readonly Digest[]): boolean {
  return digests.some((digest) => first[algorithmOf(digest)] === digest);
}

/** What is said of one locked version. */
export function flag(
  { ecosystem, name, version, line }: LockedPackage,
  code: FlagCode,
  words: string,
  fails: boolean,
): Flag {
  return { code, ecosystem, package: name, version, line, words, fails };
}
