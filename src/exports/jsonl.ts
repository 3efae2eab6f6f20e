import type { LoggedEntry } from './logged.ts';

/**
 * An entry as one line of JSON. What stands between `"entry":` and the last `}` are the exact bytes that were hashed:
 * `leaf` is SHA-256 of a zero byte and these (RFC 6962 section 2.1), at `index` of the log with the number `log`.
 */
export function jsonLine({ seq, leaf, log, bytes }: LoggedEntry): string {
  const place = log ? `"log":${log.number},"index":${log.index},` : '';
  return `{"seq":${seq},"leaf":"${leaf}",${place}"entry":${bytes}}`;
}
