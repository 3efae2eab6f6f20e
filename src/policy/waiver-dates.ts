import type { EcosystemId, PackageName } from '../model/artifact.ts';
import type { PolicyPlace } from '../model/decision.ts';
import type { Liftable } from '../model/liftable.ts';
import type { Policy } from './policy.ts';

/** How long before its end a waiver is announced, ms. */
export const ANNOUNCED_AHEAD = 7 * 86_400_000;

/** A waiver by what it is about, and when it ends. */
export interface DatedWaiver {
  readonly ecosystem: EcosystemId;
  readonly name: PackageName;
  readonly version: string;
  readonly lifts: Liftable;
  readonly place: PolicyPlace;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/** The waivers of a policy that have ended, and those that do within `ANNOUNCED_AHEAD`; the next to end first. */
export interface WaiverDates {
  readonly expired: readonly DatedWaiver[];
  readonly expiring: readonly DatedWaiver[];
}

/** `now` in milliseconds since 1970. An end that is no number has passed. */
export function waiverDates(policy: Pick<Policy, 'profiles'>, now: number): WaiverDates {
  const expired: DatedWaiver[] = [];
  const expiring: DatedWaiver[] = [];
  for (const waiver of waiversOf(policy)) {
    if (!(now < waiver.expires)) expired.push(waiver);
    else if (waiver.expires - now <= ANNOUNCED_AHEAD) expiring.push(waiver);
  }
  return { expired: expired.sort(byEnd), expiring: expiring.sort(byEnd) };
}

/** Every waiver once, though the profiles below the one that has it share it. */
export function waiversOf(policy: Pick<Policy, 'profiles'>): DatedWaiver[] {
  const found = new Map<string, DatedWaiver>();
  for (const { ecosystems } of policy.profiles.values()) {
    for (const [ecosystem, { waivers }] of ecosystems) {
      for (const [name, byVersion] of waivers) {
        for (const [version, all] of byVersion) {
          for (const { lifts, place, expires } of all) {
            const waiver = { ecosystem, name, version, lifts, place, expires };
            found.set(keyOf(waiver), waiver);
          }
        }
      }
    }
  }
  return [...found.values()];
}

/** Tells one waiver from every other of its policy. */
export function keyOf({ ecosystem, name, version, lifts, place }: DatedWaiver): string {
  return [place, ecosystem, name, version, lifts].join('\n');
}

function byEnd(a: DatedWaiver, b: DatedWaiver): number {
  return a.expires - b.expires || (keyOf(a) < keyOf(b) ? -1 : 1);
}
