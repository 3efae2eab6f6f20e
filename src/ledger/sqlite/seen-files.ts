import { LedgerError } from '../ledger.ts';

const MAX_FILENAME = 1024;
const MAX_DIGESTS = 1024;

/** One file as an index lists it. */
export interface SeenFile {
  /** The latest time claimed for it, milliseconds since 1970. */
  readonly claimedAt: number | null;
  /** Its declared digests, `sha256:… sha512:…`, separated by spaces; empty where there are none. */
  readonly digests: string;
  /** Claimed evidence as a sum: 1 registry signature, 2 provenance. */
  readonly evidence: number;
}

/**
 * Reads `[[filename, claimedAt|null, digests?, evidence?], …]` from JSON bytes; of a file that is listed twice, the
 * latest time and all evidence. Throws LedgerError `malformed` for anything else.
 */
export function readSeenFiles(bytes: Uint8Array): Map<string, SeenFile> {
  let list: unknown;
  try {
    list = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new LedgerError('malformed', 'the files of an index are no JSON', { cause: error });
  }
  if (!Array.isArray(list)) throw malformed();
  const files = new Map<string, SeenFile>();
  for (const item of list as unknown[]) {
    if (!Array.isArray(item) || item.length < 2 || item.length > 4) throw malformed();
    const [filename, claimedAt, digests = '', evidence = 0] = item as unknown[];
    if (typeof filename !== 'string' || filename === '' || filename.length > MAX_FILENAME) throw malformed();
    if (claimedAt !== null && !Number.isSafeInteger(claimedAt)) throw malformed();
    if (typeof digests !== 'string' || digests.length > MAX_DIGESTS) throw malformed();
    if (evidence !== 0 && evidence !== 1 && evidence !== 2 && evidence !== 3) throw malformed();
    const time = claimedAt as number | null;
    const twin = files.get(filename);
    if (!twin) {
      files.set(filename, { claimedAt: time, digests, evidence });
      continue;
    }
    const latest = twin.claimedAt === null ? time : Math.max(twin.claimedAt, time ?? twin.claimedAt);
    files.set(filename, { claimedAt: latest, digests, evidence: twin.evidence | evidence });
  }
  return files;
}

/**
 * Whether a listing names other bytes than an earlier one did: an algorithm that both use has another digest, or
 * they have none in common, or there was none at all to hold it to. A digest that is only added to others, or
 * taken away, changes nothing.
 */
export function namesOtherBytes(before: string, now: string): boolean {
  if (before === now || now === '') return false;
  const earlier = digestsOf(before);
  const later = digestsOf(now);
  const common = [...later.keys()].filter((algorithm) => earlier.has(algorithm));
  return common.length === 0 || common.some((algorithm) => later.get(algorithm) !== earlier.get(algorithm));
}

/** Algorithm → all of its digests, sorted: an index may declare several. */
function digestsOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const digest of text.split(' ').sort()) {
    const algorithm = digest.slice(0, digest.indexOf(':'));
    found.set(algorithm, `${found.get(algorithm) ?? ''} ${digest}`);
  }
  return found;
}

function malformed(): LedgerError {
  return new LedgerError(
    'malformed',
    'the files of an index are not [[filename, time or null, digests, evidence], …]',
  );
}
