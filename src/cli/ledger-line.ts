import type { StoredEntry } from '../ledger/ledger.ts';

/**
 * One entry as one line for a terminal. What came from outside is printable ASCII by now (validated names, a
 * reduced user agent); anything else is escaped, so that no entry can move the cursor.
 */
export function ledgerLine(stored: StoredEntry): string {
  if (stored.bytes === '')
    return `${String(stored.seq).padStart(6)} withdrawn from reading ${stored.leaf.slice(0, 12)}`;
  const entry = JSON.parse(stored.bytes) as Record<string, unknown>;
  const text = (key: string) => (typeof entry[key] === 'string' ? (entry[key] as string) : '');
  const time = typeof entry['time'] === 'number' ? new Date(entry['time']).toISOString() : '';
  const sum = entry['refusals'];
  const version = text('version');
  const name = text('purl') || (text('name') && `${text('name')}${version && `@${version}`}`);
  // Which alarm, act of an administrator or end of a policy it is comes before what it is about.
  const what =
    (typeof sum === 'number' ? `${sum} refusals` : '') ||
    logWords(entry) ||
    tallyWords(entry) ||
    [text('code'), text('outcome'), name || text('policy').slice(0, 19)].filter(Boolean).join(' ');
  const codes = (key: string) =>
    Array.isArray(entry[key]) ? entry[key].map((r: { code?: unknown }) => String(r.code)).join(',') : '';
  const fields = [
    String(stored.seq).padStart(6),
    time,
    text('type').padEnd(8),
    text('verdict').padEnd(6),
    text('route').padEnd(8),
    text('agent').padEnd(8),
    what,
    text('trust') && `trust ${text('trust').slice(0, 19)}`,
    text('file'),
    codes('reasons'),
    codes('observed') && `would refuse ${codes('observed')}`,
    codes('waived') && `waived ${codes('waived')}`,
    codes('warnings') && `warned ${codes('warnings')}`,
    stored.leaf.slice(0, 12),
  ];
  return printable(fields.filter((f) => f !== '').join(' ')).replaceAll('\n', '\\u000a');
}

/** Which log begins or is about to, and why; empty for entries that are of none. */
function logWords({ type, code, log, reason, origin, below, entries }: Record<string, unknown>): string {
  if (type === 'log') return `log ${log} (${reason}) ${origin}`;
  if (code === 'key-rotated') return `${code} to log ${log} ${origin}`;
  return code === 'entries-withdrawn' ? `${code} ${entries} of log ${log}, below ${below}` : '';
}

/** What the gate counted, of an hour or of a whole run; empty for entries that count nothing. */
function tallyWords({ code, answers, files }: Record<string, unknown>): string {
  if (typeof answers !== 'object' || typeof files !== 'object') return '';
  const of = (counts: unknown) =>
    Object.entries(counts ?? {})
      .map(([what, count]) => `${count} ${what}`)
      .join(', ');
  return [code, `answers: ${of(answers)}; files: ${of(files)}`].filter(Boolean).join(' ');
}

/** Text for a terminal: whatever is not printable ASCII or a line break is escaped, as JSON would. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e\n]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
