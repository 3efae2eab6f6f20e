import { asciiText } from './ascii.ts';
import { codesOf, type Fields, integerOf, type LoggedEntry, objectsOf, textOf, timeOf } from './logged.ts';

/** What stands in a column; undefined: the cell is empty. */
type Column = (entry: LoggedEntry) => string | number | undefined;

const text =
  (key: string): Column =>
  ({ fields }) =>
    textOf(fields, key);
const integer =
  (key: string): Column =>
  ({ fields }) =>
    integerOf(fields, key);
const codes =
  (key: string): Column =>
  ({ fields }) =>
    codesOf(fields, key).join(' ');
const check =
  (name: string): Column =>
  ({ fields }) =>
    checkOf(fields, name);

/** The columns, in their order. More may be added at the end; none is renamed, moved or taken away. */
const COLUMNS: readonly (readonly [name: string, column: Column])[] = [
  ['seq', ({ seq }) => seq],
  ['leaf', ({ leaf }) => leaf],
  ['log', ({ log }) => log?.number],
  ['index', ({ log }) => log?.index],
  ['time', ({ fields }) => timeOf(fields)],
  ['type', text('type')],
  ['id', text('id')],
  ['agent', text('agent')],
  ['profile', text('profile')],
  ['mode', text('mode')],
  ['client', text('client')],
  ['route', text('route')],
  ['method', text('method')],
  ['ecosystem', text('ecosystem')],
  ['name', text('name')],
  ['version', text('version')],
  ['file', text('file')],
  ['purl', text('purl')],
  ['size', integer('size')],
  ['sha256', text('sha256')],
  ['sha512', text('sha512')],
  ['verdict', text('verdict')],
  ['code', text('code')],
  ['reasons', codes('reasons')],
  ['observed', codes('observed')],
  ['waived', codes('waived')],
  ['warnings', codes('warnings')],
  ['rule', text('place')],
  ['by', text('by')],
  ['policy', text('policy')],
  ['registry_signature', check('registry-signature')],
  ['provenance', check('provenance')],
  ['nearest_allowed', text('nearestAllowed')],
  ['eligible_at', integer('eligibleAt')],
  ['decision', integer('decision')],
  ['bytes', integer('bytes')],
  ['refusals', integer('refusals')],
];

/** The columns' names, in their order. */
export const CSV_COLUMNS: readonly string[] = COLUMNS.map(([name]) => name);

/** The header of a file, without the line's end. */
export function csvHeader(): string {
  return CSV_COLUMNS.join(',');
}

/** An entry as one record (RFC 4180), without the line's end, which is CRLF. It is ASCII. */
export function csvRecord(entry: LoggedEntry): string {
  return COLUMNS.map(([, column]) => cell(column(entry))).join(',');
}

/**
 * A cell. Text is always quoted; what a spreadsheet would take for a formula has an apostrophe before it (OWASP, CSV
 * Injection), so that `@scope/name` is `'@scope/name`.
 */
function cell(value: string | number | undefined): string {
  if (value === undefined || value === '') return '';
  if (typeof value === 'number') return String(value);
  const safe = asciiText(value);
  // Of tabs, line breaks and full-width signs, which some programs take for the same, only escapes are left.
  const plain = /^ *[=+\-@]/.test(safe) ? `'${safe}` : safe;
  return `"${plain.replaceAll('"', '""')}"`;
}

function checkOf(fields: Fields, name: string): string | undefined {
  const found = objectsOf(fields, 'checks').find((one) => textOf(one, 'check') === name);
  return found && textOf(found, 'result');
}
