import type { ArtifactKind } from '../../model/artifact.ts';
import {
  type Baseline,
  type CarriedEvidence,
  EVIDENCE,
  type EvidenceName,
  type EvidenceSet,
  type Signer,
} from '../../model/evidence.ts';
import type { VersionScheme } from '../../model/versions.ts';

/** One file that an index ever listed, as far as the baseline of others needs it. */
export interface HistoricFile {
  readonly filename: string;
  readonly version: string;
  readonly kind: ArtifactKind;
  /** As in FileFacts. */
  readonly firstSeen: number | null;
  readonly lastAbsent: number | null;
  readonly claimed: EvidenceSet;
  readonly carried: CarriedEvidence | null;
}

type Subject = Pick<HistoricFile, 'filename' | 'version' | 'kind' | 'firstSeen'>;

/** A file with its place in the order of versions; equal versions (PEP 440's `1.0` and `1.0.0`) share a rank. */
interface Ranked {
  readonly file: HistoricFile;
  readonly rank: number;
}

/** What some files carried, all together. */
interface Sum extends EvidenceSet {
  readonly count: number;
  /** The signer of the file with the highest rank that has one. */
  readonly signer: Signer | null;
  readonly signerRank: number;
}

const NOTHING: Sum = {
  'registry-signature': false,
  provenance: false,
  count: 0,
  signer: null,
  signerRank: -1,
};

/**
 * What the files of one package carried. Made once per state of our memory (from every file of PackageFacts), asked
 * for each file: sorted once, and every question is answered by looking up sums.
 */
export class EvidenceHistory {
  readonly #scheme: VersionScheme;
  readonly #own = new Map<string, Ranked>();
  /** Every distinct version in order; its index is its rank. */
  readonly #versions: string[] = [];
  readonly #ranks = new Map<string, number>();
  readonly #package: Group;
  readonly #lines = new Map<string, Group>();

  constructor(scheme: VersionScheme, files: Iterable<HistoricFile>) {
    this.#scheme = scheme;
    const all = [...files];
    const versions = [...new Set(all.map(({ version }) => version))];
    for (const version of versions.sort((a, b) => scheme.compare(a, b))) {
      const last = this.#versions.at(-1);
      if (last === undefined || scheme.compare(last, version) !== 0) this.#versions.push(version);
      this.#ranks.set(version, this.#versions.length - 1);
    }
    const byLine = new Map<string, Ranked[]>();
    for (const file of all) {
      const ranked: Ranked = { file, rank: this.#rankOf(file.version) };
      this.#own.set(file.filename, ranked);
      const key = scheme.majorLine(file.version);
      const line = byLine.get(key);
      if (line) line.push(ranked);
      else byLine.set(key, [ranked]);
    }
    this.#package = new Group([...this.#own.values()]);
    for (const [key, files] of byLine) this.#lines.set(key, new Group(files));
  }

  /**
   * What `file` is held to under `no-downgrade`: what any earlier file carried or claimed, and the signer of the
   * highest earlier version that has one. Earlier is a lower version, of its own major line or of one below, or a
   * higher one of its own line that we saw before we saw this file. All lower lines count, not the nearest alone:
   * else two releases without evidence would do, of which the first is refused and the second has a clean past.
   *
   * Files of its own kind count alone if that kind was there when evidence of another one began: a project may
   * sign its wheels only, but a kind that comes later does not come without a past. The file itself never counts.
   */
  baseline(file: Subject): Baseline {
    const known = this.#own.get(file.filename);
    const { version, kind } = known?.file ?? file;
    const rank = known?.rank ?? this.#rankOf(version);
    // A file that we never saw appears now: after all that we did see.
    const seen = (known ? sinceOf(known.file) : file.firstSeen) ?? Number.POSITIVE_INFINITY;
    const line = this.#lines.get(this.#scheme.majorLine(version));
    const itself = known ?? null;
    const earlier = (of: ArtifactKind | null): Sum =>
      together(this.#package.lower(of, rank), line?.older(of, seen, itself) ?? NOTHING);
    const all = earlier(null);
    // Below all lines: a release under the lowest one, made to have no past, still has what was there before.
    if (all.count === 0) return baselineOf(this.#package.older(null, seen, itself));
    const own = earlier(kind);
    const inherits = (check: EvidenceName): boolean =>
      own[check] || (all[check] && !this.#package.precedes(kind, check));
    return {
      'registry-signature': inherits('registry-signature'),
      provenance: inherits('provenance'),
      signer: own.signer ?? all.signer,
    };
  }

  /** The rank of a version: for one that is not there, between those of its neighbours. */
  #rankOf(version: string): number {
    const known = this.#ranks.get(version);
    if (known !== undefined) return known;
    const at = lowerBound(this.#versions, (other) => this.#scheme.compare(other, version) < 0);
    const there = this.#versions[at];
    return there !== undefined && this.#scheme.compare(there, version) === 0 ? at : at - 0.5;
  }
}

/** Files of several kinds, all together (`null`) and by kind. */
class Group {
  readonly #sums = new Map<ArtifactKind | null, Sums>();
  readonly #preceding = new Map<EvidenceName, ReadonlySet<ArtifactKind>>();

  constructor(files: readonly Ranked[]) {
    const kinds = new Set(files.map(({ file }) => file.kind));
    const all = new Sums(files);
    this.#sums.set(null, all);
    for (const kind of kinds) {
      this.#sums.set(kind, kinds.size === 1 ? all : new Sums(files.filter(({ file }) => file.kind === kind)));
    }
    for (const check of EVIDENCE) this.#preceding.set(check, preceding(files, check));
  }

  /** Of the files with a version below `rank`. */
  lower(kind: ArtifactKind | null, rank: number): Sum {
    return this.#sums.get(kind)?.lower(rank) ?? NOTHING;
  }

  /** Of the files first seen before `seen`, but for the one that asks. */
  older(kind: ArtifactKind | null, seen: number, itself: Ranked | null): Sum {
    return this.#sums.get(kind)?.older(seen, itself) ?? NOTHING;
  }

  /** Whether a kind was there when a kind of evidence began. */
  precedes(kind: ArtifactKind, check: EvidenceName): boolean {
    return this.#preceding.get(check)?.has(kind) === true;
  }
}

/** The kinds of which a file is no higher, and was seen no later, than any that has this evidence. */
function preceding(files: readonly Ranked[], check: EvidenceName): Set<ArtifactKind> {
  let rank = Number.POSITIVE_INFINITY;
  let seen = Number.POSITIVE_INFINITY;
  for (const one of files) {
    if (!carries(one.file, check)) continue;
    rank = Math.min(rank, one.rank);
    seen = Math.min(seen, one.file.firstSeen ?? Number.NEGATIVE_INFINITY);
  }
  const first = files.filter((one) => {
    const since = sinceOf(one.file);
    return one.rank <= rank && since !== null && since <= seen;
  });
  return new Set(first.map(({ file }) => file.kind));
}

/**
 * When we first saw a file with the bytes that it has now: from then on it has a past. What others are held to was
 * there from `firstSeen` on: that an index names other bytes for it, for a while or for good, takes nothing back.
 */
function sinceOf({ firstSeen, lastAbsent }: HistoricFile): number | null {
  return firstSeen === null ? null : Math.max(firstSeen, lastAbsent ?? firstSeen);
}

/** Files in the order of their versions and in that of their first sighting, with what all before each carried. */
class Sums {
  readonly #ranks: readonly number[];
  readonly #byRank: readonly Sum[];
  readonly #seen: readonly Ranked[];
  readonly #times: readonly number[];
  readonly #byTime: readonly Sum[];

  constructor(files: readonly Ranked[]) {
    const ranked = files.toSorted((a, b) => a.rank - b.rank || (a.file.filename < b.file.filename ? -1 : 1));
    this.#ranks = ranked.map(({ rank }) => rank);
    this.#byRank = running(ranked);
    const seen = ranked
      .flatMap((one) => (one.file.firstSeen === null ? [] : [{ ...one, at: one.file.firstSeen }]))
      .sort((a, b) => a.at - b.at);
    this.#seen = seen;
    this.#times = seen.map(({ at }) => at);
    this.#byTime = running(seen);
  }

  lower(rank: number): Sum {
    return this.#byRank[lowerBound(this.#ranks, (other) => other < rank)] ?? NOTHING;
  }

  /**
   * The file that asks is among those that are older where it has other bytes now. It does not count, but for what was
   * only claimed for it then: that counts for it anyway, and an index with many such files must not cost much.
   */
  older(seen: number, itself: Ranked | null): Sum {
    const count = lowerBound(this.#times, (other) => other < seen);
    const sum = this.#byTime[count] ?? NOTHING;
    if (itself === null || (itself.file.firstSeen ?? seen) >= seen) return sum;
    if (itself.file.carried === null) return { ...sum, count: sum.count - 1 };
    const others = this.#seen.slice(0, count).filter(({ file }) => file !== itself.file);
    return others.reduce((before, one) => together(before, sumOf(one)), NOTHING);
  }
}

function carries({ claimed, carried }: HistoricFile, check: EvidenceName): boolean {
  return claimed[check] || carried?.[check] === true;
}

/** The sums of the first 0, 1, 2, … files. */
function running(files: readonly Ranked[]): Sum[] {
  const sums = [NOTHING];
  let sum = NOTHING;
  for (const one of files) {
    sum = together(sum, sumOf(one));
    sums.push(sum);
  }
  return sums;
}

function sumOf({ file, rank }: Ranked): Sum {
  const signer = file.carried?.signer ?? null;
  return {
    'registry-signature': carries(file, 'registry-signature'),
    provenance: carries(file, 'provenance'),
    count: 1,
    signer,
    signerRank: signer === null ? -1 : rank,
  };
}

function together(a: Sum, b: Sum): Sum {
  const later = b.signerRank >= a.signerRank ? b : a;
  return {
    'registry-signature': a['registry-signature'] || b['registry-signature'],
    provenance: a.provenance || b.provenance,
    // Two sums may share files: only whether there are any is ever asked.
    count: a.count + b.count,
    signer: later.signer,
    signerRank: later.signerRank,
  };
}

function baselineOf(sum: Sum): Baseline {
  return { 'registry-signature': sum['registry-signature'], provenance: sum.provenance, signer: sum.signer };
}

/** How many of `sorted` come first for which `isBefore` holds. */
function lowerBound<T>(sorted: readonly T[], isBefore: (item: T) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = sorted[middle];
    if (item !== undefined && isBefore(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}
