import { expect, test } from 'vitest';
import { jsonLine } from '../../src/exports/jsonl.ts';
import { loggedEntry } from '../../src/exports/logged.ts';
import { leafHash } from '../../src/ledger/canonical.ts';
import { decision } from '../ledger/fixtures/drafts.ts';
import { LOG, logged, stored } from './logged.ts';

test('a line has the exact bytes that were hashed, and their place', () => {
  const entry = logged(decision({ client: 'ünï/1 "entry":{}' }));
  const line = jsonLine(entry);
  const bytes = line.slice(line.indexOf('"entry":') + '"entry":'.length, -1);
  expect(bytes).toBe(entry.bytes);
  expect(leafHash(bytes)).toBe(entry.leaf);
  expect(JSON.parse(line)).toMatchObject({ seq: 7, leaf: entry.leaf, log: 1, index: 7 });
});

test('an entry is in the newest log that begins before it', () => {
  const logs = [{ number: 2, origin: 'b', base: 5 }, LOG, { number: 3, origin: 'c', base: 100 }];
  expect(loggedEntry(stored(decision(), 4), logs)?.log).toEqual({ number: 1, origin: LOG.origin, index: 4 });
  expect(loggedEntry(stored(decision(), 5), logs)?.log).toEqual({ number: 2, origin: 'b', index: 0 });
  expect(loggedEntry(stored(decision(), 5), [])?.log).toBeNull();
});

test('what is withdrawn is none, and what cannot be read is no entry left out in silence', () => {
  const entry = stored(decision());
  expect(loggedEntry({ ...entry, bytes: '' }, [LOG])).toBeNull();
  for (const bytes of ['{', 'null', '[]', '1'])
    expect(() => loggedEntry({ ...entry, bytes }, [LOG])).toThrow('entry 7');
});
