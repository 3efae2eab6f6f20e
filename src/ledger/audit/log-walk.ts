import type { Hash } from '../log/hash.ts';
import { leafHashOf } from '../log/hash.ts';
import { TileBuilder } from '../log/tile-builder.ts';
import { TILE_WIDTH, tileHashes, tilePath, widthAt } from '../log/tiles.ts';
import type { AnchorCheck } from './anchors.ts';
import type { AuditSource, DatabaseCopy, EntryRow } from './audit-source.ts';
import { choose, type Leaves } from './copies.ts';
import { type ReadEntry, readForm } from './entry-form.ts';
import type { Copy, Findings, Place } from './finding.ts';
import {
  type Group,
  leavesOfBundle,
  type ReadBundle,
  readBundle,
  readGroup,
  readTile,
  readWidest,
} from './group.ts';
import type { IndexAudit } from './index-audit.ts';
import { SignedTree } from './signed-tree.ts';

/** The log whose every entry and tile is looked at, up to its head. */
export interface WalkedLog {
  readonly number: number;
  readonly source: AuditSource;
  readonly size: number;
  readonly root: Hash;
  /** Place in the ledger of its entry 0; null where the ledger's numbers are not known. */
  readonly base: number | null;
  readonly database: DatabaseCopy | null;
  readonly index: IndexAudit | null;
}

/** Looks at each entry in order; `entry` null where no copy of it can be read. */
export type Visit = (index: number, leaf: Hash, entry: ReadEntry | null) => void;

/** How far the copies reach. */
export interface Walked {
  /** Entries that were looked at: `size`, or fewer where nothing was left to look at. */
  readonly entries: number;
  /** Whether every place up to the head was looked at, whatever is there, in the database as well where there is one. */
  readonly whole: boolean;
  /** Entries from the first on that have no bundle, and no bytes in the database: withdrawn, or lost. */
  readonly withoutBundle: number;
  readonly withoutBytes: number;
  /** The tree of all entries, to go on with; null where leaves are missing. */
  readonly tree: TileBuilder | null;
}

/** Groups of which files are read ahead. */
const AHEAD = 8;

/** Groups of which nothing is left, one after the other, before the rest is not looked for. */
const MAX_LOST = 64;

/**
 * Reads every bundle and every tile of a log, and the database's rows beside it, from left to right and with as much
 * memory as a few groups take. What each copy holds is compared with what the signed root says of it, so that a finding
 * names the entry and the copy that is wrong. Rejects only as the source and the database do.
 */
export async function walkLog(
  log: WalkedLog,
  anchors: AnchorCheck,
  visit: Visit,
  findings: Findings,
  progress: (entries: number) => void,
): Promise<Walked> {
  const walk = new Walk(log, anchors, visit, findings);
  await walk.prepare();
  const groups = Math.ceil(log.size / TILE_WIDTH);
  const ahead: Promise<Group>[] = [];
  for (let index = 0; index < groups; index++) {
    while (ahead.length < AHEAD && index + ahead.length < groups) {
      const reading = readGroup(log.source, log.size, index + ahead.length);
      // Awaited below; until then another one may throw first.
      reading.catch(() => undefined);
      ahead.push(reading);
    }
    const group = await ahead.shift();
    if (group === undefined) break;
    if (!(await walk.look(group, await ahead[0]?.catch(() => undefined)))) break;
    progress(Math.min((index + 1) * TILE_WIDTH, log.size));
  }
  return walk.end();
}

class Walk {
  readonly #log: WalkedLog;
  readonly #anchors: AnchorCheck;
  readonly #visit: Visit;
  readonly #findings: Findings;
  #database: DatabaseCopy | null;
  #tree: SignedTree | null = null;
  #builder: TileBuilder | null = new TileBuilder();
  #entries = 0;
  #looked = 0;
  #withoutBundle = 0;
  #withoutBytes = 0;
  #lost = 0;
  #nextAnchor: number;
  #before: Leaves = [];

  constructor(log: WalkedLog, anchors: AnchorCheck, visit: Visit, findings: Findings) {
    this.#log = log;
    this.#anchors = anchors;
    this.#visit = visit;
    this.#findings = findings;
    this.#database = log.database;
    this.#nextAnchor = anchors.nextSize;
  }

  /** Reads the right edge, so that it is known from then on what the root says. */
  async prepare(): Promise<void> {
    const { source, size, root } = this.#log;
    this.#reached();
    this.#tree = await SignedTree.under(root, size, source, async () => {
      const group = await readGroup(source, size, Math.floor(size / TILE_WIDTH));
      const others: (readonly Hash[])[] = [];
      const bundle = group.bundle && leavesOfBundle(readBundle(group.bundle), group.width);
      const rows = this.#rowsOf(group)?.map(
        (row) => row && (row.bytes.length > 0 ? leafHashOf(row.bytes) : row.leaf),
      );
      for (const leaves of [bundle, rows]) {
        const whole = leaves?.filter((leaf) => leaf !== null) ?? [];
        if (whole.length === group.width) others.push(whole);
      }
      return others;
    });
  }

  /** Looks at one group; false: nothing is left for a long time, and the rest is not looked for. */
  async look(group: Group, next: Group | undefined): Promise<boolean> {
    const { from, width } = group;
    const bundle = group.bundle && readBundle(group.bundle);
    const tile = group.tile && readTile(group.tile, width);
    const rows = this.#rowsOf(group);
    const inBundle = bundle && leavesOfBundle(bundle, width);
    const inRows = rows?.map((row, i) => leafOfRow(row, bundle?.entries[i], inBundle?.[i])) ?? null;
    this.#files(group, bundle, tile?.problem ?? null);
    const copies = [inBundle, tile?.hashes, inRows].filter((leaves) => leaves != null);
    const expected = (await this.#tree?.expected(0, group.index)) ?? null;
    const { leaves, sure } = choose(copies.length > 0 ? copies : [Array(width).fill(null)], expected);
    const stands = this.#tree?.stands === true;
    if (!sure && expected !== null)
      this.#findings.problem(
        'changed',
        'entries',
        this.#place(from, from + width - 1),
        'what is there of these entries does not lead to the signed root, in any copy',
      );

    const near = nearby(this.#before, leaves, next?.tile ? readTile(next.tile, next.width).hashes : [], from);
    if (inBundle) this.#compare('bundle', group.bundle?.path, group, inBundle, leaves, sure, near);
    if (tile) this.#compare('tile', group.tile?.path, group, tile.hashes, leaves, sure, near);
    if (inRows) this.#compare('database', undefined, group, inRows, leaves, sure, near);
    if (rows) this.#columns(group, rows, inRows ?? [], leaves);
    const contents = leaves.map((leaf, i) =>
      leaf === null
        ? null
        : contentOf(leaf, inBundle?.[i], bundle?.entries[i], inRows?.[i], rows?.[i]?.bytes),
    );
    for (let i = 0; i < width; i++) this.#entry(from + i, leaves[i] ?? null, contents[i] ?? null);
    const { number, base, index } = this.#log;
    if (rows && index && base !== null)
      await index.compare(number, base, base + from, width, rows.filter((row) => row !== null).length);
    await this.#upper(stands);
    this.#before = leaves;
    this.#looked = from + width;
    this.#lost = leaves.every((leaf) => leaf === null) ? this.#lost + 1 : 0;
    if (this.#lost < MAX_LOST) return true;
    this.#findings.problem(
      'missing',
      'entries',
      this.#place(from, this.#log.size - 1),
      'nothing is left of the entries before these, and these were not looked for',
    );
    return false;
  }

  end(): Walked {
    const { number, size, root } = this.#log;
    const whole = this.#builder?.size === size ? this.#builder : null;
    // Whatever was told of single copies: this is what the signature is of.
    if (whole && !whole.root().equals(root)) {
      const good = this.#anchors.good;
      this.#findings.problem(
        'root',
        'entries',
        { log: number, from: good, ...(size > 0 && { to: size - 1 }) },
        'these entries do not lead to the root of the checkpoint: they are not what was signed',
      );
    }
    if (!whole)
      this.#findings.problem(
        'root',
        'entries',
        { log: number, from: this.#builder?.size ?? this.#entries, to: size - 1 },
        'the root cannot be computed: leaves are missing',
      );
    return {
      entries: this.#entries,
      whole: this.#looked === size && this.#database === this.#log.database && this.#log.base !== null,
      withoutBundle: this.#withoutBundle,
      withoutBytes: this.#withoutBytes,
      tree: whole,
    };
  }

  #rowsOf({ from, width }: Pick<Group, 'from' | 'width'>): (EntryRow | null)[] | null {
    const { base } = this.#log;
    if (this.#database === null || base === null) return null;
    const found = this.#asked((database) => database.rows(base + from, base + from + width));
    if (found === null) return null;
    if (found.length === width) return [...found];
    const rows: (EntryRow | null)[] = Array(width).fill(null);
    for (const row of found) rows[row.seq - base - from] = row;
    return rows;
  }

  /** Whether the files are there and whole. */
  #files({ from, width, bundle, tile }: Group, read: ReadBundle | null, tileProblem: string | null): void {
    const all = this.#place(from, from + width - 1);
    if (bundle === null) {
      // A prefix may be withdrawn: that is told at the end.
      if (this.#withoutBundle === from) this.#withoutBundle = from + width;
      else this.#findings.problem('missing', 'bundle', all, 'the bundle is not there');
    } else if (read?.problem != null) {
      const start = from + Math.min(read.entries.length, width - 1);
      this.#findings.problem(
        'unreadable',
        'bundle',
        { ...this.#place(start, from + width - 1), path: bundle.path },
        `the bundle ${read.problem}`,
      );
    }
    if (tile === null) this.#findings.problem('missing', 'tile', all, 'the tile of level 0 is not there');
    else if (tileProblem !== null)
      this.#findings.problem('unreadable', 'tile', { ...all, path: tile.path }, `the tile ${tileProblem}`);
  }

  /** One copy against what counts. */
  #compare(
    copy: Copy,
    path: string | undefined,
    { from }: Group,
    copied: Leaves,
    leaves: Leaves,
    sure: boolean,
    near: () => ReadonlyMap<string, number>,
  ): void {
    for (let i = 0; i < leaves.length; i++) {
      const [own, right] = [copied[i] ?? null, leaves[i] ?? null];
      if (own === right) continue;
      const place = { ...this.#place(from + i, from + i), ...(path !== undefined && { path }) };
      if (own === null) {
        if (copy === 'database') this.#findings.problem('missing', copy, place, 'the row is not there');
        continue;
      }
      if (right === null || own.equals(right)) continue;
      const at = near().get(own.toString('hex'));
      if (!sure) this.#findings.problem('differs', copy, place, NOT_SURE[copy] ?? DIFFERS);
      else if (at !== undefined)
        this.#findings.problem('moved', copy, place, `${HOLDS[copy] ?? 'it holds'} ${offset(at - from - i)}`);
      else this.#findings.problem('changed', copy, place, CHANGED[copy] ?? 'it is not what was signed');
    }
  }

  /** The hash that a row has beside its bytes. */
  #columns({ from }: Group, rows: readonly (EntryRow | null)[], inRows: Leaves, leaves: Leaves): void {
    rows.forEach((row, i) => {
      if (row === null) return;
      if (row.bytes.length === 0) {
        if (this.#withoutBytes === from + i) this.#withoutBytes = from + i + 1;
        else
          this.#findings.problem(
            'missing',
            'database',
            this.#place(from + i, from + i),
            "the row's bytes are not there",
          );
        return;
      }
      const right = leaves[i];
      if (right && inRows[i]?.equals(right) && !row.leaf.equals(right))
        this.#findings.problem(
          'changed',
          'database',
          this.#place(from + i, from + i),
          "the row's leaf is not the hash of its bytes",
        );
    });
  }

  #entry(index: number, leaf: Hash | null, content: Buffer | null): void {
    const read = content === null ? null : readForm(content);
    if (typeof read === 'string')
      this.#findings.problem('form', 'entries', this.#place(index, index), `the entry ${read}`);
    if (leaf === null) {
      this.#builder = null;
      return;
    }
    this.#entries += 1;
    this.#visit(index, leaf, typeof read === 'string' ? null : read);
    this.#builder?.append(leaf);
    if (this.#builder && this.#builder.size >= this.#nextAnchor) this.#reached();
  }

  #reached(): void {
    const { size } = this.#log;
    if (!this.#builder || this.#builder.size < this.#nextAnchor) return;
    this.#anchors.reached(this.#builder.size, this.#builder.root(), this.#builder.size === size);
    this.#nextAnchor = this.#anchors.nextSize;
  }

  /** Asks the database; one that cannot be read is told once, and asked no more. */
  #asked<T>(question: (database: DatabaseCopy) => T): T | null {
    if (this.#database === null) return null;
    try {
      return question(this.#database);
    } catch (error) {
      this.#database = null;
      this.#findings.problem(
        'unreadable',
        'database',
        { log: this.#log.number },
        `the database cannot be read any further: ${String(error)}`,
      );
      return null;
    }
  }

  /** The tiles above level 0 that this group completed. */
  async #upper(stands: boolean): Promise<void> {
    const { source, size, number } = this.#log;
    for (const { tile, bytes } of this.#builder?.drain() ?? []) {
      const { level, index, width } = tile;
      const count = Math.floor(size / TILE_WIDTH ** level);
      if (level === 0 || width !== widthAt(count, index)) continue;
      const span = TILE_WIDTH ** level;
      const right = (stands ? await this.#tree?.hashes(level, index) : null) ?? tileHashes(bytes, width);
      const all = {
        log: number,
        from: index * TILE_WIDTH * span,
        to: (index * TILE_WIDTH + width) * span - 1,
      };
      const file = await readWidest(source, width, (wide) => tilePath({ level, index, width: wide }));
      if (file === null) {
        this.#findings.problem('missing', 'tile', all, `the tile of level ${level} is not there`);
        continue;
      }
      const { hashes, problem } = readTile(file, width);
      const { path } = file;
      if (problem !== null)
        this.#findings.problem('unreadable', 'tile', { ...all, path }, `the tile ${problem}`);
      hashes.forEach((hash, i) => {
        if (!hash || right[i]?.equals(hash)) return;
        const from = (index * TILE_WIDTH + i) * span;
        this.#findings.problem(
          'changed',
          'tile',
          { ...this.#place(from, from + span - 1), path },
          'the hash over these entries is not that of the tiles below',
        );
      });
    }
  }

  #place(from: number, to: number): Place {
    const { number, base } = this.#log;
    return { log: number, from, to, ...(base !== null && { seq: base + from }) };
  }
}

const DIFFERS = 'it differs from the other copies, and nothing shows which was signed';
const NOT_SURE: Partial<Record<Copy, string>> = {
  bundle: `the bundle's entry differs from the other copies, and nothing shows which was signed`,
  tile: `the tile's hash differs from the other copies, and nothing shows which was signed`,
  database: `the row differs from the other copies, and nothing shows which was signed`,
};
const CHANGED: Partial<Record<Copy, string>> = {
  bundle: "the bundle's entry is not the one that was signed",
  tile: "the tile's hash is not that of the entry that was signed",
  database: 'the row is not the entry that was signed',
};
const HOLDS: Partial<Record<Copy, string>> = {
  bundle: 'in the bundle stands',
  tile: 'in the tile stands the hash of',
  database: 'in the database stands',
};

function offset(by: number): string {
  const entries = Math.abs(by) === 1 ? 'entry' : 'entries';
  return `the entry that was signed ${Math.abs(by)} ${entries} ${by < 0 ? 'before' : 'behind'}`;
}

/** Where in the log the leaves around here are, looked up only where something is wrong. */
function nearby(
  before: Leaves,
  here: Leaves,
  behind: Leaves,
  from: number,
): () => ReadonlyMap<string, number> {
  let found: Map<string, number> | null = null;
  return () => {
    if (found) return found;
    found = new Map();
    const all = [...before, ...here, ...behind];
    // The same entry never stands twice in a log of ours: each has an id. Of two the nearest is as good as the other.
    for (const [i, leaf] of all.entries())
      if (leaf) found.set(leaf.toString('hex'), from - before.length + i);
    return found;
  };
}

function leafOfRow(
  row: EntryRow | null,
  entry: Buffer | undefined,
  leaf: Hash | null | undefined,
): Hash | null {
  if (row === null) return null;
  if (row.bytes.length === 0) return row.leaf;
  return leaf && entry?.equals(row.bytes) ? leaf : leafHashOf(row.bytes);
}

function contentOf(
  leaf: Hash,
  inBundle: Hash | null | undefined,
  entry: Buffer | undefined,
  inRow: Hash | null | undefined,
  bytes: Buffer | undefined,
): Buffer | null {
  if (entry !== undefined && inBundle?.equals(leaf)) return entry;
  return bytes !== undefined && bytes.length > 0 && inRow?.equals(leaf) ? bytes : null;
}
