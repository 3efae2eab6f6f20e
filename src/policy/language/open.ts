import type { EcosystemId, PackageName } from '../../model/artifact.ts';
import type { PolicyPlace } from '../../model/decision.ts';
import type { VersionRange, VersionScheme } from '../../model/versions.ts';
import { type Pattern, PatternMap } from '../patterns.ts';
import type { NamedUpstream, Policy } from '../policy.ts';
import type { AllowRule, DenyRule, EcosystemRules, Pin, Profile, Requirements, Waiver } from '../profile.ts';
import type { PlannedProfile, PlanPiece } from './plan.ts';
import { VersionMap } from './version-map.ts';

/** A rule set in the making; `EcosystemRules` is its read-only view. */
interface Draft {
  readonly scheme: VersionScheme;
  readonly requirements: Requirements;
  readonly allow: PatternMap<AllowRule>;
  readonly deny: PatternMap<DenyRule[]>;
  readonly internal: PatternMap<PolicyPlace>;
  readonly pins: Map<PackageName, VersionMap<Pin>>;
  readonly waivers: Map<PackageName, VersionMap<Waiver[]>>;
}

type Head = Extract<PlanPiece, { kind: 'head' }>;
type Of<K extends PlanPiece['kind']> = Extract<PlanPiece, { kind: K }>;

/**
 * Puts the pieces of a plan together again, in their order, each in a millisecond or two: between two of them the
 * event loop may go on. Throws where a piece is missing, comes twice, or is of another plan.
 */
export class PolicyOpening {
  readonly #schemes: ReadonlyMap<EcosystemId, VersionScheme>;
  readonly #drafts = new Map<string, Map<EcosystemId, Draft>>();
  readonly #upstreams = new Map<EcosystemId, PatternMap<NamedUpstream>>();
  #head: Head | null = null;
  #added = 0;

  constructor(schemes: readonly VersionScheme[]) {
    this.#schemes = new Map(schemes.map((scheme) => [scheme.ecosystem, scheme]));
    for (const { ecosystem } of schemes) this.#upstreams.set(ecosystem, new PatternMap());
  }

  add(piece: PlanPiece): void {
    if (piece.at !== this.#added || (piece.kind === 'head') !== (piece.at === 0)) {
      throw new Error(`piece ${piece.at} of a policy came where piece ${this.#added} was due`);
    }
    this.#added += 1;
    switch (piece.kind) {
      case 'head':
        this.#head = piece;
        for (const profile of piece.profiles) this.#begin(profile);
        return;
      case 'allow':
        this.#addAllow(piece);
        return;
      case 'deny':
        this.#addDeny(piece);
        return;
      case 'internal': {
        const { internal } = this.#draft(piece);
        for (const [pattern, place] of piece.rules) internal.set(pattern, place);
        return;
      }
      case 'pins':
        this.#addPins(piece);
        return;
      case 'waivers':
        this.#addWaivers(piece);
        return;
      case 'upstreams': {
        const names = this.#upstreams.get(piece.ecosystem);
        if (!names) throw new Error(`there is no ecosystem ${piece.ecosystem}`);
        for (const [pattern, upstream, place] of piece.names) names.set(pattern, { upstream, place });
        return;
      }
    }
  }

  finish(): Policy {
    const head = this.#head;
    if (head === null || head.pieces !== this.#added) {
      throw new Error(`a policy of ${head?.pieces ?? 'unknown many'} pieces ended after ${this.#added}`);
    }
    const profiles = new Map<string, Profile>();
    for (const { name, mode, until, layers, locked } of head.profiles) {
      const ecosystems: ReadonlyMap<EcosystemId, EcosystemRules> = this.#drafts.get(name) ?? new Map();
      profiles.set(name, { name, mode, until, layers, locked: new Map(locked), ecosystems });
    }
    return { digest: head.digest, profiles, upstreams: this.#upstreams, sources: head.sources };
  }

  #begin({ name, ecosystems }: PlannedProfile): void {
    const drafts = new Map<EcosystemId, Draft>();
    for (const [id, requirements] of ecosystems) {
      const scheme = this.#schemes.get(id);
      if (!scheme) throw new Error(`there is no ecosystem ${id}`);
      drafts.set(id, {
        scheme,
        requirements,
        allow: new PatternMap(),
        deny: new PatternMap(),
        internal: new PatternMap(),
        pins: new Map(),
        waivers: new Map(),
      });
    }
    this.#drafts.set(name, drafts);
  }

  #addAllow(piece: Of<'allow'>): void {
    const { allow, scheme } = this.#draft(piece);
    for (const [pattern, place, text, own, outside] of piece.rules) {
      const requirements = piece.requirements[own];
      const beyond = piece.requirements[outside];
      if (!requirements || !beyond) throw new Error(`the rule at ${place} has no requirements`);
      const range = text === null ? null : new LazyRange(text, scheme, 'allow');
      allow.set(pattern, { place, range, requirements, beyond });
    }
  }

  #addDeny(piece: Of<'deny'>): void {
    const { deny, scheme } = this.#draft(piece);
    for (const [pattern, place, text, reason] of piece.rules) {
      const range = text === null ? null : new LazyRange(text, scheme, 'deny');
      push(deny, pattern, { place, reason, range });
    }
  }

  #addPins(piece: Of<'pins'>): void {
    const { pins, scheme } = this.#draft(piece);
    for (const [name, version, place, digests, single, keepsAge] of piece.pins) {
      const versions = pins.get(name) ?? new VersionMap<Pin>(scheme);
      pins.set(name, versions);
      versions.set(version, { place, digests: new Set(digests), single, keepsAge });
    }
  }

  #addWaivers(piece: Of<'waivers'>): void {
    const { waivers, scheme } = this.#draft(piece);
    for (const { name, version, digests, ...rest } of piece.waivers) {
      const versions = waivers.get(name) ?? new VersionMap<Waiver[]>(scheme);
      waivers.set(name, versions);
      const waiver = { ...rest, digests: new Set(digests) };
      const there = versions.get(version);
      if (there) there.push(waiver);
      else versions.set(version, [waiver]);
    }
  }

  #draft({ profile, ecosystem }: { readonly profile: string; readonly ecosystem: EcosystemId }): Draft {
    const draft = this.#drafts.get(profile)?.get(ecosystem);
    if (!draft) throw new Error(`there is no profile ${profile} with ecosystem ${ecosystem}`);
    return draft;
  }
}

/** Several entries may speak of one name. */
function push(deny: PatternMap<DenyRule[]>, pattern: Pattern, rule: DenyRule): void {
  const there = deny.get(pattern);
  if (there) there.push(rule);
  else deny.set(pattern, [rule]);
}

/**
 * A range that is parsed when it is first asked. Its text was found good when the plan was made; were it unreadable
 * here, an allow rule would have no version, and a denial every one.
 */
class LazyRange implements VersionRange {
  readonly text: string;
  readonly #scheme: VersionScheme;
  readonly #of: 'allow' | 'deny';
  #range: VersionRange | null | undefined;

  constructor(text: string, scheme: VersionScheme, of: 'allow' | 'deny') {
    this.text = text;
    this.#scheme = scheme;
    this.#of = of;
  }

  has(version: string): boolean {
    this.#range ??= this.#scheme.parseRange(this.text, { prereleases: this.#of === 'deny' });
    return this.#range?.has(version) ?? this.#of === 'deny';
  }
}
