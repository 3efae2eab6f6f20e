import { LedgerError } from '../ledger.ts';

const MAX_FILENAME = 1024;

/**
 * Reads `[[filename, claimedAt|null], …]` from JSON bytes: filename → the latest time claimed for it in this
 * listing. Throws LedgerError `malformed` for anything else.
 */
export function readSeenFiles(bytes: Uint8Array): Map<string, number | null> {
  let list: unknown;
  try {
    list = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new LedgerError('malformed', 'the files of an index are no JSON', { cause: error });
  }
  if (!Array.isArray(list)) throw malformed();
  const files = new Map<string, number | null>();
  for (const item of list as unknown[]) {
    if (!Array.isArray(item) || item.length !== 2) throw malformed();
    const [filename, claimedAt] = item as [unknown, unknown];
    if (typeof filename !== 'string' || filename === '' || filename.length > MAX_FILENAME) throw malformed();
    if (claimedAt !== null && !Number.isSafeInteger(claimedAt)) throw malformed();
    const before = files.get(filename) ?? null;
    const time = claimedAt as number | null;
    files.set(filename, before === null ? time : Math.max(before, time ?? before));
  }
  return files;
}

function malformed(): LedgerError {
  return new LedgerError('malformed', 'the files of an index are not [[filename, time or null], …]');
}
