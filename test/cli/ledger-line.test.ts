import { expect, test } from 'vitest';
import { ledgerLine } from '../../src/cli/ledger-line.ts';
import { entryBytes } from '../../src/ledger/canonical.ts';
import { alarmEntry, policyEntry, startEntry, trustEntry } from '../../src/ledger/entry.ts';
import type { EntryDraft } from '../../src/ledger/ledger.ts';
import { sha256 } from '../../src/model/digest.ts';

const stamp = { id: 'house-1', time: Date.parse('2026-06-01T00:00:00Z') };
const [policy, trust, previous] = [sha256('policy'), sha256('trust'), sha256('previous')];
const lineOf = (draft: EntryDraft) => ledgerLine({ seq: 7, leaf: 'a'.repeat(64), bytes: entryBytes(draft) });

test.each([
  [
    'a start, with its policy and what it trusts',
    startEntry({ ...stamp, release: '0.1.0', engine: '1', policy, trust }),
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
  ['an alarm about no package', alarmEntry({ ...stamp, code: 'feed-stale' }), 'alarm    feed-stale'],
])('%s', (_what, draft, words) => {
  expect(lineOf(draft)).toMatch(/^ {5}7 2026-06-01T00:00:00\.000Z [\x20-\x7e]+ a{12}$/);
  expect(lineOf(draft).replace(/ +/g, ' ')).toContain(` ${words.replace(/ +/g, ' ')} `);
});
