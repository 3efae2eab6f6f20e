import { expect, test } from 'vitest';
import { Alarms } from '../../src/alarms.ts';
import type { EntryDraft } from '../../src/ledger/ledger.ts';

function alarms() {
  const counted: string[] = [];
  const entered: EntryDraft[] = [];
  const clock = { now: 1_000_000 };
  const made = new Alarms({
    stamp: () => ({ id: `id-${entered.length}`, time: clock.now }),
    count: (kind) => counted.push(kind),
    warn: () => undefined,
    async enter(entry) {
      entered.push(entry);
    },
  });
  return { alarms: made, counted, entered, clock };
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
