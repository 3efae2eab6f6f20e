import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { noteSignature } from '../../../src/ledger/log/note-signature.ts';
import { decision, temporaryFolder } from '../samples.ts';
import { audit, checkpointIn, openPlace } from './place.ts';

/** A file system of a megabyte in a folder; false where this process may mount none. */
function mountTiny(folder: string): boolean {
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return false;
  }
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder]);
  });
  return true;
}

function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (const size of [65536, 4096, 1]) {
      try {
        for (;;) writeSync(file, Buffer.alloc(size));
      } catch {
        // This size does not fit any more.
      }
    }
  } finally {
    closeSync(file);
  }
}

test('a log that cannot be written: nothing half lies in it, then nothing is taken in; with room again all is well', {
  timeout: 60_000,
}, async (context) => {
  const dir = temporaryFolder();
  // The ledger's own disk has room: only the log's has none.
  if (!mountTiny(join(dir, 'ledger', 'log')))
    return context.skip('no file system can be mounted here (needs root)');
  const place = await openPlace(dir, { lateAfter: 1500 });
  await place.log.published((await place.ledger.append(decision())).seq);
  const signed = checkpointIn(place.places.running);
  fill(join(place.places.running, 'ballast'));
  await expect
    .poll(
      () =>
        place.ledger.append(decision()).then(
          () => 'taken',
          (error: unknown) => (error as { code: string }).code,
        ),
      { timeout: 20_000 },
    )
    .toBe('unavailable');
  expect(place.log.state()).toBe('late');
  expect(place.faults.length).toBeGreaterThan(0);
  expect(String(place.faults[0])).toContain('ENOSPC');
  expect(checkpointIn(place.places.running)).toBe(signed);
  const names = readdirSync(place.places.running, { recursive: true }).map(String);
  expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);

  rmSync(join(place.places.running, 'ballast'));
  await expect.poll(() => place.log.state(), { timeout: 20_000 }).toBe('ok');
  const { seq } = await place.ledger.append(decision());
  await place.log.published(seq);
  expect((await audit(place.places.running)).size).toBe(seq + 1);
});

test('cosignatures are written into the checkpoint that they are of, and into no later one', async () => {
  const place = await openPlace();
  await place.log.published((await place.ledger.append(decision({ id: 'a' }))).seq);
  const first = checkpointIn(place.places.running);
  const { line } = noteSignature('witness.example/w1', 7, Buffer.alloc(72, 1));
  const other = noteSignature('witness.example/w2', 8, Buffer.alloc(72, 2)).line;
  await place.log.cosigned(1, [line], false);
  expect(checkpointIn(place.places.running)).toBe(`${first}${line}\n`);
  expect(await place.log.files().read('cosigned')).toBeNull();
  await place.log.cosigned(1, [other], true);
  expect(checkpointIn(place.places.running)).toBe(`${first}${line}\n${other}\n`);
  expect(String(Buffer.from((await place.log.files().read('cosigned')) ?? []))).toBe(
    `${first}${line}\n${other}\n`,
  );
  await place.log.published((await place.ledger.append(decision({ id: 'b' }))).seq);
  const second = checkpointIn(place.places.running);
  // A witness that was slow: it is of use as `cosigned` only.
  await place.log.cosigned(1, [line], true);
  expect(checkpointIn(place.places.running)).toBe(second);
  await expect(place.log.cosigned(2, ['no line of a signature'], true)).rejects.toThrow(/signature line/);
  await expect(place.log.cosigned(9, [line], true)).rejects.toMatchObject({ code: 'unavailable' });
  expect((await audit(place.places.running)).size).toBe(2);
});

test('two thousand entries a second are published while more are appended', {
  timeout: 120_000,
}, async () => {
  const place = await openPlace();
  const total = 12_000;
  let last = -1;
  let worst = 0;
  const started = performance.now();
  const lane = async (number: number) => {
    for (let i = 0; i < total / 64; i++) {
      const { seq } = await place.ledger.append(decision({ id: `${number}-${i}` }));
      last = Math.max(last, seq);
      worst = Math.max(worst, seq - (place.log.head()?.size ?? 0));
    }
  };
  await Promise.all(Array.from({ length: 64 }, (_, i) => lane(i)));
  const appended = performance.now() - started;
  await place.log.published(last);
  const published = performance.now() - started;
  console.log(
    `${last + 1} entries: appended in ${Math.round(appended)} ms, published ${Math.round(published - appended)} ms later, ` +
      `at most ${worst} behind`,
  );
  // Publication keeps up with appends, whatever they cost on this machine.
  expect(published - appended).toBeLessThan(Math.max(3000, appended / 2));
  expect((await audit(place.places.running)).size).toBe(last + 1);
});
