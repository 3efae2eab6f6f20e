import type { EcosystemId, PackageName } from '../../model/artifact.ts';
import { algorithmOf, type Digest } from '../../model/digest.ts';
import { parsePinDigests, parsePinned } from '../pins.ts';
import type { Pin } from '../profile.ts';
import { type LayerPin, type LayerRules, type PolicyFile, placeOf, type Report } from './layer.ts';
import { type PinInput, subjectOf, type WaiverInput } from './schema.ts';
import { VersionMap } from './version-map.ts';
import type { DataPath } from './yaml.ts';

/** An entry that is about one version and the digests of its file or files. */
export interface Bound {
  readonly rules: LayerRules;
  readonly name: PackageName;
  readonly version: string;
  readonly digests: Set<Digest>;
  /** See Pin.single. */
  readonly single: boolean;
}

export function compilePins(
  file: PolicyFile,
  ecosystems: ReadonlyMap<EcosystemId, LayerRules>,
  report: Report,
): void {
  for (const [i, input] of (file.input.pins ?? []).entries()) {
    const path = ['pins', i];
    const bound = readBound(input, path, file, ecosystems, report);
    if (!bound) continue;
    const { rules, name, version, digests, single } = bound;
    const spot = { file, path };
    const pin = { place: placeOf(spot), spot, digests, single, keepsAge: false };
    const versions = rules.pins.get(name) ?? new VersionMap<LayerPin>(rules.scheme);
    rules.pins.set(name, versions);
    const before = versions.get(version);
    if (before && !arePinsOfOne(before, pin)) {
      report(file, file.at(path), `does not pin the same artifact as the pin at ${before.place}`);
    } else if (before) {
      versions.set(version, { ...before, ...pinTogether(before, pin) });
    } else {
      versions.set(version, pin);
    }
  }
}

/** Two lockfiles may pin the same artifact; an SRI string is of one file, so it must be the same one. */
export function arePinsOfOne(a: Pin, b: Pin): boolean {
  if (!a.single && !b.single) return true;
  const together = new Set([...a.digests, ...b.digests]);
  return together.size < a.digests.size + b.digests.size && together.size === algorithms(together);
}

/** Both pins of one version as one. What the second one adds is as young as the second one lets it be. */
export function pinTogether(first: Pin, second: Pin): Pin & { readonly digests: Set<Digest> } {
  const adds = [...second.digests].some((digest) => !first.digests.has(digest));
  return {
    place: first.place,
    digests: new Set([...first.digests, ...second.digests]),
    single: first.single || second.single,
    keepsAge: first.keepsAge || (adds && second.keepsAge),
  };
}

export function readBound(
  input: PinInput | WaiverInput,
  path: DataPath,
  file: PolicyFile,
  ecosystems: ReadonlyMap<EcosystemId, LayerRules>,
  report: Report,
): Bound | null {
  const subject = subjectOf(input, ecosystems.keys());
  const rules = subject && ecosystems.get(subject.id);
  const pinned = rules ? parsePinned(subject.text, rules.scheme) : { problem: 'names no ecosystem' };
  const digests = parsePinDigests(input);
  if ('problem' in pinned) report(file, file.at(path), pinned.problem);
  if ('problem' in digests) report(file, file.at(path), digests.problem);
  if (!rules || 'problem' in pinned || 'problem' in digests) return null;
  return { rules, ...pinned, digests, single: input.integrity !== undefined };
}

function algorithms(digests: ReadonlySet<Digest>): number {
  return new Set([...digests].map(algorithmOf)).size;
}
