import type { Finding, FindingCode } from '../../model/finding.ts';

/**
 * The archive is not one that every reader reads alike, or it is beyond a limit. Thrown inside this room
 * only: `inspect` turns it into the finding ARCHIVE_UNSAFE. An error of any other class is not about the
 * bytes (a disk that cannot be read) and is passed on.
 */
export class ArchiveUnsafe extends Error {
  override readonly name = 'ArchiveUnsafe';
  /** What is wrong, in our words: for tests and logs. */
  readonly what: string;
  /** Where, as `placeOf` writes it. */
  readonly place: string;
  constructor(what: string, path = '') {
    super(`${what}: ${placeOf(path)}`);
    this.what = what;
    this.place = placeOf(path);
  }
}

const MAX_PLACE = 200;

/**
 * A path as it may stand in a finding: at most 200 characters, and none but those of ordinary paths. The
 * path is the package's own text and ends in front of people and agents, so nothing that could be read as a
 * sentence is left of it.
 */
export function placeOf(path: string): string {
  return path.slice(0, MAX_PLACE).replace(/[^A-Za-z0-9@._/+#-]/g, '?');
}

export function finding(code: FindingCode, path: string): Finding {
  return { code, place: placeOf(path) };
}
