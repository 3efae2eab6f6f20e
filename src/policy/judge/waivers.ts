import type { EcosystemId, PackageName } from '../../model/artifact.ts';
import type { Digest } from '../../model/digest.ts';
import { LIFTED_BY } from '../../model/liftable.ts';
import { comparePin } from '../pins.ts';
import type { Policy } from '../policy.ts';
import type { Waiver } from '../profile.ts';
import type { FileMatter, Given, Matter } from './matter.ts';
import { isFile } from './matter.ts';

/**
 * The waiver that lifts a reason; null for none. It must be of the version, not have expired, and be of this very
 * file: at `listing` by the digests that the index declares, at `download` by those of the bytes.
 */
export function waiverOf(given: Given, matter: Matter): Waiver | null {
  const { lifts } = given;
  if (lifts === null || !isFile(matter) || !LIFTED_BY[given.reason.code]?.includes(lifts)) return null;
  let longest: Waiver | null = null;
  for (const waiver of matter.waivers) {
    if (waiver.lifts === lifts && isInForce(waiver, matter)) longest = laterOf(longest, waiver);
  }
  return longest;
}

function isInForce(waiver: Waiver, { question }: FileMatter): boolean {
  const digests = question.stage === 'download' ? [question.sha256, question.sha512] : question.file.digests;
  // Written so that an instant which is no number is past, too.
  return question.now < waiver.expires && comparePin(waiver, digests) === 'match';
}

/** The one that lifts longer; of two the one that stands first, so that the order of files does not matter. */
function laterOf(a: Waiver | null, b: Waiver): Waiver {
  if (a === null || a.expires < b.expires) return b;
  return a.expires === b.expires && b.place < a.place ? b : a;
}

/** Whether any waiver lifts `metadata` of a version, of whichever file and until whenever. */
export function isMetadataWaived(
  policy: Policy,
  profile: string,
  ecosystem: EcosystemId,
  name: PackageName,
  version: string,
): boolean {
  const rules = policy.profiles.get(profile)?.ecosystems.get(ecosystem);
  const waivers = rules?.waivers.get(name)?.get(version) ?? [];
  return waivers.some(({ lifts }) => lifts === 'metadata');
}

/** The digests that the first waiver of one version names; null where there is none. */
export function waivedDigests(
  policy: Policy,
  profile: string,
  ecosystem: EcosystemId,
  name: PackageName,
  version: string,
): readonly Digest[] | null {
  const rules = policy.profiles.get(profile)?.ecosystems.get(ecosystem);
  const [first] = rules?.waivers.get(name)?.get(version) ?? [];
  return first ? [...first.digests] : null;
}
