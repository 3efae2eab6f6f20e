import type { Reason, Waived } from '../../model/decision.ts';
import type { ReasonCode } from '../../model/reason-codes.ts';
import type { Waiver } from '../profile.ts';
import type { Given, Matter } from './matter.ts';
import { waiverOf } from './waivers.ts';

/** Everything that the steps gave, each where it belongs: a waiver is asked first, then the mode. */
export class Sorted {
  readonly reasons: Reason[] = [];
  readonly observed: Reason[] = [];
  readonly waived: Waived[] = [];
  readonly warnings: Reason[] = [];
  /** The waivers that lifted something. */
  readonly used: Waiver[] = [];
  readonly #matter: Matter;

  constructor(matter: Matter) {
    this.#matter = matter;
  }

  add(step: { readonly observed: readonly ReasonCode[] }, given: Given): void {
    const { reason } = given;
    if (given.warns) {
      addOnce(this.warnings, reason);
      return;
    }
    const waiver = waiverOf(given, this.#matter);
    if (waiver !== null) {
      addOnce(this.waived, { code: reason.code, place: waiver.place });
      this.used.push(waiver);
      return;
    }
    const passes = this.#matter.mode === 'observe' && given.observable && step.observed.includes(reason.code);
    addOnce(passes ? this.observed : this.reasons, reason);
  }

  /** What stands between the artifact and its admission. */
  get open(): readonly Reason[] {
    return [...this.reasons, ...this.observed];
  }
}

/** One reason is given once; both kinds of evidence may have the same one. */
function addOnce<R extends Reason | Waived>(there: R[], more: R): void {
  const checkOf = (one: Reason | Waived) => ('detail' in one ? one.detail?.check : undefined);
  const isSame = (one: R): boolean =>
    one.code === more.code && one.place === more.place && checkOf(one) === checkOf(more);
  if (!there.some(isSame)) there.push(more);
}
