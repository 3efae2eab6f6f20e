import type { Profile } from '../profile.ts';
import { feedUntil } from './advisories.ts';
import { isAboutEvidence } from './evidence.ts';
import { evidenceUntil, ripeAt } from './judge-requirements.ts';
import { asksAll, isFile, type Matter } from './matter.ts';
import type { Sorted } from './sorted.ts';

/** The earliest instant at which time alone changes something of the answer. */
export function untilOf(
  profile: Profile,
  matter: Matter,
  { observed, open, waived, used }: Sorted,
): number | null {
  const times = [observed.length > 0 ? profile.until : null, ...used.map(({ expires }) => expires)];
  if (isFile(matter) && asksAll(matter)) {
    const codes = [...open, ...waived].map(({ code }) => code);
    if (codes.includes('TOO_YOUNG')) times.push(ripeAt(matter));
    if (
      open.some(isAboutEvidence) ||
      used.some(({ lifts }) => lifts === 'registry-signature' || lifts === 'provenance')
    )
      times.push(evidenceUntil(matter));
    times.push(feedUntil(matter));
  }
  return earliest(times, matter.question.now);
}

/** When nothing but age is missing: the instant at which it no longer is, unless something else is missing by then. */
export function eligibleAt(matter: Matter, { open, used }: Sorted): number | null {
  const [only, ...others] = open;
  if (only?.code !== 'TOO_YOUNG' || others.length > 0 || !isFile(matter)) return null;
  const ripe = ripeAt(matter);
  if (ripe === null || !(matter.question.now < ripe)) return null;
  return used.every(({ expires }) => ripe < expires) ? ripe : null;
}

function earliest(times: readonly (number | null)[], now: number): number | null {
  const known = times.filter((time) => time !== null).filter((time) => now < time);
  return known.length === 0 ? null : Math.min(...known);
}
