import { asciiText } from '../exports/ascii.ts';
import { jsonLine } from '../exports/jsonl.ts';
import { codesOf, integerOf, type LoggedEntry, textOf } from '../exports/logged.ts';
import { ocsfLine } from '../exports/ocsf.ts';

/** What is sent of an entry, without a line's end. JSON keeps the entry's exact bytes; `version`: of sallyport. */
export function shippedLine(entry: LoggedEntry, format: 'json' | 'ocsf', version: string): string {
  return format === 'ocsf' ? ocsfLine(entry, version) : jsonLine(entry);
}

/** Facility 13, "log audit" (RFC 5424 section 6.2.1). */
const FACILITY = 13;
const SEVERITY = { error: 3, warning: 4, notice: 5, info: 6 } as const;

/**
 * An entry as a syslog message (RFC 5424), in ASCII: `MSGID` is its type, `TIMESTAMP` its own time, and `MSG` the JSON,
 * in which what is not ASCII is escaped. There is no structured data: that would need an enterprise number of ours.
 */
export function syslogMessage(entry: LoggedEntry, line: string, host: string): string {
  const { fields } = entry;
  const type = textOf(fields, 'type') ?? '-';
  const time = new Date(integerOf(fields, 'time') ?? 0).toISOString();
  const hostname = host.replace(/[^\x21-\x7e]/g, '').slice(0, 255) || '-';
  return `<${FACILITY * 8 + severityOf(type, entry)}>1 ${time} ${hostname} sallyport - ${type} - ${asciiText(line)}`;
}

function severityOf(type: string, { fields }: LoggedEntry): number {
  if (type === 'alarm') return SEVERITY.warning;
  if (type === 'log') return textOf(fields, 'reason') === 'rotation' ? SEVERITY.notice : SEVERITY.error;
  if (textOf(fields, 'verdict') === 'refuse' || codesOf(fields, 'observed').length > 0)
    return SEVERITY.notice;
  return type === 'policy' || type === 'admin' ? SEVERITY.notice : SEVERITY.info;
}

/** Octet counting (RFC 6587 section 3.4.1, RFC 5425 section 4.3): a message cannot end another, whatever is in it. */
export function octetCounted(message: string): string {
  return `${Buffer.byteLength(message)} ${message}`;
}
