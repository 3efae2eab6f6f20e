import type { EcosystemId, PackageName } from '../model/artifact.ts';
import type { PolicyPlace } from '../model/decision.ts';
import type { Digest } from '../model/digest.ts';
import type { Liftable } from '../model/liftable.ts';
import type { VersionRange } from '../model/versions.ts';
import type { PatternMap } from './patterns.ts';

/** From loose to strict. */
export type Mode = 'observe' | 'enforce' | 'frozen';
export type Permission = 'allow' | 'deny';

/** From loose to strict. */
export type EvidenceLevel = 'off' | 'if-present' | 'no-downgrade' | 'required';

/** The one signer from whom provenance is required. A key that is null asks for nothing. Compared as decoded strings. */
export interface Identity {
  /** `host/owner/name` */
  readonly repository: string | null;
  /** A path in the repository, or a file name alone, which stands for the one in the host's folder of workflows. */
  readonly workflow: string | null;
  /** null: the issuer of the repository's host. */
  readonly issuer: string | null;
  /** Whole, or a prefix ending in `*`: `refs/tags/v*`. */
  readonly ref: string | null;
  readonly environment: string | null;
  readonly ownerId: string | null;
  /** The certificate's subject, whole: for signers without a repository, such as a service account. */
  readonly subject: string | null;
  /** Events that may start the build; null: those of `TRIGGERS`. */
  readonly triggers: readonly string[] | null;
  /** A runner that is not hosted by the provider is accepted. */
  readonly selfHosted: boolean;
  /** The statement must be of this kind; null: any that the ecosystem accepts. */
  readonly predicate: 'slsa' | 'publish' | null;
}

/** From loose to strict. `deny`: as far as there is a feed. `required`: and there must be one that is young enough. */
export type MalwareLevel = 'off' | 'warn' | 'deny' | 'required';

/** From loose to strict: a severity is refused from that one on, and those below it are warned of. */
export type VulnerabilityLevel = 'off' | 'warn' | 'critical' | 'high' | 'moderate' | 'low';

/** From loose to strict: not below what was admitted of the same major line, or of the package. */
export type FloorLevel = 'off' | 'line' | 'admitted';

/** From loose to strict. */
export type ChangesLevel = 'off' | 'warn' | 'deny';

/** Which licences are accepted. */
export interface LicenceRule {
  /** SPDX ids (`MIT`, `GPL-2.0+`, `Apache-2.0 WITH LLVM-exception`) as written; an expression must be satisfied by them. */
  readonly allow: readonly string[];
  readonly otherwise: 'warn' | 'deny';
}

/** What an artifact must show. Every value is set: see `STRICT` for what holds where a policy is silent. */
export interface Requirements {
  /** Milliseconds; 0 asks for no age. */
  readonly age: number;
  readonly installScripts: Permission;
  readonly sdist: Permission;
  readonly directUrls: Permission;
  readonly registrySignature: EvidenceLevel;
  readonly provenance: EvidenceLevel | Identity;
  readonly startupHooks: Permission;
  readonly foreignPlaces: Permission;
  readonly malware: MalwareLevel;
  readonly vulnerability: VulnerabilityLevel;
  /** null: any, or none. */
  readonly licence: LicenceRule | null;
  readonly floor: FloorLevel;
  readonly changes: ChangesLevel;
}

/** What holds where neither the rule nor the profile says anything: nothing may run code or leave the index. */
export const STRICT: Requirements = {
  age: 0,
  installScripts: 'deny',
  sdist: 'deny',
  directUrls: 'deny',
  registrySignature: 'if-present',
  provenance: 'if-present',
  startupHooks: 'deny',
  foreignPlaces: 'deny',
  malware: 'deny',
  vulnerability: 'off',
  licence: null,
  floor: 'off',
  changes: 'off',
};

/** An `allow` rule, with the requirements that hold for what it admits (the profile's, overridden by its own). */
export interface AllowRule {
  readonly place: PolicyPlace;
  /** null: any version that meets the requirements. */
  readonly range: VersionRange | null;
  readonly requirements: Requirements;
  /** What holds for a pinned version outside of its range: the profile's, and what upper layers locked of the name. */
  readonly beyond: Requirements;
}

export interface DenyRule {
  readonly place: PolicyPlace;
  /** For people; never in an answer. */
  readonly reason: string | null;
  /** null: every version. Counts prereleases in. */
  readonly range: VersionRange | null;
}

/** One exact version, bound to the digests of its file or files. */
export interface Pin {
  readonly place: PolicyPlace;
  readonly digests: ReadonlySet<Digest>;
  /** The digests are of one file in one or two algorithms (an SRI string), not of several files. */
  readonly single: boolean;
  /** It does not stand for `age`: an upper layer has locked that. */
  readonly keepsAge: boolean;
}

/** Lifts one requirement for one version and the digests of its file or files, until it expires. */
export interface Waiver {
  readonly place: PolicyPlace;
  readonly lifts: Liftable;
  readonly digests: ReadonlySet<Digest>;
  /** See Pin.single. */
  readonly single: boolean;
  readonly reason: string;
  readonly approver: string;
  /** From this instant on it lifts nothing, milliseconds since 1970. */
  readonly expires: number;
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
  /** name → version in normal form → waivers. */
  readonly waivers: ReadonlyMap<PackageName, ReadonlyMap<string, readonly Waiver[]>>;
}

export interface Profile {
  readonly name: string;
  readonly mode: Mode;
  /** When `observe` ends and `enforce` begins, milliseconds since 1970; null in any other mode. */
  readonly until: number | null;
  /** The profiles that it is made of, the uppermost first, itself last. */
  readonly layers: readonly string[];
  /** What it locks itself, and where: a requirement, `mode` or `allow`. In the order of the language. */
  readonly locked: ReadonlyMap<string, PolicyPlace>;
  readonly ecosystems: ReadonlyMap<EcosystemId, EcosystemRules>;
}

/** The mode that holds at `now` (ms since 1970): `observe` is `enforce` from its `until` on, and where it has none. */
export function effectiveMode({ mode, until }: Pick<Profile, 'mode' | 'until'>, now: number): Mode {
  if (mode !== 'observe') return mode;
  return until !== null && now < until ? 'observe' : 'enforce';
}
