import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  allowing,
  DAY,
  SECOND,
  START,
  startHouse,
  type TestHouse,
  tarballPath,
} from '../admission/harness.ts';

// A clock that is set back must not keep anything longer than its time.

let house: TestHouse;

beforeAll(async () => {
  house = await startHouse({
    policy: allowing(['left-pad', 'absent'], [], 'requirements:\n  npm: { age: 7d }\n'),
  });
  house.registry.addNpm('left-pad', { '1.3.0': {} });
});

afterAll(() => house.remove());

test('an index and an absence are asked for again', async () => {
  await house.ask('/npm/left-pad');
  await house.ask('/npm/absent');
  house.takeAsked();
  house.clock.advance(SECOND);
  await house.ask('/npm/left-pad');
  await house.ask('/npm/absent');
  expect(house.takeAsked()).toEqual([]);
  house.clock.set(START - 30 * DAY);
  await house.ask('/npm/left-pad');
  await house.ask('/npm/absent');
  expect(house.takeAsked()).toHaveLength(2);
});

test('what is too young under the clock of now is refused, whatever an earlier page said', async () => {
  house.clock.set(START);
  house.registry.addNpm('left-pad', { '1.4.0': { time: new Date(START - 8 * DAY).toISOString() } });
  house.clock.advance(DAY);
  await house.ask('/npm/left-pad');
  house.clock.set(START - 5 * DAY);
  expect((await house.ask(tarballPath('left-pad', '1.4.0'))).status).toBe(403);
  expect((await house.ask('/npm/left-pad')).status).toBe(200);
});

test('entries keep their order, and none is lost', async () => {
  const before = await house.entries({});
  house.clock.set(START - 100 * DAY);
  await house.ask('/npm/nope');
  const after = await house.entries({});
  expect(after.map((e) => e.seq)).toEqual(after.map((_, i) => i));
  expect(after.slice(0, before.length)).toEqual(before);
  expect(after.at(-1)).toMatchObject({ verdict: 'refuse', time: START - 100 * DAY });
});
