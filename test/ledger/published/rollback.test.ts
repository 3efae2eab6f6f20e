import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { all, decision, parsed, temporaryFolder } from '../samples.ts';
import { audit, checkpointIn, openPlace, type Place } from './place.ts';

let count = 0;

/** Appends so many, each another, and resolves when they are published and copied. */
async function grow(place: Place, more: number): Promise<void> {
  const receipts = await Promise.all(
    Array.from({ length: more }, () => place.ledger.append(decision({ id: `d${count++}` }))),
  );
  await place.log.published(Math.max(...receipts.map(({ seq }) => seq)));
}

/** A ledger of `before` entries whose folder was saved, of `after` more, and restored. */
async function restored(before: number, after: number, headCopy: string | null): Promise<Restored> {
  const dir = temporaryFolder();
  const saved = temporaryFolder();
  const first = await openPlace(dir, { headCopy });
  await grow(first, before);
  await first.close();
  cpSync(dir, saved, { recursive: true });
  const second = await openPlace(dir, { headCopy });
  await grow(second, after);
  await second.close();
  const lost = checkpointIn(second.places.running);
  rmSync(dir, { recursive: true });
  cpSync(saved, dir, { recursive: true });
  return { dir, lost, origin: second.log.current.origin };
}

interface Restored {
  readonly dir: string;
  readonly lost: string;
  readonly origin: string;
}

test('a volume restored from a snapshot is noticed by the copy of the head: a new log begins, aloud', async () => {
  const headCopy = join(temporaryFolder(), 'far', 'head');
  const { dir, lost, origin } = await restored(300, 20, headCopy);
  expect(readFileSync(headCopy, 'utf8')).toBe(lost);
  const place = await openPlace(dir, { headCopy });
  expect(place.alarms).toMatchObject([{ kind: 'log-rolled-back' }]);
  expect(place.said.join()).toContain('THE LOG WAS ROLLED BACK');
  const { current } = place.log;
  expect(current).toMatchObject({ number: 2, origin: origin.replace(/1$/, '2') });
  // Nothing that was ever given a number gives it up.
  expect(current.base).toBeGreaterThan(320);
  const [entry] = await all(place.ledger, { type: 'log' });
  const old = await audit(place.places.ended(1));
  expect(entry?.seq).toBe(current.base);
  expect(parsed(entry?.bytes ?? '')).toMatchObject({
    reason: 'rollback',
    log: 2,
    vkey: current.vkey,
    previous: { log: 1, origin, size: 300, root: old.root, signed: 300 },
    known: { size: 320, from: 'head-copy' },
  });
  await place.log.published(current.base);
  expect((await audit(place.places.running)).entries[0]).toBe(entry?.bytes);
  await grow(place, 1);
  await place.close();
  expect(readFileSync(headCopy, 'utf8')).toBe(checkpointIn(place.places.running));
  // What it had is settled: it goes on.
  const next = await openPlace(dir, { headCopy });
  expect(next.log.current).toEqual(current);
  expect(next.alarms).toEqual([]);
});

test('a ledger set back that has signed anew since is noticed by the copy all the same', async () => {
  const headCopy = join(temporaryFolder(), 'head');
  const { dir, lost } = await restored(5, 3, headCopy);
  const apart = await openPlace(dir);
  await grow(apart, 3);
  await apart.close();
  expect(checkpointIn(apart.places.running)).not.toBe(lost);
  const place = await openPlace(dir, { headCopy });
  const [entry] = await all(place.ledger, { type: 'log' });
  expect(parsed(entry?.bytes ?? '')).toMatchObject({
    previous: { size: 8 },
    known: { size: 8, from: 'head-copy' },
  });
});

test('a copy of a log that the restored ledger never heard of', async () => {
  const headCopy = join(temporaryFolder(), 'head');
  const dir = temporaryFolder();
  const saved = temporaryFolder();
  const first = await openPlace(dir, { headCopy });
  await grow(first, 4);
  await first.close();
  cpSync(dir, saved, { recursive: true });
  // A rollback is the way here to a second log.
  writeFileSync(first.places.contradiction, JSON.stringify({ log: 1, size: 9, root: null, from: 'witness' }));
  const second = await openPlace(dir, { headCopy });
  await grow(second, 2);
  await second.close();
  rmSync(dir, { recursive: true });
  cpSync(saved, dir, { recursive: true });
  const third = await openPlace(dir, { headCopy });
  expect(third.log.current).toMatchObject({ number: 3 });
  expect(third.log.current.base).toBeGreaterThan(second.log.current.base + 3);
});

test('a database older than the log beside it', async () => {
  const dir = temporaryFolder();
  const first = await openPlace(dir);
  await grow(first, 10);
  await first.close();
  const database = readFileSync(join(dir, 'ledger', 'ledger.db'));
  const second = await openPlace(dir);
  await grow(second, 10);
  await second.close();
  writeFileSync(join(dir, 'ledger', 'ledger.db'), database);
  const third = await openPlace(dir);
  const [entry] = await all(third.ledger, { type: 'log' });
  expect(parsed(entry?.bytes ?? '')).toMatchObject({ known: { size: 20, from: 'checkpoint' } });
});

test('a copy of another ledger is no start, and stays as it is', async () => {
  const headCopy = join(temporaryFolder(), 'head');
  const other = await openPlace(undefined, { headCopy });
  await grow(other, 2);
  await other.close();
  const before = readFileSync(headCopy, 'utf8');
  await expect(openPlace(undefined, { headCopy })).rejects.toThrow(/is of sallyport-.*SALLYPORT_HEAD_COPY/);
  writeFileSync(headCopy, 'nothing that anybody signed\n');
  await expect(openPlace(undefined, { headCopy })).rejects.toThrow(/not of this ledger, or damaged/);
  writeFileSync(headCopy, before);
});

test('a copy that cannot be written is an alarm, and stops nothing; nor does one that can be written again', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'file'), '');
  const place = await openPlace(undefined, { headCopy: join(folder, 'file', 'head') });
  await grow(place, 2);
  await expect.poll(() => place.alarms).toMatchObject([{ kind: 'head-copy-failed' }, {}]);
  expect(place.log.state()).toBe('ok');
});

test('another that writes to the copy of a running log stops it, and the next start begins a new one', async () => {
  const headCopy = join(temporaryFolder(), 'head');
  const { dir, lost } = await restored(5, 5, headCopy);
  rmSync(headCopy);
  const place = await openPlace(dir, { headCopy });
  await grow(place, 1);
  await expect.poll(() => existsSync(headCopy)).toBe(true);
  writeFileSync(headCopy, lost);
  // The one before may still be on its way to the copy: then this one is refused.
  await grow(place, 1).catch((error: unknown) => expect(error).toMatchObject({ code: 'unavailable' }));
  await expect.poll(() => place.log.state()).toBe('stopped');
  await expect(place.ledger.append(decision())).rejects.toMatchObject({ code: 'unavailable' });
  const signed = checkpointIn(place.places.running);
  await place.close();
  expect(checkpointIn(place.places.running)).toBe(signed);
  expect(readFileSync(headCopy, 'utf8')).toBe(lost);
  // Remembered without the copy, too.
  const next = await openPlace(dir);
  expect(next.log.current.number).toBe(2);
});

test('what a witness knows: asked at the start, and told while it runs', async () => {
  const dir = temporaryFolder();
  const first = await openPlace(dir);
  await grow(first, 3);
  const { root } = first.log.head() ?? { root: '' };
  await first.close();
  let asked = '';
  const agrees = await openPlace(dir, {
    askWitnesses: async (origin, checkpoint) => {
      asked = checkpoint;
      expect(origin).toBe(first.log.current.origin);
      return [{ size: 3, root }, { size: 2 }];
    },
  });
  expect(asked).toBe(checkpointIn(agrees.places.running));
  expect(agrees.log.current.number).toBe(1);
  await agrees.close();
  const silent = await openPlace(dir, { askWitnesses: () => Promise.reject(new Error('nobody there')) });
  expect(silent.alarms).toMatchObject([{ kind: 'witness-unreachable' }]);
  expect(silent.log.current.number).toBe(1);
  await silent.log.contradicted({ size: 3, root: null, from: 'witness' });
  expect(silent.log.state()).toBe('stopped');
  await expect(silent.log.published(99)).rejects.toMatchObject({ code: 'unavailable' });
  await silent.close();
  const after = await openPlace(dir, { askWitnesses: () => Promise.reject(new Error('nobody there')) });
  expect(after.log.current.number).toBe(2);
  await after.close();
  const knows = await openPlace(dir, { askWitnesses: async () => [{ size: 70 }] });
  expect(knows.log.current.number).toBe(3);
  const [last] = await all(knows.ledger, { type: 'log', reverse: true });
  expect(parsed(last?.bytes ?? '')).toMatchObject({ known: { size: 70, from: 'witness' } });
});
