import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { entryBytes } from '../../../src/ledger/canonical.ts';
import type { EntryDraft } from '../../../src/ledger/ledger.ts';
import { bundleBytes } from '../../../src/ledger/log/bundle.ts';
import { verifierKey } from '../../../src/ledger/log/note.ts';
import {
  keyRotatedEntry,
  logEntry,
  type PreviousLog,
  withdrawnEntry,
} from '../../../src/ledger/published/log-entry.ts';
import type { LogRow } from '../../../src/ledger/published/published.ts';
import { retentionText } from '../../../src/ledger/published/retention.ts';
import { audited, type ForgedLog, forgedLog, logFiles, shortEntries, shortEntry, told } from './forged.ts';

// What holds over all entries: one log follows another, what is withdrawn is allowed to be, and counts add up.

const bytes = (draft: EntryDraft) => Buffer.from(entryBytes(draft));

describe('a log that follows another', () => {
  const [one, two] = [300, 40];

  function chain(
    change: (previous: PreviousLog) => PreviousLog = (same) => same,
    reason: 'rotation' | 'rollback' = 'rotation',
    old: (next: ForgedLog) => readonly Buffer[] = () => shortEntries(one),
  ) {
    const second = forgedLog(shortEntries(1), 'audit.example/log/2');
    const first = forgedLog(old(second), 'audit.example/log/1');
    const row: LogRow = {
      number: 2,
      origin: second.signer.name,
      vkey: second.vkey,
      base: one,
      opened: 1,
      minimum: 0,
    };
    const previous = {
      log: 1,
      origin: first.signer.name,
      vkey: first.vkey,
      size: one,
      root: first.root().toString('hex'),
      signed: one,
    };
    const begun = bytes(logEntry({ id: 'log-2', time: 1, row, reason, previous: change(previous) }));
    second.files.clear();
    second.write([begun, ...shortEntries(two)]);
    return { first, second };
  }

  const both = (
    { first, second }: { first: ForgedLog; second: ForgedLog },
    keys: readonly string[] = [first.vkey, second.vkey],
  ) =>
    audited(first, {
      logs: [
        { number: 1, source: first, base: 0 },
        { number: 2, source: second, base: one },
      ],
      keys: keys.map((key) => verifierKey(key)),
    });

  test('is checked with it', async () => {
    const report = await both(chain());
    expect(report.findings).toEqual([]);
    expect(report.logs).toMatchObject([
      { number: 1, size: one },
      { number: 2, size: two + 1 },
    ]);
  });

  test('the newest key vouches for the one before; the older one alone for nothing after it', async () => {
    const logs = chain();
    const newest = await both(logs, [logs.second.vkey]);
    expect(told(newest)).toEqual([]);
    expect(newest.logs.map(({ keyFrom }) => keyFrom)).toEqual(['chain', 'given']);
    expect(told(await both(logs, [logs.first.vkey]))).toEqual(['key key']);
  });

  describe('of a log whose last entry announces the next', () => {
    const announcing = (reason: 'rotation' | 'rollback' = 'rotation', vkey?: string) =>
      chain(
        (same) => same,
        reason,
        (next) => [
          ...shortEntries(one - 1),
          bytes(
            keyRotatedEntry({ id: 'r', time: 1, log: 2, origin: next.signer.name, vkey: vkey ?? next.vkey }),
          ),
        ],
      );
    const byOld = async (logs: ReturnType<typeof chain>) => await both(logs, [logs.first.vkey]);

    test('the older key vouches for the next', async () => {
      const report = await byOld(announcing());
      expect(report.findings).toEqual([]);
      expect(report.logs.map(({ keyFrom }) => keyFrom)).toEqual(['given', 'chain']);
    });

    test('not for another key, whoever signed what follows', async () => {
      const other = forgedLog([], 'audit.example/log/2').vkey;
      for (const reason of ['rotation', 'rollback'] as const) {
        const report = await byOld(announcing(reason, other));
        expect(report.findings).toContainEqual(
          expect.objectContaining({
            kind: 'problem',
            code: 'key',
            text: expect.stringContaining('vouches for'),
          }),
        );
        expect(report.logs.map(({ keyFrom }) => keyFrom)).toEqual(['given', 'beside']);
      }
    });

    test('not by an entry that the old checkpoint does not cover', async () => {
      const logs = announcing();
      const { first, second } = logs;
      const forged = keyRotatedEntry({
        id: 'f',
        time: 1,
        log: 2,
        origin: second.signer.name,
        vkey: second.vkey,
      });
      first.write(shortEntries(one));
      // In the bundle it stands, and in no tree that was signed.
      first.files.set(
        'tile/entries/001.p/44',
        bundleBytes([...shortEntries(one).slice(256, -1), bytes(forged)]),
      );
      expect((await byOld(logs)).logs.map(({ keyFrom }) => keyFrom)).toEqual(['given', 'beside']);
    });
  });

  test('the first log was written anew under its own key', async () => {
    const logs = chain();
    logs.first.files.clear();
    logs.first.write(logs.first.entries.with(7, shortEntry(9000)));
    expect(told(await both(logs))).toEqual(['fork chain 0..299']);
  });

  test('the first log was cut off, signed on, or is not there', async () => {
    const cut = chain();
    cut.first.write(cut.first.entries.slice(0, 256));
    expect(told(await both(cut))).toContain('changed chain 0..0');
    const more = chain();
    more.first.write(shortEntries(one + 1));
    expect(told(await both(more))).toContain('changed chain 0..0');
    const { second } = chain();
    const alone = await audited(second, { logs: [{ number: 2, source: second }] });
    expect(told(alone)).toEqual(['missing files']);
  });

  test.each([
    [
      'another key',
      (previous: PreviousLog) => ({ ...previous, vkey: forgedLog([], previous.origin).vkey }),
      'key chain 0..0',
    ],
    [
      'another root',
      (previous: PreviousLog) => ({ ...previous, root: 'ab'.repeat(32) }),
      'fork chain 0..299',
    ],
    ['another log', (previous: PreviousLog) => ({ ...previous, log: 7 }), 'missing files'],
  ] as const)('the first entry names %s', async (_, change, words) => {
    expect(told(await both(chain(change)))).toContain(words);
  });

  test('a first entry that is not one', async () => {
    const logs = chain();
    logs.second.files.clear();
    logs.second.write(shortEntries(5));
    expect(told(await both(logs))).toEqual(['changed chain 0..0']);
  });

  test('a rollback is said, and is no problem by itself', async () => {
    const report = await both(chain((same) => same, 'rollback'));
    expect(told(report)).toEqual([]);
    expect(told(report, 'note')).toEqual(['told chain 0..0']);
  });
});

describe('withdrawn entries', () => {
  const POLICY = 'Entries are withdrawn after 400 days.\n';
  const digest = (text: string) => `sha256:${hash('sha256', text, 'hex')}`;

  function withdrawn(below: number | null, removed: number): ForgedLog {
    const entries = shortEntries(700);
    if (below !== null)
      entries[690] = bytes(
        withdrawnEntry({ id: 'w', time: 690, log: 1, below, policy: digest(POLICY), entries: below }),
      );
    const log = forgedLog(entries);
    for (let index = 0; index < removed / 256; index++) log.files.delete(`tile/entries/00${index}`);
    log.files.set('retention', Buffer.from(retentionText(below ?? 0, POLICY)));
    return log;
  }

  test('as far as an entry says, under the policy that it names', async () => {
    const report = await audited(withdrawn(512, 512));
    expect(told(report)).toEqual([]);
    expect(told(report, 'note')).toContain('told retention 0..511');
    // What is to be withdrawn and still there is no problem: removing it takes a while.
    expect(told(await audited(withdrawn(512, 256)))).toEqual([]);
  });

  test('further than an entry says, or without one', async () => {
    expect(told(await audited(withdrawn(256, 512)))).toEqual(['missing bundle 256..511']);
    expect(told(await audited(withdrawn(null, 256)))).toEqual(['missing bundle 0..255']);
  });

  test('in the middle', async () => {
    const log = withdrawn(512, 0);
    log.files.delete('tile/entries/001');
    expect(told(await audited(log))).toEqual(['missing bundle 256..511']);
  });

  test('under another policy, one that says less, or none', async () => {
    const log = withdrawn(512, 512);
    log.files.set('retention', Buffer.from(retentionText(512, `${POLICY}Or sooner.\n`)));
    expect(told(await audited(log))).toEqual(['changed retention']);
    log.files.set('retention', Buffer.from(retentionText(256, POLICY)));
    expect(told(await audited(log))).toEqual(['changed retention']);
    log.files.delete('retention');
    expect(told(await audited(log))).toEqual(['missing retention']);
  });

  test('and their leaves are not believed without the tree', async () => {
    const log = withdrawn(512, 512);
    const tile = Buffer.from(log.files.get('tile/0/000') ?? []);
    tile[40] = (tile[40] ?? 0) ^ 1;
    log.files.set('tile/0/000', tile);
    expect(told(await audited(log))).toContain('changed entries 0..255');
  });
});

describe('counters', () => {
  const start = (id: number): EntryDraft => ({
    type: 'start',
    id: `s${id}`,
    time: id,
    release: '1',
    engine: '1',
    policy: 'p',
    trust: 't',
  });
  const decide = (id: number, verdict: 'allow' | 'refuse'): EntryDraft => ({
    type: 'decision',
    id: `d${id}`,
    time: id,
    verdict,
    route: 'artifact',
    method: 'GET',
  });
  const served = (id: number, decision: number, count = 10): EntryDraft => ({
    type: 'served',
    id: `d${id}`,
    time: id,
    decision,
    bytes: count,
  });
  const tally = (answers: Record<string, number>, files: Record<string, number>): EntryDraft => ({
    type: 'tally',
    id: 't',
    time: 99,
    since: 0,
    answers,
    files,
  });
  const life = [start(0), decide(1, 'allow'), decide(2, 'refuse'), served(1, 1), decide(3, 'allow')];
  const log = (drafts: readonly EntryDraft[]) => audited(forgedLog(drafts.map(bytes)));

  test('what the gate counted is in the log', async () => {
    const files = { served: 1, aborted: 0, bytes: 10 };
    const report = await log([...life, tally({ allow: 2, refuse: 1, summed: 0 }, files)]);
    expect(told(report)).toEqual([]);
    expect(report.counted).toBe(1);
    // Of the last one no entry says whether it was served.
    expect(told(report, 'note')).toEqual(['told counters']);
    expect(told(await log([...life, tally({ allow: 1, refuse: 0, summed: 0 }, files)]))).toEqual([]);
  });

  test.each([
    ['answers', { allow: 3, refuse: 1, summed: 0 }, { served: 1, aborted: 0, bytes: 10 }],
    ['refusals', { allow: 2, refuse: 2, summed: 0 }, { served: 1, aborted: 0, bytes: 10 }],
    ['summed ones', { allow: 2, refuse: 1, summed: 1 }, { served: 1, aborted: 0, bytes: 10 }],
    ['files', { allow: 2, refuse: 1, summed: 0 }, { served: 2, aborted: 0, bytes: 10 }],
    ['bytes', { allow: 2, refuse: 1, summed: 0 }, { served: 1, aborted: 0, bytes: 11 }],
  ])('the gate counted more %s than there are entries', async (_, answers, files) => {
    expect(told(await log([...life, tally(answers, files)]))).toEqual(['counts counters 5..5']);
  });

  test('files that the ledger could not be told of are said, and no more of them are missing', async () => {
    const counted = (served: number) => ({
      ...tally({ allow: 2, refuse: 1, summed: 0 }, { served, aborted: 0, bytes: 99 }),
      unwritten: 1,
    });
    const report = await log([...life, counted(2)]);
    expect(told(report)).toEqual([]);
    expect(told(report, 'note')).toContain('told counters 5..5');
    expect(told(await log([...life, counted(3)]))).toEqual(['counts counters 5..5']);
  });

  test('counting begins anew at a start', async () => {
    const files = { served: 0, aborted: 0, bytes: 0 };
    expect(told(await log([...life, start(6), tally({ allow: 1, refuse: 0, summed: 0 }, files)]))).toEqual([
      'counts counters 6..6',
    ]);
  });

  test('a start that follows no stop is said, with where the counting ended that nobody compared', async () => {
    const files = { served: 0, aborted: 0, bytes: 0 };
    const none = { allow: 0, refuse: 0, summed: 0 };
    const stop: EntryDraft = { type: 'stop', id: 'x', time: 7, code: 'signal', answers: none, files };
    const crashed = async (...drafts: EntryDraft[]) => {
      const report = await log(drafts);
      expect(told(report)).toEqual([]);
      return report.findings.filter(({ text }) => text.includes('without a stop'));
    };
    const refused = decide(1, 'refuse');
    expect(await crashed(start(0), refused, start(2))).toMatchObject([
      { kind: 'note', from: 2, text: expect.stringContaining('since entry 0 was not compared') },
    ]);
    expect(await crashed(start(0), refused, tally(none, files), refused, start(4))).toMatchObject([
      { from: 4, text: expect.stringContaining('since entry 2 was not compared') },
    ]);
    expect(await crashed(start(0), refused, stop, start(3))).toEqual([]);
  });

  test('a file was served that no entry admitted', async () => {
    expect(told(await log([...life, served(9, 2)]))).toEqual(['counts counters 5..5']);
    expect(told(await log([...life, served(9, 77)]))).toEqual(['counts counters 5..5']);
  });
});

test('files of an unusual kind', async () => {
  const log = forgedLog(shortEntries(5));
  log.files.set('notes.txt', Buffer.from('x'));
  const report = await audited(log);
  expect(told(report)).toEqual([]);
  expect(told(report, 'note')).toEqual(['extra files']);
  for (const [path, content] of logFiles(shortEntries(3))) log.files.set(path, content);
  expect(told(await audited(log))).toEqual([]);
});
