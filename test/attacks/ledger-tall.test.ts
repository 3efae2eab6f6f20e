import { expect, test } from 'vitest';
import { audited, forgedLog, logFiles, shortEntries, shortEntry, told } from '../ledger/audit/forged.ts';

// A tree of three levels: everything below its right edge is written anew, with another entry in it. The edge leads to the
// signed root, and every copy of the entries agrees.

const SIZE = 65_793;
const EDGE = /^tile\/(2\/|[01]\/.*\.p|entries\/.*\.p)/;

test('an entry changed in every copy up to the level below the edge', { timeout: 60_000 }, async () => {
  const log = forgedLog(shortEntries(SIZE));
  for (const [path, bytes] of logFiles(log.entries.with(300, shortEntry(9_000_000))))
    if (!EDGE.test(path)) log.files.set(path, bytes);
  expect(told(await audited(log))).toEqual(['root entries 0..65792']);
  // Nor where the tile above is gone.
  log.files.delete('tile/1/000');
  expect(told(await audited(log))).toEqual(['missing tile 0..65535', 'root entries 0..65792']);
});
