import { type Hash, leafHashOf } from '../log/hash.ts';
import { bundlePath, parseLogPath, TILE_WIDTH, tilePath, widthAt } from '../log/tiles.ts';
import { NEXT_RETENTION } from '../published/retention.ts';
import type { AuditSource, DatabaseCopy } from './audit-source.ts';
import type { Findings } from './finding.ts';
import { readBundle, readTile, readWidest } from './group.ts';
import { rootOf } from './signed-tree.ts';

export interface ListedLog {
  readonly number: number;
  readonly source: AuditSource;
  readonly size: number;
  readonly base: number | null;
  readonly database: DatabaseCopy | null;
  /** Whether a server writes it now: what it writes ahead of its checkpoint is left alone. */
  readonly live: boolean;
}

/** Files of a log that are not tiles; each is looked at where it belongs. */
const KNOWN: ReadonlySet<string> = new Set(['checkpoint', 'vkey', 'cosigned', 'retention', NEXT_RETENTION]);

/** What a server that was killed may leave: disk/durable.ts. */
const TEMPORARY = /(^|\/)\.[^/]+\.[0-9a-f]{16}\.tmp$/;

/**
 * Looks at the files that a log of this size does not need: partial tiles of earlier sizes, which must be the beginning
 * of what is there now, and what was written beyond the checkpoint, which must be what the database has.
 */
export async function strayFiles(log: ListedLog, findings: Findings): Promise<void> {
  const { number, source, size } = log;
  for await (const path of source.list?.() ?? []) {
    if (KNOWN.has(path)) continue;
    const parsed = parseLogPath(path);
    const place = { log: number, path };
    if (parsed === null || (parsed.kind !== 'tile' && parsed.kind !== 'bundle')) {
      if (!TEMPORARY.test(path)) findings.note('extra', 'files', place, 'the file is none of a log');
      continue;
    }
    const [level, index, width] =
      parsed.kind === 'tile'
        ? [parsed.tile.level, parsed.tile.index, parsed.tile.width]
        : [0, parsed.index, parsed.width];
    const needed = widthAt(Math.floor(size / TILE_WIDTH ** level), index);
    // Looked at with the entries, as wide as it is; the full one beside it holds more.
    if (width === needed) continue;
    const bytes = await source.read(path);
    // A server removes partial tiles once the full one is there.
    if (bytes === null || (log.live && width > needed)) continue;
    const problem = await (parsed.kind === 'tile' ? tileProblem : bundleProblem)(
      log,
      bytes,
      index,
      width,
      needed,
      level,
    );
    const text = problem ?? 'the file is ahead of the checkpoint: a server ended before it signed';
    if (problem !== null) findings.problem(width > needed ? 'extra' : 'changed', parsed.kind, place, text);
    else if (width > needed) findings.note('late', parsed.kind, place, text);
  }
}

type Look = (
  log: ListedLog,
  bytes: Uint8Array,
  index: number,
  width: number,
  needed: number,
  level: number,
) => Promise<string | null>;

const tileProblem: Look = async (log, bytes, index, width, needed, level) => {
  const { hashes, problem } = readTile({ path: '', bytes, width }, width);
  if (problem !== null) return `the tile ${problem}`;
  const now =
    needed > 0
      ? await readWidest(log.source, needed, (wide) => tilePath({ level, index, width: wide }))
      : null;
  const known = now ? readTile(now, needed).hashes : [];
  for (const [i, hash] of hashes.entries()) {
    const right = known[i] ?? (i < needed ? null : subtree(log, level, index * TILE_WIDTH + i));
    // What is missing or damaged where it is needed was told there.
    if (right === null && i < needed) continue;
    if (right === null) return 'the tile holds entries that are in no checkpoint, and not in the database';
    if (!hash?.equals(right))
      return i < needed ? OTHER_TILE : 'the tile is ahead of the checkpoint, and not as the database is';
  }
  return null;
};

const OTHER_TILE = 'the partial tile is not the beginning of the tile that is there now';

const bundleProblem: Look = async (log, bytes, index, width, needed) => {
  const { entries, problem } = readBundle({ path: '', bytes, width });
  if (problem !== null) return `the bundle ${problem}`;
  const now = needed > 0 ? await readWidest(log.source, needed, (wide) => bundlePath(index, wide)) : null;
  const known = now ? readBundle(now).entries : [];
  for (const [i, entry] of entries.entries()) {
    if (i < needed) {
      const right = known[i];
      if (right && !entry.equals(right))
        return 'the partial bundle is not the beginning of the bundle that is there now';
      continue;
    }
    const right = subtree(log, 0, index * TILE_WIDTH + i);
    if (right === null) return 'the bundle holds entries that are in no checkpoint, and not in the database';
    if (!leafHashOf(entry).equals(right))
      return 'the bundle is ahead of the checkpoint, and not as the database is';
  }
  return null;
};

/** The hash over a complete subtree as the database has it; null where it has not all of it. */
function subtree({ base, database }: ListedLog, level: number, index: number): Hash | null {
  if (base === null || database === null) return null;
  const span = TILE_WIDTH ** level;
  const hashes: Hash[] = [];
  for (let from = index * span; from < (index + 1) * span; from += TILE_WIDTH) {
    const rows = database.rows(base + from, base + Math.min(from + TILE_WIDTH, (index + 1) * span));
    if (rows.length === 0) return null;
    hashes.push(...rows.map(({ leaf }) => leaf));
  }
  return hashes.length === span ? rootOf(hashes) : null;
}
