import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// Real attestations and trust roots, which are no part of this project: beside it, or where SALLYPORT_FIXTURES says.

const FOLDER =
  process.env['SALLYPORT_FIXTURES'] ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'fixtures');

/** Why the fixtures cannot be used, in words for the name of a skipped test; null where they can. */
export const reasonForNoFixtures: string | null = existsSync(FOLDER)
  ? null
  : 'no fixtures; set SALLYPORT_FIXTURES';

export function fixturePath(...path: string[]): string {
  return join(FOLDER, ...path);
}

export function fixture(...path: string[]): Buffer {
  return readFileSync(fixturePath(...path));
}
