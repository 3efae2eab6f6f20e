import type { AffectedRange } from '../model/advisory.ts';
import type { VersionScheme } from '../model/versions.ts';
import { isObject, type JsonObject, listIn } from './json.ts';

/** All versions. */
export const EVERY: AffectedRange = { introduced: null, fixed: null, lastAffected: null };

type Order = Pick<VersionScheme, 'compare' | 'parseVersion'>;

/** A version at which something happens; null: before the first one (`"0"`). */
interface Event {
  readonly kind: 'introduced' | 'fixed' | 'lastAffected';
  readonly at: string | null;
}

/** A range's events as far as they can be read, and which kinds cannot. */
interface Events {
  readonly read: readonly Event[];
  /** Readable upper limits; null where there is none, or one that cannot be read or stands for none. */
  readonly limit: string | null;
  readonly unknownStart: boolean;
  readonly unknownEnd: boolean;
}

const ENDS = { fixed: 'fixed', last_affected: 'lastAffected' } as const;

/**
 * One of OSV's `affected[].ranges[]` as spans of versions (OSV schema, "Evaluation"). null for a range of commits. What
 * cannot be read widens: a start that is no version is the first version, an end that is none is no end, and a
 * range of a type or shape that nobody knows is every version.
 */
export function spansOf(range: unknown, order: Order): readonly AffectedRange[] | null {
  if (!isObject(range)) return [EVERY];
  const { type } = range;
  if (type === 'GIT') return null;
  if (type !== 'SEMVER' && type !== 'ECOSYSTEM') return [EVERY];
  const events = readEvents(listIn(range, 'events'), order);
  if (events.read.length === 0) return [EVERY];
  const spans =
    events.unknownStart || events.unknownEnd ? [widest(events, order)] : walked(events.read, order);
  return events.limit === null ? spans : capped(spans, events.limit, order);
}

function readEvents(entries: readonly unknown[], order: Order): Events {
  const read: Event[] = [];
  const limits: (string | null)[] = [];
  let [unknownStart, unknownEnd] = [false, false];
  for (const entry of entries) {
    const members: JsonObject = isObject(entry) ? entry : {};
    let known = false;
    if (Object.hasOwn(members, 'introduced')) {
      known = true;
      const at = versionOf(members['introduced'], order);
      if (at === null && members['introduced'] !== '0') unknownStart = true;
      else read.push({ kind: 'introduced', at });
    }
    for (const [member, kind] of Object.entries(ENDS)) {
      if (!Object.hasOwn(members, member)) continue;
      known = true;
      const at = versionOf(members[member], order);
      if (at === null) unknownEnd = true;
      else read.push({ kind, at });
    }
    if (Object.hasOwn(members, 'limit')) {
      known = true;
      limits.push(versionOf(members['limit'], order));
    }
    // It may be either.
    if (!known) [unknownStart, unknownEnd] = [true, true];
  }
  const limit = limits.reduce<string | null>((highest, one, i) => {
    if (one === null || (i > 0 && highest === null)) return null;
    return highest === null || order.compare(one, highest) > 0 ? one : highest;
  }, null);
  return { read, limit, unknownStart, unknownEnd };
}

function versionOf(value: unknown, { parseVersion }: Order): string | null {
  return typeof value === 'string' && value !== '0' ? parseVersion(plain(value)) : null;
}

/** A version without the `v` that some write before it. */
export function plain(version: string): string {
  return version.trim().replace(/^[vV=]\s*/, '');
}

/** At one version an end comes before a start, and a last affected one after it: what may be reached is. */
const TURN = { fixed: 0, introduced: 1, lastAffected: 2 } as const;

/** The algorithm of the schema: between a start and the next end it is affected. */
function walked(events: readonly Event[], order: Order): AffectedRange[] {
  const sorted = events.toSorted((a, b) => compareAt(a.at, b.at, order) || TURN[a.kind] - TURN[b.kind]);
  const spans: AffectedRange[] = [];
  let open: { readonly from: string | null } | null =
    sorted[0]?.kind === 'introduced' ? null : { from: null };
  for (const { kind, at } of sorted) {
    if (kind === 'introduced') open ??= { from: at };
    else if (open !== null) {
      spans.push({ introduced: open.from, fixed: null, lastAffected: null, [kind]: at });
      open = null;
    }
  }
  if (open !== null) spans.push({ ...EVERY, introduced: open.from });
  return spans;
}

/** One span that holds all that the events may mean, whatever those are that cannot be read. */
function widest({ read, unknownStart, unknownEnd }: Events, order: Order): AffectedRange {
  const starts = read.filter(({ kind }) => kind === 'introduced');
  const ends = read.filter(({ kind }) => kind !== 'introduced');
  const first = starts.toSorted((a, b) => compareAt(a.at, b.at, order))[0];
  const introduced = unknownStart || !first ? null : first.at;
  const last = ends.toSorted((a, b) => compareAt(b.at, a.at, order) || TURN[b.kind] - TURN[a.kind])[0];
  if (unknownEnd || !last || starts.length + (unknownStart ? 1 : 0) > ends.length)
    return { ...EVERY, introduced };
  return { introduced, fixed: null, lastAffected: null, [last.kind]: last.at };
}

/** Only what is below a limit. */
function capped(spans: readonly AffectedRange[], limit: string, { compare }: Order): AffectedRange[] {
  return spans
    .filter(({ introduced }) => introduced === null || compare(introduced, limit) < 0)
    .map((span) => {
      const end = span.fixed ?? span.lastAffected;
      return end !== null && compare(end, limit) < 0
        ? span
        : { ...EVERY, introduced: span.introduced, fixed: limit };
    });
}

function compareAt(a: string | null, b: string | null, { compare }: Order): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  return compare(a, b);
}
