import type { LockedCode } from '../cli/lockfile-lines.ts';
import type { EcosystemId, PackageName } from '../model/artifact.ts';
import type { Digest } from '../model/digest.ts';
import type { Liftable } from '../model/liftable.ts';

/** What may be approved for one version and digest by a waiver that an import writes, as a comment. */
export const APPROVALS = [
  'install-scripts',
  'sdist',
  'startup-hooks',
  'foreign-places',
  'direct-urls',
  'licence',
  'vulnerability',
] as const satisfies readonly Liftable[];
export type Approval = (typeof APPROVALS)[number];

/** A pin as `import` writes it. */
export interface WrittenPin {
  readonly ecosystem: EcosystemId;
  readonly name: PackageName;
  readonly version: string;
  /** Sorted; never empty. */
  readonly digests: readonly Digest[];
  /** The digests are of one file: written as `integrity`, else as `hashes`. */
  readonly single: boolean;
  /** The digests are the index's: the lockfile has none that fits. */
  readonly fromIndex: boolean;
  /** What the policy refuses of it until somebody approves, each with the digests of the files that it is about. */
  readonly approvals: readonly { readonly lifts: Approval; readonly digests: readonly Digest[] }[];
}

/** `name@version`, as pins name it. */
export function subjectOf({ name, version }: Pick<WrittenPin, 'name' | 'version'>): string {
  return `${name}@${version}`;
}

/** One thing about a lockfile that somebody should look at. */
export interface Flag {
  readonly code: FlagCode;
  readonly ecosystem: EcosystemId;
  /** null where it is about several; `words` names some. */
  readonly package: PackageName | null;
  readonly version: string | null;
  /** Line of the lockfile. */
  readonly line: number | null;
  readonly words: string;
  /** Something could not be pinned, or must not be passed over: the command exits as refused. */
  readonly fails: boolean;
  /** Of `refused`: why it would be. */
  readonly reasons?: readonly LockedCode[];
}

export type FlagCode =
  | 'not-from-registry'
  | 'internal'
  | 'two-digests'
  | 'no-digest'
  | 'unknown-package'
  | 'unknown-version'
  | 'unreachable'
  | 'not-compared'
  | 'other-versions'
  | 'digest-differs'
  | 'first-digest'
  | 'resolved-elsewhere'
  | 'another-package'
  | 'no-range'
  | 'has-rule'
  | 'refused'
  | 'young'
  | 'note';
