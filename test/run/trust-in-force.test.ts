import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { type LoadedTrust, loadTrust } from '../../src/trust/files.ts';
import { TrustInForce } from '../../src/trust/in-force.ts';

const FIRST = await loadTrust(loadConfig({ SALLYPORT_DATA: '/nonexistent' }));

function held(first: LoadedTrust = FIRST) {
  const state = {
    files: first as LoadedTrust | Error,
    taken: [] as string[],
    before: [] as string[],
    alarms: [] as string[],
    changes: [] as string[],
    refuses: false,
    now: Date.parse('2026-06-01T00:00:00Z'),
  };
  const trust = new TrustInForce(first, {
    now: () => state.now,
    async load() {
      if (state.files instanceof Error) throw state.files;
      return state.files;
    },
    async take({ digest }, before) {
      if (state.refuses) throw new Error('no thread took it');
      state.taken.push(digest);
      state.before.push(before);
    },
    alarm: (problem, inForce) => state.alarms.push(`${inForce} ${problem}`),
    changed: (next, before) => state.changes.push(`${before} ${next.digest}`),
  });
  return { trust, state };
}

const another = (more: Partial<LoadedTrust> = {}): LoadedTrust => ({
  ...FIRST,
  digest: 'sha256:22',
  ...more,
});

test('another one is taken into use whole', async () => {
  const { trust, state } = held();
  state.files = another();
  expect(await trust.reload()).toBe(true);
  expect(state).toMatchObject({ taken: ['sha256:22'], alarms: [], changes: [`${FIRST.digest} sha256:22`] });
  expect(await trust.reload()).toBe(true);
  expect(state.taken).toEqual(['sha256:22']);
});

test('a problem is alarmed at the start', () => {
  const { trust, state } = held({ ...FIRST, problem: 'the copy is gone', fallback: true });
  expect(state.alarms).toEqual([`${FIRST.digest} the copy is gone`]);
  expect(trust.failed).toBe(true);
});

test('one that cannot be used is alarmed, and the one before stays, even where what is pinned could be', async () => {
  const { trust, state } = held();
  state.files = another();
  await trust.reload();
  for (const files of [
    new Error('no such file'),
    another({ digest: 'sha256:33', problem: 'the copy is gone', fallback: true }),
  ]) {
    state.files = files;
    expect(await trust.reload()).toBe(false);
    expect([trust.failed, state.taken]).toEqual([true, ['sha256:22']]);
  }
  expect(state.alarms).toEqual(['sha256:22 no such file', 'sha256:22 the copy is gone']);
  state.files = another({ digest: 'sha256:44' });
  expect(await trust.reload()).toBe(true);
  expect([trust.failed, state.taken, state.alarms.length]).toEqual([false, ['sha256:22', 'sha256:44'], 2]);
  expect(state.before).toEqual([FIRST.digest, 'sha256:22']);
});

test('an update that failed is alarmed, though what is in force is as it was', async () => {
  const { trust, state } = held();
  state.files = { ...FIRST, problem: 'the update failed' };
  expect(await trust.reload()).toBe(true);
  expect(state).toMatchObject({ taken: [], alarms: [`${FIRST.digest} the update failed`] });
  expect(trust.failed).toBe(true);
  state.files = FIRST;
  await trust.reload();
  expect(trust.failed).toBe(false);
});

test('one that no thread takes is not in force', async () => {
  const { trust, state } = held();
  state.files = another();
  state.refuses = true;
  expect(await trust.reload()).toBe(false);
  expect(state).toMatchObject({ changes: [], alarms: [`${FIRST.digest} no thread took it`] });
  state.refuses = false;
  expect(await trust.reload()).toBe(true);
  expect(state.taken).toEqual(['sha256:22']);
});

test('one that was updated is alarmed when it has become old, at the start and when it is read again', async () => {
  const digest = `sha256:${'11'.repeat(32)}`;
  const copy = { sha256: digest, pinned: digest };
  const at = '2026-03-01T00:00:00.000Z';
  const copies = {
    at,
    mirror: 'https://tuf.example',
    tufRoot: 'built-in' as const,
    root: copy,
    npmKeys: copy,
  };
  const updated: LoadedTrust = {
    ...FIRST,
    from: { root: 'updated', npmKeys: 'pinned' },
    update: { tried: at, problem: null, copies },
  };
  expect(held(updated).state.alarms).toEqual([expect.stringMatching(/ 92 days old/)]);
  const { trust, state } = held();
  state.files = { ...updated, digest: 'sha256:22' };
  state.now = Date.parse('2026-05-30T00:00:00Z');
  expect(await trust.reload()).toBe(true);
  expect([trust.failed, state.alarms]).toEqual([false, []]);
  state.now += 1;
  expect(await trust.reload()).toBe(true);
  expect([trust.failed, state.taken]).toEqual([true, ['sha256:22']]);
  expect(state.alarms).toEqual([expect.stringMatching(/^sha256:22 .* 90 days old.*sallyport trust update/)]);
  // A clock that was wrong then must not make it young for ever.
  state.now = Date.parse(at) - 2 * 86_400_000;
  await trust.reload();
  expect(state.alarms.at(-1)).toMatch(/in the future/);
});

test('what is pinned or configured is of no age', async () => {
  const { trust, state } = held();
  state.now = Date.parse('2046-06-01T00:00:00Z');
  await trust.reload();
  state.files = another({ from: { root: 'configured', npmKeys: 'pinned' } });
  await trust.reload();
  expect([trust.failed, state.alarms]).toEqual([false, []]);
});
