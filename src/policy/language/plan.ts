import type { EcosystemId, PackageName } from '../../model/artifact.ts';
import type { PolicyPlace } from '../../model/decision.ts';
import { type Digest, sha256 } from '../../model/digest.ts';
import type { Liftable } from '../../model/liftable.ts';
import type { VersionScheme } from '../../model/versions.ts';
import type { Pattern } from '../patterns.ts';
import { PolicyError, type PolicySource } from '../policy.ts';
import type { Mode, Requirements } from '../profile.ts';
import { compileLayer } from './compile.ts';
import { type Layer, type PolicyFile, placeOf, type Report } from './layer.ts';
import { flattened } from './layers.ts';
import { Problems, shapeProblems } from './problems.ts';
import { resolveAll } from './resolve.ts';
import type { Resolved, ResolvedRules } from './resolved.ts';
import { policySchema } from './schema.ts';
import { LOCKABLE } from './strictness.ts';
import { checkSources, compileUpstreams } from './upstreams.ts';
import { readYaml } from './yaml.ts';

/**
 * A policy that was read whole and found good, as plain data: it can be sent from one thread to another, and opened
 * piece by piece (`PolicyOpening`), so that no number of rules stops the event loop.
 */
export interface Plan {
  readonly digest: Digest;
  /** Sorted by path. */
  readonly sources: readonly PolicySource[];
  readonly pieces: readonly PlanPiece[];
}

/** At most so many rules, or names of pins, are in one piece. */
export const PIECE = 250;

/** `at` counts the pieces of a plan from 0: one that is missing must not go unnoticed, it may be a denial. */
export type PlanPiece = { readonly at: number } & Part;

type Part =
  | {
      readonly kind: 'head';
      readonly digest: Digest;
      readonly sources: readonly PolicySource[];
      /** How many pieces there are, this one among them. */
      readonly pieces: number;
      readonly profiles: readonly PlannedProfile[];
    }
  | (Of & {
      readonly kind: 'allow';
      /** What `rules` refer to by number. */
      readonly requirements: readonly Requirements[];
      readonly rules: readonly PlannedAllow[];
    })
  | (Of & { readonly kind: 'deny'; readonly rules: readonly PlannedDeny[] })
  | (Of & { readonly kind: 'internal'; readonly rules: readonly (readonly [Pattern, PolicyPlace])[] })
  | (Of & { readonly kind: 'pins'; readonly pins: readonly PlannedPin[] })
  | (Of & { readonly kind: 'waivers'; readonly waivers: readonly PlannedWaiver[] })
  | {
      readonly kind: 'upstreams';
      readonly ecosystem: EcosystemId;
      readonly names: readonly (readonly [Pattern, upstream: string, PolicyPlace])[];
    };

interface Of {
  readonly profile: string;
  readonly ecosystem: EcosystemId;
}

export interface PlannedProfile {
  readonly name: string;
  readonly mode: Mode;
  readonly until: number | null;
  readonly layers: readonly string[];
  readonly locked: readonly (readonly [key: string, PolicyPlace])[];
  readonly ecosystems: readonly (readonly [EcosystemId, Requirements])[];
}

export type PlannedAllow = readonly [
  pattern: Pattern,
  place: PolicyPlace,
  range: string | null,
  requirements: number,
  beyond: number,
];
export type PlannedDeny = readonly [
  pattern: Pattern,
  place: PolicyPlace,
  range: string | null,
  reason: string | null,
];
export type PlannedPin = readonly [
  name: PackageName,
  version: string,
  place: PolicyPlace,
  digests: readonly Digest[],
  single: boolean,
  keepsAge: boolean,
];
export interface PlannedWaiver {
  readonly name: PackageName;
  readonly version: string;
  readonly place: PolicyPlace;
  readonly lifts: Liftable;
  readonly digests: readonly Digest[];
  readonly single: boolean;
  readonly reason: string;
  readonly approver: string;
  readonly expires: number;
}

/**
 * Reads a whole policy, or throws PolicyError with every problem that was found (the first thousand): a policy is
 * complete and valid, or there is none. The order of `sources` does not matter.
 */
export function planOf(sources: readonly PolicySource[], schemes: readonly VersionScheme[]): Plan {
  const problems = new Problems();
  const sorted = sortedByPath(sources);
  const byProfile = readFiles(sorted, schemes, problems);
  const report: Report = (file, position, message) => problems.add({ path: file.path, ...position, message });
  const layers = new Map<string, Layer>();
  for (const [name, files] of byProfile) layers.set(name, compileLayer(name, files, schemes, report));
  const layering = flattened(layers, report);
  const upstreams = compileUpstreams(layers.values(), schemes, report);
  // What is wrong in a layer, or in their order, would be told again of every profile below.
  const profiles = problems.size > 0 ? new Map<string, Resolved>() : resolveAll(layering, report);
  // What a profile below the lock adds is said already.
  if (problems.size === 0) checkSources(upstreams, profiles.values(), report);
  if (problems.size > 0) throw new PolicyError(problems.sorted());

  const digest = digestOfSources(sorted);
  const parts = [...profiles.values()].flatMap((profile) => partsOf(profile));
  for (const [ecosystem, names] of upstreams) {
    const all = [...names.entries()].map(
      ([pattern, { upstream, place }]) => [pattern, upstream, place] as const,
    );
    for (const some of chunks(all)) parts.push({ kind: 'upstreams', ecosystem, names: some });
  }
  const head: Part = {
    kind: 'head',
    digest,
    sources: sorted,
    pieces: parts.length + 1,
    profiles: [...profiles.values()].map(plannedProfile),
  };
  return { digest, sources: sorted, pieces: [head, ...parts].map((part, at) => ({ at, ...part })) };
}

/** What tells one set of files from another, whether or not they make a policy: sha256 over paths and texts. */
export function digestOfSources(sources: readonly PolicySource[]): Digest {
  return sha256(textOfSources(sources));
}

/** What the digest is of: the JSON of every file's path and text, sorted by path. */
export function textOfSources(sources: readonly PolicySource[]): string {
  return JSON.stringify(sortedByPath(sources).map(({ path, text }) => [path, text]));
}

function sortedByPath(sources: readonly PolicySource[]): readonly PolicySource[] {
  return [...sources].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function readFiles(
  sorted: readonly PolicySource[],
  schemes: readonly VersionScheme[],
  problems: Problems,
): ReadonlyMap<string, PolicyFile[]> {
  if (sorted.length === 0) {
    problems.add({ path: '.', line: 1, column: 1, message: 'there is no policy file' });
  }
  const schema = policySchema(schemes.map((scheme) => scheme.ecosystem));
  const byProfile = new Map<string, PolicyFile[]>();
  let previous: string | undefined;
  for (const source of sorted) {
    if (source.path === previous) {
      problems.add({ path: source.path, line: 1, column: 1, message: 'the same file was given twice' });
    }
    previous = source.path;
    const file = readPolicyFile(source, schema, problems);
    if (!file) continue;
    const files = byProfile.get(file.input.profile);
    if (files) files.push(file);
    else byProfile.set(file.input.profile, [file]);
  }
  return byProfile;
}

function readPolicyFile(
  source: PolicySource,
  schema: ReturnType<typeof policySchema>,
  problems: Problems,
): PolicyFile | null {
  const file = readYaml(source);
  if ('problems' in file) {
    problems.addAll(file.problems);
    return null;
  }
  const parsed = schema.safeParse(file.data);
  if (parsed.success) return { ...file, input: parsed.data };
  problems.addAll(shapeProblems(file, parsed.error.issues));
  return null;
}

function plannedProfile({ layer, mode, until, layers, ecosystems }: Resolved): PlannedProfile {
  return {
    name: layer.name,
    mode,
    until,
    layers: layers.map(({ name }) => name),
    locked: LOCKABLE.flatMap((key) => {
      const spot = layer.locked.get(key);
      return spot ? [[key, placeOf(spot)] as const] : [];
    }),
    ecosystems: [...ecosystems].map(([id, { requirements }]) => [id, requirements] as const),
  };
}

function partsOf({ layer, ecosystems }: Resolved): Part[] {
  return [...ecosystems].flatMap(([ecosystem, rules]) => {
    const of: Of = { profile: layer.name, ecosystem };
    return [
      ...chunks([...rules.allow.entries()].map(([, rule]) => rule)).map((some) => ({
        kind: 'allow' as const,
        ...of,
        ...plannedAllow(some),
      })),
      ...chunks(rules.deny).map((some) => ({
        kind: 'deny' as const,
        ...of,
        rules: some.map(({ pattern, place, range, reason }): PlannedDeny => [pattern, place, range, reason]),
      })),
      ...chunks([...rules.internal.entries()]).map((some) => ({
        kind: 'internal' as const,
        ...of,
        rules: some,
      })),
      ...chunks(plannedPins(rules)).map((pins) => ({ kind: 'pins' as const, ...of, pins })),
      ...chunks(plannedWaivers(rules)).map((waivers) => ({ kind: 'waivers' as const, ...of, waivers })),
    ];
  });
}

function plannedAllow(
  rules: readonly {
    readonly pattern: Pattern;
    readonly place: PolicyPlace;
    readonly range: string | null;
    readonly requirements: Requirements;
    readonly beyond: Requirements;
  }[],
): { readonly requirements: readonly Requirements[]; readonly rules: readonly PlannedAllow[] } {
  const numbers = new Map<Requirements, number>();
  const numberOf = (requirements: Requirements): number => {
    const number = numbers.get(requirements) ?? numbers.size;
    numbers.set(requirements, number);
    return number;
  };
  const planned = rules.map(
    ({ pattern, place, range, requirements, beyond }): PlannedAllow => [
      pattern,
      place,
      range,
      numberOf(requirements),
      numberOf(beyond),
    ],
  );
  return { requirements: [...numbers.keys()], rules: planned };
}

function plannedPins({ pins }: ResolvedRules): PlannedPin[] {
  return [...pins].flatMap(([name, versions]) =>
    [...versions].map(
      ([version, { place, digests, single, keepsAge }]): PlannedPin => [
        name,
        version,
        place,
        [...digests],
        single,
        keepsAge,
      ],
    ),
  );
}

function plannedWaivers({ waivers }: ResolvedRules): PlannedWaiver[] {
  return [...waivers].flatMap(([name, versions]) =>
    [...versions].flatMap(([version, all]) =>
      all.map(({ spot, digests, ...waiver }) => ({ name, version, ...waiver, digests: [...digests] })),
    ),
  );
}

function chunks<T>(all: readonly T[]): T[][] {
  const found: T[][] = [];
  for (let i = 0; i < all.length; i += PIECE) found.push(all.slice(i, i + PIECE));
  return found;
}
