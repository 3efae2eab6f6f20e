import type { EcosystemId, PackageName } from '../model/artifact.ts';
import type { PolicyPlace } from '../model/decision.ts';
import type { Digest } from '../model/digest.ts';
import type { VersionRange } from '../model/versions.ts';
import type { PatternMap } from './patterns.ts';

export type Mode = 'enforce' | 'frozen';
export type Permission = 'allow' | 'deny';

/** What an artifact must show. Every value is set: see `STRICT` for what holds where a policy is silent. */
export interface Requirements {
  /** Milliseconds; 0 asks for no age. */
  readonly age: number;
  readonly installScripts: Permission;
  readonly sdist: Permission;
  readonly directUrls: Permission;
}

/** What holds where neither the rule nor the profile says anything: nothing may run code or leave the index. */
export const STRICT: Requirements = { age: 0, installScripts: 'deny', sdist: 'deny', directUrls: 'deny' };

/** An `allow` rule, with the requirements that hold for what it admits (the profile's, overridden by its own). */
export interface AllowRule {
  readonly place: PolicyPlace;
  /** null: any version that meets the requirements. */
  readonly range: VersionRange | null;
  readonly requirements: Requirements;
}

export interface DenyRule {
  readonly place: PolicyPlace;
  /** null: every version. Counts prereleases in. */
  readonly range: VersionRange | null;
}

/** One exact version, bound to the digests of its file or files. */
export interface Pin {
  readonly place: PolicyPlace;
  readonly digests: ReadonlySet<Digest>;
  /** The digests are of one file in one or two algorithms (an SRI string), not of several files. */
  readonly single: boolean;
}

/** What one profile says of one ecosystem. */
export interface EcosystemRules {
  readonly requirements: Requirements;
  readonly allow: PatternMap<AllowRule>;
  /** Several entries may speak of one name; each one that reaches a version refuses it. */
  readonly deny: PatternMap<readonly DenyRule[]>;
  readonly internal: PatternMap<PolicyPlace>;
  /** name → version in normal form → pin. */
  readonly pins: ReadonlyMap<PackageName, ReadonlyMap<string, Pin>>;
}

export interface Profile {
  readonly name: string;
  readonly mode: Mode;
  readonly ecosystems: ReadonlyMap<EcosystemId, EcosystemRules>;
}
