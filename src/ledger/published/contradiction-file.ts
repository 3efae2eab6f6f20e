import { readUpTo } from '../../disk/bounded.ts';
import { writeDurable } from '../../disk/durable.ts';
import { type Contradiction, unavailable } from './known-head.ts';
import type { KnownHead, LogRow } from './published.ts';

/** Bytes that are read of it. */
const MAX_CONTRADICTION = 4096;

/** What was written down when the log was contradicted; null where it was of an earlier log, or there is nothing. */
export async function readContradiction(path: string, log: LogRow): Promise<Contradiction | null> {
  const text = (await readUpTo(path, MAX_CONTRADICTION))?.toString('utf8') ?? null;
  if (text === null) return null;
  let told: { log?: unknown; size?: unknown; root?: unknown; from?: unknown };
  try {
    told = JSON.parse(text) as typeof told;
  } catch {
    throw unavailable(`${path} says that the log was contradicted, and cannot be read`);
  }
  if (told.log !== log.number) return null;
  const { size, root, from } = told;
  const known = from === 'witness' || from === 'head-copy' || from === 'checkpoint';
  if (!Number.isSafeInteger(size) || Number(size) < 0 || !known)
    throw unavailable(`${path} says that the log was contradicted, and cannot be read`);
  return { log, size: Number(size), root: typeof root === 'string' ? root : null, from };
}

/** Writes down that a log was contradicted, durable when this resolves: the next start begins another log. */
export async function writeContradiction(
  path: string,
  log: LogRow,
  { size, root, from }: KnownHead,
): Promise<void> {
  await writeDurable(path, Buffer.from(JSON.stringify({ log: log.number, size, root, from })));
}
