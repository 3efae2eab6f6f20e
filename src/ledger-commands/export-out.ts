import { printable } from '../cli/ledger-line.ts';
import { EXIT } from '../cli/program.ts';
import { writeDurable } from '../disk/durable.ts';
import type { Given } from './given.ts';

/** Bytes that are written to a file at once. */
const PIECE = 64 * 1024;

/**
 * Writes lines to a file, whole or not at all, or prints them. `end` ends each line of a file; a printed one has `\n`
 * anyway. To a terminal nothing goes that could move its cursor; to a pipe the lines go as they are.
 */
export async function writeLines(
  { out }: Pick<Given, 'out'>,
  path: string | undefined,
  lines: AsyncIterable<string>,
  end: '\n' | '\r\n' = '\n',
): Promise<void> {
  if (path !== undefined) return writeDurable(path, pieces(lines, end));
  const terminal = process.stdout.isTTY === true;
  for await (const line of lines) out.print(terminal ? printable(line) : `${line}${end.slice(0, -1)}`);
}

async function* pieces(lines: AsyncIterable<string>, end: string): AsyncGenerator<Uint8Array> {
  let text = '';
  for await (const line of lines) {
    text += line + end;
    if (text.length < PIECE) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}

/** What people are told of an export that went well. */
export function sayDone(
  { out }: Pick<Given, 'out'>,
  count: number,
  what: string,
  withdrawn: number,
  path: string | undefined,
): void {
  const where = path === undefined ? '' : ` in ${path}`;
  out.say(`${count} ${what}${where}`);
  if (withdrawn > 0)
    out.say(`sallyport: ${withdrawn} more are withdrawn from reading under the retention policy`);
}

/** A command that cannot be understood. */
export function usage({ out }: Pick<Given, 'out'>, words: string): number {
  out.say(`sallyport: ${words}`);
  return EXIT.usage;
}
