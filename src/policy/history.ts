import type { ArtifactKind } from '../model/artifact.ts';
import {
  type Baseline,
  type CarriedEvidence,
  type EvidenceName,
  type EvidenceSet,
  NO_BASELINE,
  type Signer,
} from '../model/evidence.ts';
import type { VersionScheme } from '../model/versions.ts';

/** One file that an index ever listed, as far as the baseline of others needs it. */
export interface HistoricFile {
  readonly filename: string;
  readonly version: string;
  readonly kind: ArtifactKind;
  readonly firstSeen: number | null;
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
 * What the files of one package carried, by major line. Made once per state of our memory (from every file of
 * PackageFacts), asked for each file: sorted once, and every question is answered by looking up sums.
 */
export class EvidenceHistory {
  readonly #scheme: VersionScheme;
  readonly #own = new Map<string, Ranked>();
  /** Every distinct version in order; its index is its rank. */
  readonly #versions: string[] = [];
  readonly #ranks = new Map<string, number>();
  /** From the lowest to the highest. */
  readonly #lines: Line[] = [];
  readonly #lineOf = new Map<string, Line>();

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
      const ranked: Ranked = { file, rank: this.#ranks.get(file.version) ?? 0 };
      this.#own.set(file.filename, ranked);
      const key = scheme.majorLine(file.version);
      const line = byLine.get(key);
      if (line) line.push(ranked);
      else byLine.set(key, [ranked]);
    }
    for (const [key, files] of byLine) this.#lineOf.set(key, new Line(files));
    this.#lines.push(...[...this.#lineOf.values()].sort((a, b) => a.lowest - b.lowest));
  }

  /**
   * What `file` is held to under `no-downgrade`: what any earlier file of its major line carried or claimed; where
   * there is none, any of the nearest lower line. Earlier is a lower version, or one that we saw before we saw this
   * file, so that a release which comes late and low inherits what is there already. Files of the same kind count
   * alone where there are any. The file itself never counts.
   */
  baseline(file: Subject): Baseline {
    const known = this.#own.get(file.filename);
    const { version, kind, firstSeen } = known?.file ?? file;
    const rank = known?.rank ?? this.#rankOf(version);
    // A file that we never saw appears now: after all that we did see.
    const seen = firstSeen ?? Number.POSITIVE_INFINITY;
    const own = this.#lineOf.get(this.#scheme.majorLine(version));
    return (
      own?.before(rank, seen, kind) ??
      this.#lines.findLast((line) => line !== own && line.lowest < rank)?.whole(kind) ??
      // Below all lines: a release under the lowest one, made to have no past, still has those that were there.
      this.#lines.find((line) => line !== own && line.firstSeen < seen)?.before(rank, seen, kind) ??
      NO_BASELINE
    );
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

/** The files of one major line, all together and by kind. */
class Line {
  /** Of its lowest version. */
  readonly lowest: number;
  /** When we first saw one of its files. */
  readonly firstSeen: number;
  readonly #all: Sums;
  readonly #byKind = new Map<ArtifactKind, Sums>();

  constructor(files: readonly Ranked[]) {
    this.#all = new Sums(files);
    this.lowest = this.#all.lowest;
    this.firstSeen = this.#all.firstSeen;
    const kinds = new Set(files.map(({ file }) => file.kind));
    for (const kind of kinds) {
      this.#byKind.set(
        kind,
        kinds.size === 1 ? this.#all : new Sums(files.filter(({ file }) => file.kind === kind)),
      );
    }
  }

  /** Of the files below `rank` or first seen before `seen`; null where there are none. */
  before(rank: number, seen: number, kind: ArtifactKind): Baseline | null {
    const own = this.#byKind.get(kind)?.before(rank, seen) ?? NOTHING;
    const sum = own.count > 0 ? own : this.#all.before(rank, seen);
    return sum.count === 0 ? null : baselineOf(sum);
  }

  whole(kind: ArtifactKind): Baseline {
    return baselineOf((this.#byKind.get(kind) ?? this.#all).whole());
  }
}

/** Files in the order of their versions and in that of their first sighting, with what all before each carried. */
class Sums {
  readonly lowest: number;
  readonly firstSeen: number;
  readonly #ranks: readonly number[];
  readonly #byRank: readonly Sum[];
  readonly #times: readonly number[];
  readonly #byTime: readonly Sum[];

  constructor(files: readonly Ranked[]) {
    const ranked = files.toSorted((a, b) => a.rank - b.rank || (a.file.filename < b.file.filename ? -1 : 1));
    this.#ranks = ranked.map(({ rank }) => rank);
    this.#byRank = running(ranked);
    const seen = ranked
      .flatMap((one) => (one.file.firstSeen === null ? [] : [{ ...one, at: one.file.firstSeen }]))
      .sort((a, b) => a.at - b.at);
    this.#times = seen.map(({ at }) => at);
    this.#byTime = running(seen);
    this.lowest = this.#ranks[0] ?? Number.POSITIVE_INFINITY;
    this.firstSeen = this.#times[0] ?? Number.POSITIVE_INFINITY;
  }

  before(rank: number, seen: number): Sum {
    const lower = this.#byRank[lowerBound(this.#ranks, (other) => other < rank)] ?? NOTHING;
    const older = this.#byTime[lowerBound(this.#times, (other) => other < seen)] ?? NOTHING;
    return together(lower, older);
  }

  whole(): Sum {
    return this.#byRank.at(-1) ?? NOTHING;
  }
}

/** The sums of the first 0, 1, 2, … files. */
function running(files: readonly Ranked[]): Sum[] {
  const sums = [NOTHING];
  let sum = NOTHING;
  for (const { file, rank } of files) {
    const carries = (check: EvidenceName): boolean => file.claimed[check] || file.carried?.[check] === true;
    const signer = file.carried?.signer ?? null;
    sum = together(sum, {
      'registry-signature': carries('registry-signature'),
      provenance: carries('provenance'),
      count: 1,
      signer,
      signerRank: signer === null ? -1 : rank,
    });
    sums.push(sum);
  }
  return sums;
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
