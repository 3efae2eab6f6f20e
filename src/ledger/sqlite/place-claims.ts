import type Database from 'better-sqlite3';
import { normalName } from '../../model/pypi-name.ts';
import { MAX_TAKEN, type TakenPlace, type TakenPlaces } from '../../model/taken-places.ts';
import { isScript } from '../../model/told-places.ts';
import { columnsOfBytes } from '../columns.ts';
import { LedgerError } from '../ledger.ts';
import type { PlaceClaim } from '../place-claim.ts';

/** Entries of one transaction while the table is filled. */
const CHUNK = 2_000;

/** The `__init__.py` of a folder that is shared: verify/pypi/places.ts, in normal form. */
const INIT = /^(.+)\/(?:\+|-init-)$/;

/** Claims of others on one place that are looked at: one is enough to refuse. */
const MAX_ROWS = 64;

interface Row {
  readonly place: string;
  readonly name: string;
}

/**
 * Who was admitted with a place before a distribution of this name was. A place is taken by the same one, by a folder that holds
 * it and by what lies in it; not by `poetry/`, a folder that its owner shares, where a package says by its own name that
 * it is a part of it (`poetry/core` of poetry-core).
 */
export function placeLookup(db: Database.Database) {
  const ownFirst = db
    .prepare<[string, string, string], number | null>(
      `SELECT min(seq) FROM place_claim
       WHERE profile = ? AND place IN (SELECT value FROM json_each(?)) AND name = ?`,
    )
    .pluck();
  const around = db.prepare<[string, string, string, number, number], Row>(
    `SELECT place, name FROM place_claim
     WHERE profile = ? AND place IN (SELECT value FROM json_each(?)) AND name <> ? AND seq < ?
     ORDER BY place, name LIMIT ?`,
  );
  const below = db.prepare<[string, string, string, string, number, number], Row>(
    `SELECT place, name FROM place_claim
     WHERE profile = ? AND place > ? AND place < ? AND name <> ? AND seq < ? ORDER BY place, name LIMIT ?`,
  );

  /** The others' names by place as it was asked. */
  function pairs(profile: string, name: string, places: readonly string[]): TakenPlaces {
    const found = new Map<string, TakenPlace>();
    let more = false;
    for (const told of places) {
      const place = normalName(told);
      const { folder, own: owned, keys, inside } = reachOf(place);
      const own = ownFirst.get(profile, JSON.stringify(owned), name) ?? Number.MAX_SAFE_INTEGER;
      const rows = around.all(profile, JSON.stringify(keys), name, own, MAX_ROWS);
      if (inside !== 'none') {
        const found = below.all(profile, `${folder}/`, `${folder}0`, name, own, MAX_ROWS);
        rows.push(...found.filter((row) => inside === 'all' || isStrangers(row)));
        more ||= found.length >= MAX_ROWS;
      }
      more ||= rows.length >= MAX_ROWS;
      for (const row of rows) {
        if (row.place.endsWith('/') && isPartByName(place, name)) continue;
        found.set(`${told}\n${row.name}`, { place: told, by: row.name });
      }
    }
    return { taken: [...found.values()].sort(inOrder), more };
  }

  /** For a decision: each name once. */
  function names(profile: string, name: string, places: readonly string[]): TakenPlaces {
    const { taken, more } = pairs(profile, name, places);
    const first = taken.filter(({ by }, at) => taken.findIndex((one) => one.by === by) === at);
    return { taken: first.slice(0, MAX_TAKEN), more: more || first.length > MAX_TAKEN };
  }

  return { pairs, names };
}

/** Writes the table, inside the writer's transaction. */
export function placeWrites(db: Database.Database) {
  const lookup = placeLookup(db);
  const claim = db.prepare(
    `INSERT INTO place_claim (profile, place, name, seq) VALUES (?, ?, ?, ?)
     ON CONFLICT (profile, place, name) DO UPDATE SET seq = excluded.seq WHERE excluded.seq < seq`,
  );

  /**
   * Throws LedgerError `taken` where somebody was admitted with one of the places of whom the decision did not know: between
   * its look and its entry.
   */
  function check({ profile, name, places, knew, knewMore }: PlaceClaim): void {
    if (knewMore) return;
    const { taken, more } = lookup.names(profile, name, places);
    if (!more && taken.every(({ by }) => knew.has(by))) return;
    throw new LedgerError('taken', `another distribution was admitted with a place of ${name}`);
  }

  /** Whether anything of it is news. */
  function insert(seq: number, { profile, name, places }: PlaceClaim): boolean {
    let changes = 0;
    for (const place of places) changes += claim.run(profile, place, name, seq).changes;
    return changes > 0;
  }

  return { check, insert };
}

/** The entries are to be read into the table once more, by `fillPlaces`. */
export function emptyPlaceState(db: Database.Database): void {
  db.prepare('UPDATE place_state SET filled = -1').run();
}

/** Goes on reading entries into the table until it has all, in bounded transactions. */
export function fillPlaces(db: Database.Database): void {
  const filled = db.prepare<[], number | null>('SELECT filled FROM place_state').pluck();
  if (filled.get() === null) return;
  const { insert } = placeWrites(db);
  const chunk = db.prepare<[number, number], { seq: number; bytes: string }>(
    'SELECT seq, bytes FROM entry WHERE seq > ? ORDER BY seq LIMIT ?',
  );
  const setFilled = db.prepare('UPDATE place_state SET filled = ?');
  const step = db.transaction((): boolean => {
    const rows = chunk.all(filled.get() ?? -1, CHUNK);
    for (const { seq, bytes } of rows) {
      const claim = bytes === '' ? null : columnsOfBytes(bytes).claim;
      if (claim) insert(seq, claim);
    }
    setFilled.run(rows.at(-1)?.seq ?? null);
    return rows.length > 0;
  });
  while (step.immediate());
}

/** What a place takes, beside itself. */
interface Reach {
  readonly folder: string;
  /** Places with which its own name had it before. */
  readonly own: readonly string[];
  /** Places with which others have it. */
  readonly keys: readonly string[];
  /** Which of those that lie in it are taken with it: of `poetry/` not those that say by their name that they are parts. */
  readonly inside: 'all' | 'strangers' | 'none';
}

function reachOf(place: string): Reach {
  if (isScript(place)) return { folder: place, own: [place], keys: [place], inside: 'none' };
  const init = INIT.exec(place)?.[1];
  if (init !== undefined) {
    // Of two that only share a folder it does not matter whose `__init__` is there.
    const folders = foldersOf(init);
    const other = place.endsWith('+') ? [normalName(`${init}/__init__`)] : [place, `${init}/+`];
    const weak = place.endsWith('+') ? [] : folders.map((one) => `${one}/`);
    return { folder: init, own: [...folders, place], keys: [...folders, ...weak, ...other], inside: 'none' };
  }
  const shared = place.endsWith('/');
  const folder = shared ? place.slice(0, -1) : place;
  const folders = foldersOf(folder);
  const sharing = folders.map((one) => `${one}/`);
  return {
    folder,
    // The folder of its own name it may have shared before, and have for itself now.
    own: folders.length === 1 ? [...folders, ...sharing] : folders,
    keys: shared ? folders : [...folders, ...sharing],
    inside: shared ? 'strangers' : 'all',
  };
}

function isStrangers({ place, name }: Row): boolean {
  return !place.endsWith('/+') && !isPartByName(place, name);
}

/** `a/b/c` and the folders that it lies in. */
function foldersOf(place: string): string[] {
  const segments = place.split('/');
  return segments.map((_, at) => segments.slice(0, at + 1).join('/'));
}

/** Whether the first segments of a place, two at least, make up this name. */
function isPartByName(place: string, name: string): boolean {
  const segments = place.split('/');
  return segments.some(
    (_, at) => at > 0 && normalName(segments.slice(0, at + 1).join('-')) === normalName(name),
  );
}

function inOrder(a: TakenPlace, b: TakenPlace): number {
  if (a.place !== b.place) return a.place < b.place ? -1 : 1;
  return a.by < b.by ? -1 : a.by > b.by ? 1 : 0;
}
