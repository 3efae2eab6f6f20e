import { afterAll, beforeAll, expect, test } from 'vitest';
import { asking, openPlace, type Place } from '../api/place.ts';
import { sallyport } from '../harness/sallyport.ts';
import { decision } from '../ledger/fixtures/drafts.ts';

// What was withdrawn is not said never to have been there: by a real ledger, from whose index withdrawn entries are gone.

let place: Place;
beforeAll(async () => {
  place = await openPlace();
  await place.append(
    ...Array.from({ length: 300 }, (_, i) =>
      decision({ id: `r${i}`, name: 'old', version: '1.0.0', time: i }),
    ),
  );
  expect(await place.log.withdraw(300, 'Kept for a while.\n')).toBe(256);
});
afterAll(() => place?.close());

test.each(['entries/3', 'entries/3/proof', 'entries/255'])('%s', async (target) => {
  expect(await asking(place.ports).ask(target)).toMatchObject({ code: 'LEDGER_WITHDRAWN' });
});

test('shown in a terminal', async () => {
  const show = (wanted: string) => sallyport({ SALLYPORT_DATA: place.dir }, 'ledger', 'show', wanted);
  expect(await show('3')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('was withdrawn from reading'),
  });
  expect(await show('256')).toMatchObject({ code: 0 });
  expect(await show('999999')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('there is no entry'),
  });
}, 30_000);

test('what is beside it, and what never was', async () => {
  const { ask } = asking(place.ports);
  expect((await ask('entries/256')).json()).toMatchObject({ seq: 256 });
  for (const target of ['entries/999999', 'entries/999999/proof', `entries/${'ab'.repeat(32)}`])
    expect(await ask(target)).toMatchObject({ code: 'NOT_FOUND' });
});

test('nothing is left out of a list, a count or an export in silence', async () => {
  const { ask } = asking(place.ports);
  const note = 'entries 0 to 255 (log 1) are withdrawn';
  for (const target of ['entries', 'entries?package=old', 'stats?by=agent', 'entries?before=10'])
    expect((await ask(target)).json().notes, target).toEqual([expect.stringContaining(note)]);
  expect((await ask('entries', { accept: 'application/jsonl' })).headers['x-sallyport-note']).toContain(note);
  expect((await ask('entries?after=255')).json().notes).toEqual([]);
  for (const args of [['list'], ['stats', '--by', 'agent'], ['export', '--format', 'csv']])
    expect((await sallyport({ SALLYPORT_DATA: place.dir }, 'ledger', ...args)).stderr).toContain(note);
}, 30_000);
