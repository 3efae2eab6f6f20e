import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { AuditPorts } from '../../src/api/ports.ts';
import type { TurnLimits } from '../../src/api/turns.ts';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { LedgerError, type StoredEntry } from '../../src/ledger/ledger.ts';
import { asking } from './place.ts';

// Auditors keep neither each other nor the ledger's thread for ever.

const LIMITS: TurnLimits = { ofOne: 2, ofAll: 3, answer: 60_000, stream: 60_000 };
const JSONL = { accept: 'application/jsonl' };
const BYTES = JSON.stringify({ v: 1, type: 'alarm', id: 'a', time: 1, code: 'x'.repeat(1000) });

/** A ledger of endless entries, which says how many were read and how many readers there are. */
function endless(more: Partial<AuditPorts> = {}) {
  const state = { read: 0, open: 0, gate: Promise.resolve(), fail: null as Error | null };
  const ports: AuditPorts = {
    ledger: {
      async *query(): AsyncGenerator<StoredEntry> {
        state.open += 1;
        try {
          for (let seq = 0; ; seq++) {
            await state.gate;
            if (state.fail) throw state.fail;
            state.read += 1;
            yield { seq, leaf: 'ab'.repeat(32), bytes: BYTES };
          }
        } finally {
          state.open -= 1;
        }
      },
      stats: async () => [],
      versionsOf: async () => [],
    },
    logs: { rows: async () => [], files: () => ({ read: async () => null }) },
    schemes: ECOSYSTEMS.map(({ versions }) => versions),
    version: '0',
    now: () => performance.now(),
    ...more,
  };
  return { state, ports };
}

async function streamOf(asked: ReturnType<typeof asking>, auditor = 'ana') {
  const answer = await asked.raw('entries', { ...JSONL, auditor });
  if (answer.kind !== 'stream') throw new Error(answer.kind === 'refusal' ? answer.code : answer.kind);
  return answer.pieces[Symbol.asyncIterator]();
}

test('a stream is read at its reader’s pace, and no further when it leaves', async () => {
  const { state, ports } = endless();
  const stream = await streamOf(asking(ports, LIMITS));
  await stream.next();
  await sleep(50);
  const before = state.read;
  // What one piece holds, and not what the ledger has.
  expect(before).toBeLessThan(150);
  await stream.next();
  expect(state.read).toBeLessThan(2 * before + 10);
  await stream.return?.();
  expect(state.open).toBe(0);
});

test('one auditor has so many turns, all together so many; a reader that leaves gives its back', async () => {
  const asked = asking(endless().ports, LIMITS);
  const streams = [await streamOf(asked), await streamOf(asked)];
  for (const target of ['entries', 'stats?by=agent', 'logs', 'entries/1'])
    expect(await asked.ask(target)).toMatchObject({ kind: 'refusal', code: 'TOO_MANY_QUERIES' });
  await expect(streamOf(asked)).rejects.toThrow('TOO_MANY_QUERIES');
  streams.push(await streamOf(asked, 'bo'));
  await expect(streamOf(asked, 'cy')).rejects.toThrow('TOO_MANY_QUERIES');
  for (const stream of streams.splice(0, 2)) {
    await stream.next();
    await stream.return?.();
  }
  expect((await asked.ask('stats?by=agent')).kind).toBe('document');
  expect((await asked.ask('stats?by=agent')).kind).toBe('document');
  await streamOf(asked);
});

test('a question that is wrong, or that fails, gives its turn back', async () => {
  const { state, ports } = endless();
  const asked = asking(ports, LIMITS);
  for (let i = 0; i < 5; i++) expect((await asked.ask('entries?x=1')).code).toBe('BAD_REQUEST');
  state.fail = new LedgerError('unavailable', 'gone');
  for (const more of [{}, JSONL])
    for (let i = 0; i < 5; i++) expect((await asked.ask('entries', more)).code).toBe('LEDGER_UNAVAILABLE');
  state.fail = new Error('a fault');
  for (let i = 0; i < 5; i++) await expect(asked.ask('entries')).rejects.toThrow('a fault');
  state.fail = null;
  expect((await asked.ask('entries')).kind).toBe('document');
});

test('an answer that takes too long is not waited for, and keeps its turn until it ends', async () => {
  const { state, ports } = endless();
  const opening = Promise.withResolvers<void>();
  state.gate = opening.promise;
  const asked = asking(ports, { ...LIMITS, answer: 50 });
  for (const more of [{}, JSONL])
    expect(await asked.ask('entries', more)).toMatchObject({ kind: 'refusal', code: 'OVERLOADED' });
  expect((await asked.ask('entries')).code).toBe('TOO_MANY_QUERIES');
  opening.resolve();
  await expect.poll(async () => (await asked.ask('stats?by=agent')).kind).toBe('document');
});

test('a stream ends after its time, by a fault and not as if it were all', async () => {
  const { state, ports } = endless();
  const asked = asking(ports, { ...LIMITS, stream: 100 });
  const stream = await streamOf(asked);
  const reading = (async () => {
    for (;;) if ((await stream.next()).done) return 'the end';
  })();
  await expect(reading).rejects.toThrow('took too long');
  expect(state.open).toBe(0);
});

test('a ledger that fails in the middle of a stream breaks it', async () => {
  const { state, ports } = endless();
  const stream = await streamOf(asking(ports, LIMITS));
  await stream.next();
  state.fail = new LedgerError('unavailable', 'gone');
  await expect(
    (async () => {
      for (;;) if ((await stream.next()).done) return 'the end';
    })(),
  ).rejects.toThrow('gone');
});
