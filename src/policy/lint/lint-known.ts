import type { EcosystemId, PackageName } from '../../model/artifact.ts';
import type { PolicyPlace } from '../../model/decision.ts';
import type { Digest } from '../../model/digest.ts';
import type { VersionScheme } from '../../model/versions.ts';
import type { Written } from '../language/rules-of.ts';
import type { Policy, PolicySource } from '../policy.ts';

/** `error`: it protects or admits nothing, or has ended. `warning`: look at it. `info`: as far as we know here. */
export type LintLevel = 'error' | 'warning' | 'info';

/** One thing about a policy that someone may want to change. */
export interface LintFinding {
  readonly level: LintLevel;
  /** What kind of thing: `waiver-expired`. Stable. */
  readonly code: string;
  readonly place: PolicyPlace;
  /** One sentence, of our own words, names and versions. */
  readonly message: string;
}

/** A finding where an editor finds it. `line` and `column` count from 1; the column is where the line's first word stands. */
export interface LocatedFinding extends LintFinding {
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

/** What a package needs when it is installed, by name. */
export interface Dependencies {
  readonly required: readonly PackageName[];
  /** Only on some platforms, or where it can be had. */
  readonly optional: readonly PackageName[];
  /** Which versions, as the package writes it. A name that is not here: any. */
  readonly specs?: ReadonlyMap<PackageName, string>;
}

/** A package whose index was seen and is kept here. */
export interface KnownPackage {
  /** In ascending order. */
  readonly versions: readonly string[];
  /** The digests that the index declares for the files of a version. */
  digests(version: string): readonly (readonly Digest[])[];
  /** null where they are not known. */
  dependencies(version: string): Dependencies | null;
}

/** What is known here without asking anybody. Nothing of it is complete. */
export interface Known {
  /** Names whose index was ever seen. */
  readonly names: ReadonlyMap<EcosystemId, readonly PackageName[]>;
  package(ecosystem: EcosystemId, name: string): KnownPackage | null;
  /** Whether there is a feed of advisories. */
  readonly feed: boolean;
}

/** An exception, or a time of learning, that ends later than this outlives whoever remembers it, ms. */
export const FAR = 400 * 86_400_000;

export const NOTHING_KNOWN: Known = { names: new Map(), package: () => null, feed: false };

/** All that a look over a policy is made of. */
export interface LintMatter {
  readonly policy: Policy;
  readonly written: Written;
  readonly schemes: readonly VersionScheme[];
  /** The files below `cases/`. */
  readonly cases: readonly PolicySource[];
  readonly known: Known;
  /** Milliseconds since 1970. */
  readonly now: number;
}
