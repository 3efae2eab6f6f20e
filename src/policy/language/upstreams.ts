import type { EcosystemId } from '../../model/artifact.ts';
import type { VersionScheme } from '../../model/versions.ts';
import { type Pattern, PatternMap } from '../patterns.ts';
import type { NamedUpstream } from '../policy.ts';
import { readSubject } from './compile-rules.ts';
import { type Layer, placeOf, type Report, type Spot } from './layer.ts';
import type { Resolved } from './resolved.ts';
import { quoted } from './words.ts';

type Named = NamedUpstream & {
  readonly pattern: Pattern;
  readonly written: string;
  readonly spot: Spot;
  readonly layer: Layer;
};

/** By ecosystem, with where each stands. */
export type NamedUpstreams = ReadonlyMap<EcosystemId, PatternMap<Named>>;

/**
 * Which names come from which private upstream, of all profiles together: a package has one source, whoever asks.
 * Two patterns that take in a name in common must name the same upstream, or the answer would depend on the reader.
 */
export function compileUpstreams(
  layers: Iterable<Layer>,
  schemes: readonly VersionScheme[],
  report: Report,
): NamedUpstreams {
  const found = new Map<EcosystemId, PatternMap<Named>>();
  for (const { ecosystem } of schemes) found.set(ecosystem, new PatternMap());
  for (const layer of layers) {
    const { files, ecosystems } = layer;
    for (const file of files) {
      for (const [i, input] of (file.input.upstreams ?? []).entries()) {
        const path = ['upstreams', i];
        const subject = readSubject(input, path, file, ecosystems, report);
        if (!subject) continue;
        const { id, pattern, written } = subject;
        const spot = { file, path: [...path, id] };
        if (pattern.prefix && pattern.text === '') {
          report(
            file,
            file.at(spot.path),
            'would take in every name: that upstream belongs into the configuration',
          );
          continue;
        }
        const named = {
          upstream: input.upstream,
          place: placeOf({ file, path }),
          pattern,
          written,
          spot,
          layer,
        };
        const map = found.get(id);
        const before = map?.get(pattern);
        if (before) contradiction(named, before, report);
        else map?.set(pattern, named);
      }
    }
  }
  for (const map of found.values()) checkOverlaps(map, report);
  return found;
}

/**
 * What a profile that locks `allow` lets in comes from where its own layers say: a profile beside it, which no lock binds,
 * could otherwise let in other packages in their names.
 */
export function checkSources(
  upstreams: NamedUpstreams,
  profiles: Iterable<Pick<Resolved, 'layer' | 'layers' | 'ecosystems'>>,
  report: Report,
): void {
  for (const { layer, layers, ecosystems } of profiles) {
    const lock = layer.locked.get('allow');
    if (!lock) continue;
    for (const [id, map] of upstreams) {
      const rules = ecosystems.get(id);
      if (!rules) continue;
      const foreign = [...map.entries()].filter(([, { layer: by }]) => !layers.includes(by));
      if (foreign.length === 0) continue;
      const admitted = [...rules.allow.entries()].map(([pattern]) => lowered(pattern));
      for (const name of rules.pins.keys()) admitted.push(lowered({ text: name, prefix: false }));
      for (const [, { pattern, written, spot }] of foreign) {
        const lower = lowered(pattern);
        if (!admitted.some((one) => haveOneInCommon(one, lower))) continue;
        report(
          spot.file,
          spot.file.at(spot.path),
          `${quoted(written)} takes in what ${layer.name} admits, and allow is locked at ${placeOf(lock)}: say it there`,
        );
      }
    }
  }
}

/** Upstreams are looked up in every case of a name's letters. */
function lowered({ text, prefix }: Pattern): Pattern {
  return { text: text.toLowerCase(), prefix };
}

function haveOneInCommon(a: Pattern, b: Pattern): boolean {
  if (a.prefix && b.text.startsWith(a.text)) return true;
  return b.prefix ? a.text.startsWith(b.text) : !a.prefix && a.text === b.text;
}

/** Of two patterns that have a name in common one takes in all of the other. */
function checkOverlaps(map: PatternMap<Named>, report: Report): void {
  for (const [pattern, named] of map.entries()) {
    for (const wider of map.all(pattern.text)) {
      // A prefix is no name: what is said of the name that it spells is not said of it.
      if (wider === named || (pattern.prefix && !wider.pattern.prefix)) continue;
      contradiction(named, wider, report);
    }
  }
}

function contradiction(named: Named, before: Named, report: Report): void {
  if (named.upstream === before.upstream) return;
  const { file, path } = named.spot;
  report(
    file,
    file.at(path),
    `${quoted(named.written)} comes from ${named.upstream} here, and from ${before.upstream} at ${before.place}`,
  );
}
