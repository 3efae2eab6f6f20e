import { NO_FACTS } from '../model/facts.ts';
import { LIFTED_BY } from '../model/liftable.ts';
import type { ListedFile } from '../model/listing.ts';
import { ripeAt } from '../policy/judge/judge-requirements.ts';
import { ageText } from '../policy/language/requirement-words.ts';
import type { Policy } from '../policy/policy.ts';
import type { EcosystemRules, Pin } from '../policy/profile.ts';
import { requirementsFor } from '../policy/requirements.ts';
import { bareListing } from './bare-listing.ts';
import { type About, aboutOf, type DecidedFile, decideFiles, refusalOf } from './decide-locked.ts';
import { eachOf } from './each-of.ts';
import { AT_ONCE, type LockHouse } from './house.ts';
import { flag, type PinBasis } from './judge.ts';
import { APPROVALS, type Flag, type WrittenPin } from './pinned.ts';
import { keyOf } from './written.ts';

/** What becomes of pins once they are in force. */
export interface WouldBe {
  readonly flags: readonly Flag[];
  /** `keyOf` of those that are denied, or named by a record of malicious packages: nobody should have them as pins. */
  readonly barred: ReadonlySet<string>;
  /** By `keyOf`: what somebody would have to approve. */
  readonly approvals: ReadonlyMap<string, WrittenPin['approvals']>;
}

export const NOTHING_DECIDED: WouldBe = { flags: [], barred: new Set(), approvals: new Map() };

const BARRED = new Set<string>(['DENIED', 'MALWARE']);
const DAY = 86_400_000;

/**
 * Decides what is about to be pinned like a request for it, under the policy as it would be with it (`house.policy`).
 * A pin stands for the allow rule and for age, so that whoever imports one passes over them: each is said.
 */
export async function wouldBe(
  house: LockHouse,
  profile: string,
  pins: readonly WrittenPin[],
  bases: ReadonlyMap<string, PinBasis>,
): Promise<WouldBe> {
  const aged = { ...house, policy: withAge(house.policy, profile) };
  const barred = new Set<string>();
  const approvals = new Map<string, WrittenPin['approvals']>();
  const flags = await eachOf(pins, AT_ONCE, async (pin): Promise<Flag[]> => {
    const basis = bases.get(keyOf(pin));
    // One that was judged without a basis would be a fault of ours, and must not pass unsaid.
    if (!basis) throw new Error('a pin without what it was judged by');
    const { locked, index, facts } = basis;
    const bare = index.kind !== 'listing' || basis.files.length === 0;
    const { listing, files } = bare ? bareListing(pin) : { listing: index.listing, files: basis.files };
    const withheld = bare ? null : index.withheld;
    const id = { ecosystem: pin.ecosystem, name: pin.name };
    const about = await aboutOf(house, profile, id, listing, withheld, facts);
    const decided = decideFiles(about, files);
    const allowed = decided.filter((one) => one.allowed);
    const refusal = allowed.length > 0 ? [] : bare ? firmAlone(decided) : decided;
    const tooYoung = young(pin, basis, about, aged, allowed.length > 0 ? allowed : decided);
    if (refusal.length === 0) return tooYoung;
    const { codes, words } = refusalOf(refusal, withheld);
    const isBarred = codes.some((code) => BARRED.has(code));
    if (isBarred) barred.add(keyOf(pin));
    else if (!bare) approvals.set(keyOf(pin), approvalsOf(pin, decided));
    const said = `would be refused all the same: it ${words.join('; it ')}`;
    const left = isBarred ? '; nothing is written for it' : '';
    const flags: Flag[] = [{ ...flag(locked, 'refused', `${said}${left}`, true), reasons: codes }];
    return isBarred || codes.includes('TOO_YOUNG') ? flags : [...flags, ...tooYoung];
  });
  return { flags: flags.flat(), barred, approvals };
}

/** Without an index, only what is known by name, version and digest counts: nothing is known of the rest. */
function firmAlone(decided: readonly DecidedFile[]): DecidedFile[] {
  return decided.flatMap((one) => {
    const reasons = one.decision.reasons.filter(({ code }) => BARRED.has(code) || code === 'FEED_MISSING');
    return reasons.length === 0 ? [] : [{ ...one, decision: { ...one.decision, reasons } }];
  });
}

/** The requirements that lack, each with the digests of the files that it is about: wheels first, which need less. */
function approvalsOf({ digests }: WrittenPin, decided: readonly DecidedFile[]): WrittenPin['approvals'] {
  const built = decided.filter(({ file }) => file.kind !== 'sdist');
  const taken = built.length > 0 ? built : decided;
  return APPROVALS.flatMap((lifts) => {
    const about = taken.filter(({ decision }) =>
      [...decision.reasons, ...decision.observed].some(({ code }) => LIFTED_BY[code]?.includes(lifts)),
    );
    const own = new Set(about.flatMap(({ file }) => file.digests));
    const named = digests.filter((digest) => own.has(digest));
    return named.length === 0 ? [] : [{ lifts, digests: named }];
  });
}

/** What only the pin makes old enough. */
function young(
  pin: WrittenPin,
  { locked, facts }: PinBasis,
  about: About,
  aged: LockHouse,
  decided: readonly DecidedFile[],
): Flag[] {
  const { profile, basis } = about;
  const rules = aged.policy.profiles.get(profile)?.ecosystems.get(pin.ecosystem);
  if (!rules) return [];
  const tooYoung = decideFiles(
    { ...about, house: aged },
    decided.map(({ file }) => file),
  )
    .filter(({ decision }) =>
      [...decision.reasons, ...decision.observed].some(({ code }) => code === 'TOO_YOUNG'),
    )
    .map(({ file }) => file);
  if (tooYoung.length === 0) return [];
  const required = requirementsFor(rules, rules.allow.best(pin.name)?.value ?? null, pin.version);
  const sinceOf = (file: ListedFile): number | null => {
    const ripe = ripeAt({ question: { file, facts: facts.get(file.filename) ?? NO_FACTS }, required });
    return ripe === null ? null : ripe - required.age;
  };
  const ages = tooYoung.map((file) => {
    const since = sinceOf(file);
    return since === null ? null : Math.max(0, Math.floor((basis.now - since) / DAY));
  });
  const known = ages.filter((age) => age !== null);
  const days = known.length < ages.length ? null : Math.min(...known);
  const old = days === null ? 'of an age that nobody knows' : `${days} ${days === 1 ? 'day' : 'days'} old`;
  const words = `is ${old}, and its pin passes over age ${ageText(required.age)}`;
  return [flag(locked, 'young', words, true)];
}

/** The policy, but that no pin of the profile stands for age. */
function withAge(policy: Policy, profile: string): Policy {
  const own = policy.profiles.get(profile);
  if (!own) return policy;
  const keeping = (pins: EcosystemRules['pins']) =>
    new Map(
      [...pins].map(([name, versions]) => [
        name,
        new Map([...versions].map(([version, pin]): [string, Pin] => [version, { ...pin, keepsAge: true }])),
      ]),
    );
  const ecosystems = new Map(
    [...own.ecosystems].map(([id, rules]) => [id, { ...rules, pins: keeping(rules.pins) }]),
  );
  return { ...policy, profiles: new Map(policy.profiles).set(profile, { ...own, ecosystems }) };
}
