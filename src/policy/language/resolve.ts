import type { EcosystemId, PackageName } from '../../model/artifact.ts';
import type { PolicyPlace } from '../../model/decision.ts';
import { PatternMap } from '../patterns.ts';
import { STRICT } from '../profile.ts';
import { overridden } from '../requirements.ts';
import { arePinsOfOne, pinTogether } from './compile-pins.ts';
import { addWaiver } from './compile-waivers.ts';
import type { Layer, LayerAllow, LayerPin, LayerRules, LayerWaiver, Report, Spot } from './layer.ts';
import type { Layering } from './layers.ts';
import { type Lock, Locks } from './locks.ts';
import type { Resolved, ResolvedAllow, ResolvedRules } from './resolved.ts';
import type { RequirementKey } from './strictness.ts';
import { VersionMap } from './version-map.ts';

/**
 * Puts the layers of every profile together, and holds each layer to what others have locked. Problems go to
 * `report`; where there was one, the caller throws the result away.
 */
export function resolveAll(layering: Layering, report: Report): ReadonlyMap<string, Resolved> {
  const done = new Map<string, Resolved>();
  const resolve = (name: string, layers: readonly Layer[]): Resolved | null => {
    const before = done.get(name);
    if (before) return before;
    const layer = layers.at(-1);
    if (!layer) return null;
    const locks: Lock[] = [];
    for (const upper of layers) {
      if (upper === layer || upper.locked.size === 0) continue;
      const above = layering.get(upper.name);
      const resolved = above && resolve(upper.name, above);
      if (above && resolved) locks.push({ by: resolved, free: new Set(above) });
    }
    const resolved = together(layer, layers, new Locks(locks, report), report);
    done.set(name, resolved);
    return resolved;
  };
  for (const [name, layers] of layering) resolve(name, layers);
  return done;
}

function together(layer: Layer, layers: readonly Layer[], locks: Locks, report: Report): Resolved {
  let said: Pick<Layer, 'mode' | 'until'> | null = null;
  for (const one of layers) {
    locks.checkMode(one);
    locks.checkAdditions(one);
    if (one.mode) said = one;
  }
  const ecosystems = new Map<EcosystemId, ResolvedRules>();
  for (const id of layer.ecosystems.keys()) {
    const own = layers.flatMap((one): [Layer, LayerRules][] => {
      const rules = one.ecosystems.get(id);
      return rules ? [[one, rules]] : [];
    });
    ecosystems.set(id, rulesOf(id, layer, own, locks, report));
  }
  const mode = said?.mode ?? null;
  return {
    layer,
    layers,
    mode: mode?.value ?? 'enforce',
    modeAt: mode?.spot ?? null,
    until: said?.until?.value ?? null,
    ecosystems,
  };
}

function rulesOf(
  id: EcosystemId,
  layer: Layer,
  own: readonly [Layer, LayerRules][],
  locks: Locks,
  report: Report,
): ResolvedRules {
  let requirements = STRICT;
  const saidAt = new Map<RequirementKey, Spot>();
  for (const [one, { said, saidAt: at }] of own) {
    locks.checkRequirements(id, one, said, at);
    requirements = overridden(requirements, said);
    for (const [key, spot] of at) saidAt.set(key, spot);
  }
  requirements = locks.profile(id, requirements, layer);

  const lowest = new PatternMap<[Layer, LayerAllow]>();
  for (const [one, { allow }] of own)
    for (const [pattern, rule] of allow.entries()) lowest.set(pattern, [one, rule]);
  for (const [one, { allow }] of own) {
    // Also of a rule that a lower layer replaces: a looser word is a problem wherever it stands.
    for (const [, rule] of allow.entries()) locks.checkRule(id, one, rule);
  }
  const allow = new PatternMap<ResolvedAllow>();
  for (const [pattern, [one, { place, spot, range, said }]] of lowest.entries()) {
    const tight = locks.rule(id, one, pattern, range, overridden(requirements, said));
    const beyond = locks.rule(id, one, pattern, undefined, requirements);
    allow.set(pattern, { pattern, place, spot, range, requirements: tight, beyond });
  }

  const internal = new PatternMap<PolicyPlace>();
  const pins = new Map<PackageName, VersionMap<LayerPin>>();
  const waivers = new Map<PackageName, VersionMap<LayerWaiver[]>>();
  for (const [one, rules] of own) {
    for (const [pattern, place] of rules.internal.entries()) {
      if (internal.get(pattern) === undefined) internal.set(pattern, place);
    }
    addPins(one, rules, pins, locks, report);
    addWaivers(one, rules, waivers, locks, report);
    for (const name of rules.pins.keys()) {
      const rule = allow.best(name)?.value;
      if (rule) rule.beyond = locks.pinned(id, one, name, rule.beyond);
    }
  }
  return {
    requirements,
    saidAt,
    allow,
    deny: own.flatMap(([, { deny }]) => deny),
    internal,
    pins,
    waivers,
  };
}

function addPins(
  layer: Layer,
  { pins, scheme }: LayerRules,
  to: Map<PackageName, VersionMap<LayerPin>>,
  locks: Locks,
  report: Report,
): void {
  for (const [name, versions] of pins) {
    const there = to.get(name) ?? new VersionMap<LayerPin>(scheme);
    to.set(name, there);
    for (const [version, own] of versions) {
      const pin = locks.binds(layer, 'age') ? { ...own, keepsAge: true } : own;
      const before = there.get(version);
      if (before && !arePinsOfOne(before, pin)) {
        report(
          pin.spot.file,
          pin.spot.file.at(pin.spot.path),
          `does not pin the same artifact as the pin at ${before.place}`,
        );
      } else {
        there.set(version, before ? { ...before, ...pinTogether(before, pin) } : pin);
      }
    }
  }
}

function addWaivers(
  layer: Layer,
  { waivers, scheme }: LayerRules,
  to: Map<PackageName, VersionMap<LayerWaiver[]>>,
  locks: Locks,
  report: Report,
): void {
  for (const [name, versions] of waivers) {
    const there = to.get(name) ?? new VersionMap<LayerWaiver[]>(scheme);
    to.set(name, there);
    for (const [version, all] of versions) {
      for (const waiver of all) {
        locks.checkWaiver(layer, waiver);
        addWaiver(there, version, waiver, report);
      }
    }
  }
}
