import type { EcosystemId, PackageName } from '../../model/artifact.ts';
import type { PolicyPlace } from '../../model/decision.ts';
import type { Digest } from '../../model/digest.ts';
import type { VersionScheme } from '../../model/versions.ts';
import type { Pattern, PatternMap } from '../patterns.ts';
import type { Mode, Pin, Waiver } from '../profile.ts';
import type { PolicyInput, RequirementsInput } from './schema.ts';
import type { Lockable, RequirementKey } from './strictness.ts';
import type { VersionMap } from './version-map.ts';
import type { DataPath, Position, YamlFile } from './yaml.ts';

/** A policy file whose shape is right; its names, versions and digests are still to be read. */
export interface PolicyFile extends YamlFile {
  readonly input: PolicyInput;
}

export type Report = (file: PolicyFile, position: Position, message: string) => void;

/** A part of a policy file. */
export interface Spot {
  readonly file: PolicyFile;
  readonly path: DataPath;
}

/** Something that a layer says, and where. */
export interface Said<T> {
  readonly value: T;
  readonly spot: Spot;
}

export interface LayerAllow {
  readonly pattern: Pattern;
  readonly place: PolicyPlace;
  readonly spot: Spot;
  readonly range: string | null;
  readonly said: RequirementsInput | undefined;
}

export interface LayerDeny {
  readonly pattern: Pattern;
  readonly place: PolicyPlace;
  readonly reason: string | null;
  readonly range: string | null;
}

/** A pin in the making: two files may add digests to it. */
export type LayerPin = Pin & { readonly digests: Set<Digest>; readonly spot: Spot };
export type LayerWaiver = Waiver & { readonly spot: Spot };

/** What a profile's own files say of one ecosystem. */
export interface LayerRules {
  readonly scheme: VersionScheme;
  /** Of all files together. */
  said: RequirementsInput;
  readonly saidAt: Map<RequirementKey, Spot>;
  readonly allow: PatternMap<LayerAllow>;
  readonly deny: LayerDeny[];
  readonly internal: PatternMap<PolicyPlace>;
  readonly pins: Map<PackageName, VersionMap<LayerPin>>;
  readonly waivers: Map<PackageName, VersionMap<LayerWaiver[]>>;
}

/** What the files of one profile say, before any other profile is looked at. */
export interface Layer {
  readonly name: string;
  readonly files: readonly PolicyFile[];
  readonly extends: readonly Said<string>[];
  readonly mode: Said<Mode> | null;
  readonly until: Said<number> | null;
  readonly locked: ReadonlyMap<Lockable, Spot>;
  readonly ecosystems: ReadonlyMap<EcosystemId, LayerRules>;
}

export function placeOf({ file, path }: Spot): PolicyPlace {
  return `${file.path}:${file.at(path).line}`;
}
