import { type LogPath, parseLogPath, TILE_WIDTH } from '../ledger/log/tiles.ts';
import type { LogRow } from '../ledger/published/published.ts';
import { NONE, readQuery } from './parameters.ts';
import type { Asked, AuditPorts, Document } from './ports.ts';
import { Problem } from './problem.ts';

type FilePath = LogPath | { readonly kind: 'cosigned' | 'retention' };

const TEXT = 'text/plain; charset=utf-8';
const BYTES = 'application/octet-stream';

/** What may change: the newest checkpoint, and the key after a rotation. */
const FRESH = 'no-cache';

/** A tile of a log that the address names by its number is the same for ever. */
const FOR_EVER = 'private, max-age=31536000, immutable';

/** One of the running log: after a rotation the same address is another log's. */
const FOR_NOW = 'private, max-age=300';

/**
 * A file of a log (C2SP tlog-tiles): of the running one directly below `/ledger/`, of each, the running one too, below
 * `/ledger/logs/<number>/`.
 */
export async function logFile({ logs }: AuditPorts, { path, query }: Asked): Promise<Document> {
  readQuery(NONE, query);
  const rows = await logs.rows();
  const [, number, below = path] = /^logs\/([1-9][0-9]{0,8})\/(.*)$/.exec(path) ?? [];
  const row = number === undefined ? rows.at(-1) : rows.find((one) => one.number === Number(number));
  const file = fileOf(below);
  if (!row || !file) throw new Problem('NOT_FOUND', 'there is no such file of a log');
  if (file.kind === 'bundle' && isWithdrawn(file.index, row))
    throw new Problem(
      'LEDGER_WITHDRAWN',
      'these entries were withdrawn from reading; `retention` is the policy',
    );
  const body = await logs.files(row.number).read(below);
  if (body === null) {
    if (file.kind === 'checkpoint') throw new Problem('LEDGER_UNPUBLISHED', 'nothing is published yet', 2);
    throw new Problem('NOT_FOUND', 'this log has no such file');
  }
  const tiled = file.kind === 'tile' || file.kind === 'bundle';
  const cacheControl = !tiled ? FRESH : number === undefined ? FOR_NOW : FOR_EVER;
  return { kind: 'document', contentType: tiled ? BYTES : TEXT, cacheControl, body };
}

function fileOf(path: string): FilePath | null {
  return path === 'cosigned' || path === 'retention' ? { kind: path } : parseLogPath(path);
}

/** All entries of a bundle are below the log's minimum index (C2SP tlog-tiles, Pruning). */
function isWithdrawn(index: number, { minimum }: LogRow): boolean {
  return (index + 1) * TILE_WIDTH <= minimum;
}
