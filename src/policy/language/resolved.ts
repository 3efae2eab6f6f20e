import type { EcosystemId, PackageName } from '../../model/artifact.ts';
import type { PolicyPlace } from '../../model/decision.ts';
import type { Pattern, PatternMap } from '../patterns.ts';
import type { Mode, Requirements } from '../profile.ts';
import type { Layer, LayerDeny, LayerPin, LayerWaiver, Spot } from './layer.ts';
import type { RequirementKey } from './strictness.ts';
import type { VersionMap } from './version-map.ts';

/** An allow rule of a profile, with what holds for it after all layers. */
export interface ResolvedAllow {
  readonly pattern: Pattern;
  readonly place: PolicyPlace;
  readonly spot: Spot;
  readonly range: string | null;
  readonly requirements: Requirements;
  beyond: Requirements;
}

/** What all layers of a profile together say of one ecosystem. */
export interface ResolvedRules {
  readonly requirements: Requirements;
  /** Where the requirements are said that are not the default. */
  readonly saidAt: ReadonlyMap<RequirementKey, Spot>;
  readonly allow: PatternMap<ResolvedAllow>;
  readonly deny: readonly LayerDeny[];
  readonly internal: PatternMap<PolicyPlace>;
  readonly pins: ReadonlyMap<PackageName, VersionMap<LayerPin>>;
  readonly waivers: ReadonlyMap<PackageName, VersionMap<LayerWaiver[]>>;
}

/** One profile after its layers were put together. */
export interface Resolved {
  readonly layer: Layer;
  readonly layers: readonly Layer[];
  readonly mode: Mode;
  /** Where the mode is said; null for the default. */
  readonly modeAt: Spot | null;
  readonly until: number | null;
  readonly ecosystems: ReadonlyMap<EcosystemId, ResolvedRules>;
}
