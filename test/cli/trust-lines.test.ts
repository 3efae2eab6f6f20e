import { expect, test } from 'vitest';
import { type TrustShown, trustLines } from '../../src/cli/trust-lines.ts';

const SHOWN: TrustShown = {
  digest: 'sha256:11',
  root: {
    origin: 'updated',
    sha256: 'sha256:22',
    trusts: [
      { kind: 'log', name: 'https://log.example', from: '2021-01-12T11:53:27.000Z', until: null },
      {
        kind: 'authority',
        name: 'https://ca.example',
        from: '2021-03-07T03:20:29.000Z',
        until: '2022-12-31T23:59:59.999Z',
      },
    ],
  },
  npmKeys: {
    origin: 'pinned',
    sha256: 'sha256:33',
    trusts: [{ kind: 'npm:signatures', name: 'SHA256:abc', from: null, until: null }],
  },
  proofSince: '2025-01-01T00:00:00.000Z',
  registry: 'https://registry.example',
  update: null,
  problem: null,
};

test('what is in force, where it came from, and from when to when', () => {
  expect(trustLines(SHOWN)).toEqual([
    'trust     sha256:11',
    'root      updated sha256:22',
    '  log        https://log.example  2021-01-12 -',
    '  authority  https://ca.example   2021-03-07 - 2022-12-31',
    'npm keys  pinned sha256:33',
    '  npm:signatures  SHA256:abc   -',
    'registry  https://registry.example',
    'proofs    of log entries since 2025-01-01T00:00:00.000Z',
    'update    never',
  ]);
});

test('the last update, and what is wrong', () => {
  const succeeded = { at: '2026-05-01T00:00:00.000Z', mirror: 'https://tuf.example', days: 31 };
  const tried = '2026-06-01T00:00:00.000Z';
  const tail = (update: TrustShown['update'], problem: string | null) =>
    trustLines({ ...SHOWN, update, problem }).slice(8);
  expect(tail({ tried, problem: null, succeeded }, null)).toEqual([
    'update    2026-06-01T00:00:00.000Z succeeded',
    'fetched   2026-05-01T00:00:00.000Z from https://tuf.example (31 days ago)',
  ]);
  expect(tail({ tried, problem: 'no answer', succeeded: null }, 'the update failed: no answer')).toEqual([
    'update    2026-06-01T00:00:00.000Z failed: no answer',
    'problem   the update failed: no answer',
  ]);
});

test('no name in a trusted root moves the cursor or begins a line', () => {
  const name = 'https://log.example/\u001b[2J\nproblem   none';
  const root = { ...SHOWN.root, trusts: [{ kind: 'log', name, from: null, until: null }] };
  const lines = trustLines({ ...SHOWN, root });
  expect(lines).toHaveLength(trustLines(SHOWN).length - 1);
  expect(lines.every((line) => /^[\x20-\x7e]+$/.test(line))).toBe(true);
});
