import { expect, test } from 'vitest';
import { ledgerLine } from '../../src/cli/ledger-line.ts';
import { entryBytes } from '../../src/ledger/canonical.ts';
import { policyEntry, startEntry, trustEntry } from '../../src/ledger/entry.ts';
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
    `policy   ${policy.slice(0, 19)}`,
  ],
])('%s', (_what, draft, words) => {
  expect(lineOf(draft)).toMatch(/^ {5}7 2026-06-01T00:00:00\.000Z [\x20-\x7e]+ a{12}$/);
  expect(lineOf(draft).replace(/ +/g, ' ')).toContain(` ${words.replace(/ +/g, ' ')} `);
});
