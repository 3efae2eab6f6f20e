import { expect, test } from 'vitest';
import { Flights } from '../../src/upstream/flights.ts';

test('fifty askers, one flight; the next asker starts a new one', async () => {
  const flights = new Flights<string, number>();
  let made = 0;
  const ask = () => flights.run('k', async () => ++made);
  expect(new Set(await Promise.all(Array.from({ length: 50 }, ask)))).toEqual(new Set([1]));
  expect(flights.size).toBe(0);
  expect(await ask()).toBe(2);
});

test('an error is everybody’s, is not kept, and other keys fly on', async () => {
  const flights = new Flights<string, string>();
  const fail = () => {
    throw new Error('at once');
  };
  const results = await Promise.allSettled([
    flights.run('__proto__', fail),
    flights.run('__proto__', async () => 'joined, so never made'),
    flights.run('constructor', async () => 'other'),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  expect(await flights.run('__proto__', async () => 'again')).toBe('again');
});
