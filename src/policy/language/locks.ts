import type { EcosystemId } from '../../model/artifact.ts';
import type { PolicyPlace } from '../../model/decision.ts';
import type { Pattern } from '../patterns.ts';
import type { Requirements } from '../profile.ts';
import { overridden } from '../requirements.ts';
import { type Layer, type LayerAllow, type LayerWaiver, placeOf, type Report, type Spot } from './layer.ts';
import type { Resolved, ResolvedAllow, ResolvedRules } from './resolved.ts';
import type { RequirementsInput } from './schema.ts';
import {
  isAsStrict,
  isModeAsStrict,
  type Lockable,
  REQUIREMENT_KEYS,
  type RequirementKey,
  tightened,
} from './strictness.ts';

/** A layer that has locked something. */
export interface Lock {
  /** Its profile, resolved: what it asks, with what its own upper layers ask. */
  readonly by: Resolved;
  /** The layers that it is made of. All others it binds, wherever they stand: an order cannot get around a lock. */
  readonly free: ReadonlySet<Layer>;
}

/**
 * What the locks of a profile's layers ask of each of its layers. The `check` methods report words that are looser
 * than what is locked; the others make strict what a layer does not say.
 */
export class Locks {
  readonly #locks: readonly Lock[];
  readonly #report: Report;

  constructor(locks: readonly Lock[], report: Report) {
    this.#locks = locks;
    this.#report = report;
  }

  /** Whether a layer is below a lock of this key. */
  binds(layer: Layer, key: Lockable): boolean {
    return this.#locks.some(({ by, free }) => by.layer.locked.has(key) && !free.has(layer));
  }

  /**
   * A looser mode where the mode is locked; and under any lock a learning mode, or one that ends later, because it
   * would pass over what is locked.
   */
  checkMode(layer: Layer): void {
    const { mode, until } = layer;
    if (!mode) return;
    for (const { by, free } of this.#locks) {
      if (free.has(layer)) continue;
      const lock = by.layer.locked.get('mode');
      const [[key, first] = []] = by.layer.locked;
      const its = by.modeAt ? placeOf(by.modeAt) : by.layer.name;
      if (lock && !isModeAsStrict(mode.value, by.mode)) {
        this.#say(
          mode.spot,
          `mode ${mode.value} is looser than mode ${by.mode} of ${its}, and mode is locked at ${placeOf(lock)}`,
        );
      } else if (first && mode.value === 'observe' && by.mode !== 'observe') {
        this.#say(mode.spot, `mode observe would pass over ${key}, which is locked at ${placeOf(first)}`);
      } else if (first && until && mode.value === 'observe' && until.value > (by.until ?? 0)) {
        this.#say(
          until.spot,
          `until is later than that of ${its}, and ${key} is locked at ${placeOf(lock ?? first)}`,
        );
      }
    }
  }

  /** Rules, pins, waivers and sources of packages, where `allow` is locked. */
  checkAdditions(layer: Layer): void {
    for (const { by, free } of this.#locks) {
      const lock = by.layer.locked.get('allow');
      if (!lock || free.has(layer)) continue;
      for (const file of layer.files) {
        for (const key of ['allow', 'pins', 'waivers', 'upstreams'] as const) {
          if ((file.input[key]?.length ?? 0) === 0) continue;
          this.#report(
            file,
            file.atKey([], key),
            `${key}: nothing may be added below ${by.layer.name}: allow is locked at ${placeOf(lock)}`,
          );
        }
      }
    }
  }

  /** What a layer says of an ecosystem's requirements. */
  checkRequirements(
    id: EcosystemId,
    layer: Layer,
    said: RequirementsInput,
    saidAt: ReadonlyMap<RequirementKey, Spot>,
  ): void {
    this.#each(id, layer, (rules, keys, by) => {
      const words = overridden(rules.requirements, said);
      for (const key of keys) {
        const spot = saidAt.get(key);
        if (spot) this.#compare(key, words, rules.requirements, spot, placeOfRequirement(by, rules, key), by);
      }
    });
  }

  /** What a rule says of the names that it is about. */
  checkRule(id: EcosystemId, layer: Layer, { pattern, range, said, spot }: LayerAllow): void {
    if (said === undefined) return;
    this.#each(id, layer, (rules, keys, by) => {
      const asked = askedOf(rules, pattern, range);
      for (const key of keys) {
        if (said[key] === undefined) continue;
        const at = { file: spot.file, path: [...spot.path, 'requirements', key] };
        const place = ruleOver(rules, pattern)?.place ?? placeOfRequirement(by, rules, key);
        // One problem is enough of one word.
        const looser = asked.find((one) => !isAsStrict(key, overridden(one, said), one));
        if (looser) this.#compare(key, overridden(looser, said), looser, at, place, by);
      }
    });
  }

  checkWaiver(layer: Layer, { lifts, spot }: LayerWaiver): void {
    if (lifts === 'metadata') return;
    for (const { by, free } of this.#locks) {
      const lock = by.layer.locked.get(lifts);
      if (!lock || free.has(layer)) continue;
      this.#say(spot, `${lifts} cannot be lifted below ${by.layer.name}: it is locked at ${placeOf(lock)}`);
    }
  }

  /** The requirements of the whole profile, at least as strict as each lock's own. */
  profile(id: EcosystemId, requirements: Requirements, layer: Layer): Requirements {
    let result = requirements;
    this.#each(id, layer, (rules, keys) => {
      result = tightened(result, rules.requirements, keys);
    });
    this.#each(id, layer, (rules, keys, by) => {
      for (const key of keys) {
        if (isAsStrict(key, result, rules.requirements)) continue;
        const [spot] = layer.extends.map(({ spot }) => spot);
        if (!spot) continue;
        this.#say(spot, `two upper layers ask for different ${key}, and it is locked ${lockPlace(by, key)}`);
      }
    });
    return result;
  }

  /**
   * The requirements of a layer's rule, at least as strict as what is asked of the same names and versions. `range`: of
   * the rule's versions, null for all; undefined for those that it leaves out.
   */
  rule(
    id: EcosystemId,
    layer: Layer,
    pattern: Pattern,
    range: string | null | undefined,
    requirements: Requirements,
  ): Requirements {
    let result = requirements;
    this.#each(id, layer, (rules, keys) => {
      for (const asked of askedOf(rules, pattern, range)) result = tightened(result, asked, keys);
    });
    return result;
  }

  /** What holds for versions of a name that a layer pins outside of a rule's range. */
  pinned(id: EcosystemId, layer: Layer, name: string, requirements: Requirements): Requirements {
    return this.rule(id, layer, { text: name, prefix: false }, undefined, requirements);
  }

  #each(
    id: EcosystemId,
    layer: Layer,
    visit: (rules: ResolvedRules, keys: readonly RequirementKey[], by: Resolved) => void,
  ): void {
    for (const { by, free } of this.#locks) {
      if (free.has(layer)) continue;
      const rules = by.ecosystems.get(id);
      const keys = REQUIREMENT_KEYS.filter((key) => by.layer.locked.has(key));
      if (rules && keys.length > 0) visit(rules, keys, by);
    }
  }

  #compare(
    key: RequirementKey,
    words: Requirements,
    asked: Requirements,
    spot: Spot,
    place: PolicyPlace,
    by: Resolved,
  ): void {
    if (isAsStrict(key, words, asked)) return;
    const looser = isAsStrict(key, asked, words) ? 'is looser than' : 'is not stricter than';
    this.#say(
      spot,
      `${key} ${looser} what ${place} asks of the same names, and it is locked ${lockPlace(by, key)}`,
    );
  }

  #say({ file, path }: Spot, message: string): void {
    this.#report(file, file.at(path), message);
  }
}

/**
 * All that is asked of the versions that a range takes in: what a rule says of its own versions is said of no others. Two
 * ranges are the same only where they are the same text.
 */
function askedOf(
  rules: ResolvedRules,
  pattern: Pattern,
  range: string | null | undefined,
): readonly Requirements[] {
  const rule = ruleOver(rules, pattern);
  if (!rule) return [rules.requirements];
  const { requirements, beyond } = rule;
  return rule.range === null || rule.range === range ? [requirements] : [requirements, beyond];
}

/** The most specific rule that takes in every name of a pattern. */
function ruleOver(rules: ResolvedRules, pattern: Pattern): ResolvedAllow | null {
  return rules.allow.over(pattern);
}

function placeOfRequirement(
  { layer }: Resolved,
  { saidAt }: ResolvedRules,
  key: RequirementKey,
): PolicyPlace {
  const spot = saidAt.get(key);
  return spot ? placeOf(spot) : `the default of ${layer.name}`;
}

function lockPlace({ layer }: Resolved, key: Lockable): string {
  const spot = layer.locked.get(key);
  return spot ? `at ${placeOf(spot)}` : `by ${layer.name}`;
}
