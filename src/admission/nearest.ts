import type { PackageId } from '../model/artifact.ts';
import type { VersionScheme } from '../model/versions.ts';
import type { Asked } from './admission.ts';
import { heldOf } from './evidence/held.ts';
import type { FactsCache } from './facts.ts';
import { type Indexes, type UsableIndex, withheldFrom } from './indexes.ts';
import type { Ports } from './ports.ts';

/**
 * The version that would be admitted instead: the highest stable one at or below the one asked for, else the
 * highest stable one, else the highest. null where nothing is, or where it cannot be told: it is a courtesy
 * of a refusal, never a reason to fail it. `except`: not the one asked for, though its listing is in order.
 */
export async function nearestAllowed(
  ports: Ports,
  indexes: Indexes,
  facts: FactsCache,
  asked: Asked,
  index: UsableIndex,
  version: string | null,
  except = false,
): Promise<string | null> {
  try {
    const { admitted } = await admittedVersions(ports, indexes, facts, asked.caller.profile, index, index);
    return nearestOf(
      asked.ecosystem.versions,
      except ? admitted.filter((v) => v !== version) : admitted,
      version,
    );
  } catch {
    return null;
  }
}

/** The same of these versions, newest first. */
export function nearestOf(
  versions: Pick<VersionScheme, 'compare' | 'isPrerelease'>,
  admitted: readonly string[],
  version: string | null,
): string | null {
  const stable = admitted.filter((v) => !versions.isPrerelease(v));
  const below = version === null ? undefined : stable.find((v) => versions.compare(v, version) <= 0);
  return below ?? stable[0] ?? admitted[0] ?? null;
}

/** Versions of which something may be served to a profile now, newest first; and all that the index knows. */
export async function admittedVersions(
  ports: Ports,
  indexes: Indexes,
  facts: FactsCache,
  profile: string,
  id: PackageId,
  index: UsableIndex,
): Promise<{ readonly admitted: readonly string[]; readonly known: readonly string[] }> {
  const [known, held, taken] = await Promise.all([
    facts.of(id),
    heldOf(ports.vault, id),
    ports.ledger.memory.placesTaken(profile, id, null),
  ]);
  return indexes.at(index, () =>
    ports.desk.versions({
      ecosystem: id.ecosystem,
      name: id.name,
      digest: index.digest,
      policy: ports.policy().digest,
      profile,
      facts: known.bytes,
      now: ports.now(),
      withheld: withheldFrom(index),
      held: held.evidence,
      taken,
      advisories: ports.advisories.of(id),
    }),
  );
}
