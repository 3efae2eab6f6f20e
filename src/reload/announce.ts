import { z } from 'zod';
import type { AlarmSubject } from '../alarms.ts';
import type { Metrics } from '../gate/metrics.ts';
import type { AlarmKind } from '../ledger/entry-codes.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Liftable } from '../model/liftable.ts';
import type { Policy } from '../policy/policy.ts';
import type { Mode } from '../policy/profile.ts';
import { effectiveMode } from '../policy/profile.ts';
import { type DatedWaiver, keyOf, type WaiverDates, waiverDates, waiversOf } from '../policy/waiver-dates.ts';

const DAY = 86_400_000;

/** An alarm of a waiver, as far as it tells one from another. */
const entered = z.object({
  code: z.string(),
  place: z.string().optional(),
  ecosystem: z.string().optional(),
  name: z.string().optional(),
  version: z.string().optional(),
  lifts: z.string().optional(),
  source: z.string().optional(),
});

/** Alarms of one look at most: what is beyond is counted in the log and in the metric. */
const MAX_ALARMS = 100;

export interface AnnounceParts {
  /** Milliseconds since 1970. */
  now(): number;
  policy(): Policy;
  readonly metrics: Pick<Metrics, 'waivers' | 'profileModes'>;
  alarm(about: AlarmSubject): void;
  /** `what` is a fixed word for the line; `fields` say what it is about. */
  warn(what: string, fields: Readonly<Record<string, string | number>>): void;
  /** What was alarmed since an instant, by this process or those before it. */
  alarmedSince(since: number): Promise<readonly AlarmSubject[]>;
}

/**
 * What of a policy changes by itself: waivers that end, and profiles that only observe until a day. Each waiver is an
 * alarm once a day (UTC) in its last week; whoever restarts the firewall does not hear of it twice.
 */
export class PolicyNews {
  readonly #parts: AnnounceParts;
  readonly #told = new Map<string, number>();
  readonly #modes = new Map<string, Mode>();
  #lifts: { readonly policy: Policy; readonly byPlace: ReadonlyMap<string, Liftable> } | null = null;
  #expired = new Set<string>();

  constructor(parts: AnnounceParts) {
    this.#parts = parts;
  }

  /** What was alarmed today before this process began. A ledger that cannot say costs a repeated alarm. */
  async remember(): Promise<void> {
    const day = dayOf(this.#parts.now());
    for (const about of await this.#parts.alarmedSince(day * DAY)) this.#told.set(subjectKey(about), day);
  }

  /** Says what is new since the last look: at the start, after a reload, and as time goes on. */
  look(): void {
    const { policy: current, now: clock, metrics } = this.#parts;
    const [policy, now] = [current(), clock()];
    const dates = waiverDates(policy, now);
    metrics.waivers(dates.expiring.length, dates.expired.length);
    this.#tellWaivers(dates, dayOf(now));
    this.#tellModes(policy, now);
  }

  /** Lines for `/readyz`. */
  notes(): string[] {
    const { policy, now } = this.#parts;
    return notesOf(policy(), now());
  }

  /** What the waiver at a place lifts; null where there is none any more. */
  liftedAt(place: string): Liftable | null {
    const policy = this.#parts.policy();
    if (this.#lifts?.policy !== policy) {
      this.#lifts = { policy, byPlace: new Map(waiversOf(policy).map((one) => [one.place, one.lifts])) };
    }
    return this.#lifts.byPlace.get(place) ?? null;
  }

  #tellWaivers({ expiring, expired }: WaiverDates, day: number): void {
    for (const [key, told] of this.#told) if (told !== day) this.#told.delete(key);
    const news = expiring.filter((waiver) => !this.#told.has(subjectKey(subjectOf(waiver))));
    for (const waiver of news.slice(0, MAX_ALARMS)) this.#parts.alarm(subjectOf(waiver));
    for (const waiver of news) this.#told.set(subjectKey(subjectOf(waiver)), day);
    if (news.length > MAX_ALARMS) {
      this.#parts.warn('more waivers expire within a week', { count: news.length - MAX_ALARMS });
    }
    const ended = new Set(expired.map(keyOf));
    const fresh = expired.filter((waiver) => !this.#expired.has(keyOf(waiver)));
    if (fresh.length > 0) this.#parts.warn('waivers have expired and lift nothing', { count: fresh.length });
    this.#expired = ended;
  }

  #tellModes(policy: Policy, now: number): void {
    const modes = new Map<string, Mode>();
    for (const profile of policy.profiles.values()) modes.set(profile.name, effectiveMode(profile, now));
    for (const [profile, mode] of modes) {
      const before = this.#modes.get(profile);
      if (before === mode) continue;
      const until = policy.profiles.get(profile)?.until;
      const fields = { profile, ...(until ? { until: new Date(until).toISOString() } : {}) };
      if (mode === 'observe') this.#parts.warn('a profile only observes', fields);
      else if (before === 'observe') this.#parts.warn('a profile observes no more', { ...fields, mode });
    }
    this.#modes.clear();
    for (const [profile, mode] of modes) this.#modes.set(profile, mode);
    this.#parts.metrics.profileModes(modes);
  }
}

/** No names of packages and no places: anybody may read them. */
export function notesOf(policy: Policy, now: number): string[] {
  const notes: string[] = [];
  for (const profile of policy.profiles.values()) {
    if (profile.mode !== 'observe' || profile.until === null) continue;
    const until = new Date(profile.until).toISOString().replace(/T00:00:00\.000Z$/, '');
    notes.push(
      effectiveMode(profile, now) === 'observe'
        ? `profile ${profile.name} only observes until ${until}: nothing but internal names, deny rules, malware and what its bytes show to be unsafe or another is refused`
        : `profile ${profile.name} was to observe until ${until}: it enforces now`,
    );
  }
  const { expiring, expired } = waiverDates(policy, now);
  if (expiring.length > 0) notes.push(`waivers that expire within a week: ${expiring.length}`);
  if (expired.length > 0) notes.push(`waivers that have expired: ${expired.length}`);
  return notes;
}

function subjectOf({ ecosystem, name, version, place, lifts, expires }: DatedWaiver): AlarmSubject {
  return { ecosystem, name, version, place, lifts, expires };
}

function subjectKey({ ecosystem, name, version, place, lifts }: AlarmSubject): string {
  return [place, ecosystem, name, version, lifts].join('\n');
}

function dayOf(now: number): number {
  return Math.floor(now / DAY);
}

/** What alarms of a kind were entered since an instant about. */
export async function alarmsSince(
  ledger: Pick<Ledger, 'query'>,
  kind: AlarmKind,
  since: number,
): Promise<AlarmSubject[]> {
  const found: AlarmSubject[] = [];
  for await (const { bytes } of ledger.query({ type: 'alarm', since })) {
    const parsed = entered.safeParse(JSON.parse(bytes));
    if (parsed.success && parsed.data.code === kind) found.push(parsed.data);
  }
  return found;
}
