import { expect, test } from 'vitest';
import { Alarms } from '../../src/alarms.ts';
import type { EntryDraft } from '../../src/ledger/ledger.ts';

function alarms() {
  const counted: string[] = [];
  const entered: EntryDraft[] = [];
  const lost: unknown[] = [];
  const clock = { now: 1_000_000, broken: false };
  const made = new Alarms({
    now: () => clock.now,
    id: () => `id-${entered.length}`,
    count: (kind) => counted.push(kind),
    warn: () => undefined,
    async enter(entry) {
      if (clock.broken) throw new Error('no ledger');
      entered.push(entry);
    },
    lost: (error) => lost.push(error),
  });
  return { alarms: made, counted, entered, lost, clock };
}

const ABOUT = { ecosystem: 'npm', name: 'left-pad' } as const;

test('the same alarm is entered ten times a minute, counted each time; another one is not held back by it', () => {
  const { alarms: made, counted, entered, clock } = alarms();
  for (let i = 0; i < 50; i++) made.raise('digest-changed', ABOUT);
  made.raise('digest-changed', { ...ABOUT, name: 'other' });
  expect([counted.length, entered.length]).toEqual([51, 11]);
  clock.now += 60_000;
  made.raise('digest-changed', ABOUT);
  expect(entered.length).toBe(12);
});

test('a clock that was set back holds no alarm back', () => {
  const { alarms: made, entered, clock } = alarms();
  for (let i = 0; i < 11; i++) made.raise('withdrawn', ABOUT);
  clock.now -= 3_600_000;
  made.raise('withdrawn', ABOUT);
  expect(entered.length).toBe(11);
});

test('an alarm that cannot be entered is told, and stops nobody', async () => {
  const { alarms: made, lost, clock } = alarms();
  clock.broken = true;
  expect(() => made.raise('withdrawn', ABOUT)).not.toThrow();
  await expect.poll(() => lost).toHaveLength(1);
});
