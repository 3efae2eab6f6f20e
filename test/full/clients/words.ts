import { REASONS } from '../../../src/model/reason-codes.ts';
import type { JailReport } from '../../harness/jail.ts';

/** What a client printed about a refusal. */
export interface Words {
  /** The lines that carry our reason; where none does, the client's own first words of failure. */
  readonly lines: readonly string[];
  /** Whether our reason is in them. */
  readonly reason: boolean;
}

const OURS = Object.entries(REASONS).flatMap(([code, [, words]]) => [code, words]);
// The reason as a slug: in a blocked tarball's path, in a made-up wheel's version.
const SLUGS = OURS.flatMap((text) => [
  text.toLowerCase().replace(/[^a-z0-9]+/g, '-'),
  text.toLowerCase().replace(/[^a-z0-9]+/g, '.'),
]);
const FAILURE = /error|fail|not found|no matching|unable|cannot|could not|refused|403/i;

/** Finds them; `url` and `folders` are what differs from run to run and is written in one way. */
export function wordsOf(report: JailReport, url: string, folders: readonly string[]): Words {
  const printed = `${report.stdout}\n${report.stderr}`;
  // pnpm 12 breaks long lines and indents what follows.
  const joined = printed.replace(/\n(?:\s*│\s{2,}|\s{4,})(?=\S)/g, ' ');
  for (const text of [printed, joined]) {
    const lines = unique(text.split('\n').map((line) => normal(line, url, folders)));
    const ours = lines.filter((line) => [...OURS, ...SLUGS].some((words) => line.includes(words)));
    if (ours.length > 0) return { lines: ours, reason: true };
  }
  const lines = unique(joined.split('\n').map((line) => normal(line, url, folders)));
  return { lines: lines.filter((line) => FAILURE.test(line)).slice(0, 3), reason: false };
}

function normal(line: string, url: string, folders: readonly string[]): string {
  let text = line.replaceAll(url, 'http://127.0.0.1:4880').replaceAll(new URL(url).host, '127.0.0.1:4880');
  for (const folder of folders) text = text.replaceAll(folder, '…');
  return text
    .replace(/\b[0-9a-f]{16,}\b/g, '…')
    .replace(/\d{4}-\d\d-\d\dT[\d_:.]+Z?/g, '…')
    .replace(/\b\d+(\.\d+)?m?s\b/g, '…')
    .replace(/\s+/g, ' ')
    .trim();
}

function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}
