import { REASONS } from '../../../src/model/reason-codes.ts';
import type { JailReport } from '../../harness/jail.ts';

/** What a client printed about a refusal. */
export interface Words {
  /** The line that carries our reason; where none does, at most two of the client's own. No stack traces. */
  readonly lines: readonly string[];
  /** Whether our reason is in it, or only a word of it in the address that is shown. */
  readonly reason: 'yes' | 'in the address' | 'no';
}

const WORDS = Object.values(REASONS).map(([, words]) => words);
const CODE = new RegExp(`\\b(${Object.keys(REASONS).join('|')})\\b`);
// In a refused tarball's path, and in the version of a made-up wheel.
const SLUG = /\/-\/blocked\/|(\+|%2B)refused\.[a-z]/;
const FAILURE = /error|err_|fail|not found|no matching|unable|cannot|could not|couldn't|no candidates/i;
const TRACE = /^\s*(at |File ")|^\s+\w+(\.\w+)*(, \w+)* = |Traceback|^For more information/;

/** Finds them; `url` and `folders` are what differs from run to run and is written in one way. */
export function wordsOf(report: JailReport, url: string, folders: readonly string[]): Words {
  const printed = `${report.stdout}\n${report.stderr}`.split('\n').filter((line) => !TRACE.test(line));
  const lines = [...new Set(unbroken(printed).map((line) => normal(line, url, folders)))];
  const saysWhy = (line: string) => CODE.test(line) || WORDS.some((words) => line.includes(words));
  const why = lines.find(saysWhy);
  if (why !== undefined) return { lines: [why], reason: 'yes' };
  const where = lines.find((line) => SLUG.test(line));
  if (where !== undefined) return { lines: [where], reason: 'in the address' };
  const refused = lines.filter((line) => /\b403\b/.test(line));
  const own = refused.length > 0 ? refused : lines.filter((line) => FAILURE.test(line));
  return { lines: own.slice(0, 2), reason: 'no' };
}

/** pnpm 12 breaks long lines, under a mark that begins the message. */
function unbroken(lines: readonly string[]): string[] {
  const whole: string[] = [];
  let inMessage = false;
  for (const line of lines) {
    const goesOn: boolean = inMessage && /^(\s*│\s{2,}|\s{5,})[^\s├╰]/.test(line);
    inMessage = goesOn || /^\s*[├╰]─▶/.test(line);
    if (goesOn) whole.push(`${whole.pop()} ${line.replace(/^[\s│]+/, '')}`);
    else whole.push(line);
  }
  return whole;
}

function normal(line: string, url: string, folders: readonly string[]): string {
  let text = line.replaceAll(url, 'http://127.0.0.1:4880').replaceAll(new URL(url).host, '127.0.0.1:4880');
  for (const folder of folders) text = text.replaceAll(folder, '…');
  return text
    .replace(/\b[0-9a-f]{16,}\b/g, '…')
    .replace(/\d{4}-\d\d-\d\dT[\d_:.]+Z?/g, '…')
    .replace(/\b\d+(\.\d+)?m?s\b( \d+ms)?/g, '…')
    .replace(/\s+/g, ' ')
    .trim();
}
