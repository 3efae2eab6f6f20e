import { expect, test } from 'vitest';
import { ledgerLine } from '../../src/cli/ledger-line.ts';
import { entryBytes } from '../../src/ledger/canonical.ts';
import {
  alarmEntry,
  policyEntry,
  startEntry,
  stopEntry,
  tallyEntry,
  trustEntry,
} from '../../src/ledger/entry.ts';
import type { EntryDraft } from '../../src/ledger/ledger.ts';
import { keyRotatedEntry, logEntry, withdrawnEntry } from '../../src/ledger/published/log-entry.ts';
import { sha256 } from '../../src/model/digest.ts';

const stamp = { id: 'house-1', time: Date.parse('2026-06-01T00:00:00Z') };
const [policy, trust, previous] = [sha256('policy'), sha256('trust'), sha256('previous')];
const counts = {
  since: 0,
  answers: { allow: 3, refuse: 2, summed: 1 },
  files: { served: 3, aborted: 0, bytes: 512 },
  unwritten: 0,
};
const row = {
  number: 2,
  origin: 'firewall.example/ledger/2',
  vkey: 'firewall.example/ledger/2+00000000+AA==',
  base: 300,
  opened: 0,
  minimum: 0,
};
const lineOf = (draft: EntryDraft) => ledgerLine({ seq: 7, leaf: 'a'.repeat(64), bytes: entryBytes(draft) });

test.each([
  [
    'a start, with its policy and what it trusts',
    startEntry({ ...stamp, release: '0.1.0', engine: '1', policy, trust, config: policy }),
    `start    ${policy.slice(0, 19)} trust ${trust.slice(0, 19)}`,
  ],
  [
    'another trust',
    trustEntry({ ...stamp, trust, previous }),
    `admin    trust-changed trust ${trust.slice(0, 19)}`,
  ],
  [
    'another policy',
    policyEntry({ ...stamp, outcome: 'loaded', policy, previous }),
    `policy   loaded ${policy.slice(0, 19)}`,
  ],
  [
    'a policy that does not load',
    policyEntry({ ...stamp, outcome: 'rejected', policy, problems: 2 }),
    `policy   rejected ${policy.slice(0, 19)}`,
  ],
  [
    'a reload that changes nothing',
    policyEntry({ ...stamp, outcome: 'unchanged', policy }),
    `policy   unchanged ${policy.slice(0, 19)}`,
  ],
  [
    'an alarm, and which',
    alarmEntry({
      ...stamp,
      code: 'malware',
      agent: 'ana',
      ecosystem: 'npm',
      name: 'widget',
      version: '1.1.0',
    }),
    'alarm ana malware widget@1.1.0',
  ],
  [
    'what was counted of an hour',
    tallyEntry({ ...stamp, ...counts }),
    'tally answers: 3 allow, 2 refuse, 1 summed; files: 0 aborted, 512 bytes, 3 served',
  ],
  [
    'a stop, and what was counted',
    stopEntry({ ...stamp, ...counts, code: 'shutdown' }),
    'stop shutdown answers: 3 allow, 2 refuse, 1 summed; files: 0 aborted, 512 bytes, 3 served',
  ],
  [
    'a new log, and why',
    logEntry({
      ...stamp,
      row,
      reason: 'rollback',
      previous: { log: 1, origin: 'a/1', vkey: 'a/1+00000000+AA==', size: 300, root: '00', signed: 299 },
    }),
    'log log 2 (rollback) firewall.example/ledger/2',
  ],
  [
    'the end of a key',
    keyRotatedEntry({ ...stamp, log: 2, origin: row.origin, vkey: row.vkey }),
    'admin key-rotated to log 2 firewall.example/ledger/2',
  ],
  [
    'what was withdrawn',
    withdrawnEntry({ ...stamp, log: 1, below: 512, policy, entries: 512 }),
    'admin entries-withdrawn 512 of log 1, below 512',
  ],
  ['an alarm about no package', alarmEntry({ ...stamp, code: 'feed-stale' }), 'alarm    feed-stale'],
])('%s', (_what, draft, words) => {
  expect(lineOf(draft)).toMatch(/^ {5}7 2026-06-01T00:00:00\.000Z [\x20-\x7e]+ a{12}$/);
  expect(lineOf(draft).replace(/ +/g, ' ')).toContain(` ${words.replace(/ +/g, ' ')} `);
});

test('an entry that was withdrawn has a line of its own', () => {
  expect(ledgerLine({ seq: 7, leaf: 'a'.repeat(64), bytes: '' })).toBe(
    '     7 withdrawn from reading aaaaaaaaaaaa',
  );
});
