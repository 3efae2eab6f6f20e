import type { EcosystemId } from '../../model/artifact.ts';
import { readBound } from './compile-pins.ts';
import { parseEnd } from './instants.ts';
import { type LayerRules, type LayerWaiver, type PolicyFile, placeOf, type Report } from './layer.ts';
import { VersionMap } from './version-map.ts';

export function compileWaivers(
  file: PolicyFile,
  ecosystems: ReadonlyMap<EcosystemId, LayerRules>,
  report: Report,
): void {
  for (const [i, input] of (file.input.waivers ?? []).entries()) {
    const path = ['waivers', i];
    const bound = readBound(input, path, file, ecosystems, report);
    if (!bound) continue;
    const { rules, name, version, digests, single } = bound;
    const spot = { file, path };
    const waiver: LayerWaiver = {
      place: placeOf(spot),
      spot,
      lifts: input.lifts,
      digests,
      single,
      reason: input.reason,
      approver: input.approver,
      // The schema has accepted the text; were it ever unreadable here, it would have expired already.
      expires: parseEnd(input.expires) ?? Number.NEGATIVE_INFINITY,
    };
    const versions = rules.waivers.get(name) ?? new VersionMap<LayerWaiver[]>(rules.scheme);
    rules.waivers.set(name, versions);
    addWaiver(versions, version, waiver, report);
  }
}

/** Two waivers of one thing would end at two times, for two reasons: which one is meant? */
export function addWaiver(
  versions: VersionMap<LayerWaiver[]>,
  version: string,
  waiver: LayerWaiver,
  report: Report,
): void {
  const there = versions.get(version);
  if (there === undefined) {
    versions.set(version, [waiver]);
    return;
  }
  const same = there.find(
    ({ lifts, digests }) =>
      lifts === waiver.lifts && [...digests].some((digest) => waiver.digests.has(digest)),
  );
  if (same) {
    const { file, path } = waiver.spot;
    report(
      file,
      file.at(path),
      `${waiver.lifts} of this artifact is lifted already, by the waiver at ${same.place}`,
    );
  }
  there.push(waiver);
}
