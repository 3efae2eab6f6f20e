import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderSource } from '../../src/ledger/published/folder-source.ts';
import { type DataPlace, dataPlace, removePlace } from '../ledger/audit/data-place.ts';
import { told } from '../ledger/audit/forged.ts';
import { openPlace } from '../ledger/published/place.ts';
import { decision, temporaryFolder } from '../ledger/samples.ts';

// Under the name of a file lies something else: nobody waits for it, and nobody takes it in.

const GIBIBYTE = 1024 ** 3;
const drafts = Array.from({ length: 300 }, (_, i) =>
  decision({ id: `request-${i}`, time: 1_700_000_000_000 + i }),
);

/** Each of them as a file, under a path. */
const KINDS: Readonly<Record<string, (path: string) => void>> = {
  'a pipe that nobody writes to': (path) => void execFileSync('mkfifo', [path]),
  'a folder': (path) => mkdirSync(path),
  'a device without an end': (path) => symlinkSync('/dev/zero', path),
  'a gibibyte': (path) => {
    writeFileSync(path, '');
    truncateSync(path, GIBIBYTE);
  },
};

let whole: DataPlace;
beforeAll(async () => {
  whole = await dataPlace(drafts, [300]);
});
afterAll(() => removePlace(whole));

describe.each(Object.entries(KINDS))('%s', { timeout: 20_000 }, (_, make) => {
  test.each([
    ['tile/0/000', 'tile 0..255'],
    ['tile/entries/000', 'bundle'],
    ['tile/1/000.p/1', 'tile'],
    ['checkpoint', 'checkpoint'],
    ['vkey', 'key'],
    ['cosigned', 'cosignatures'],
  ])('in the place of %s is a problem', async (path, copy) => {
    const place = whole.copy();
    rmSync(place.file(path), { force: true });
    make(place.file(path));
    expect(told(await place.audit()).join()).toMatch(new RegExp(`unreadable ${copy}`));
  });

  test('in the place of a tile is not taken in by the server', async () => {
    const place = whole.copy();
    rmSync(place.file('tile/0/000'));
    make(place.file('tile/0/000'));
    const read = await folderSource(join(place.dir, 'ledger', 'log')).read('tile/0/000');
    expect(read?.length).toBeLessThan(10_000);
  });

  test('in the place of the head’s copy is no start, at once', async () => {
    const headCopy = join(temporaryFolder(), 'head');
    make(headCopy);
    await expect(openPlace(undefined, { headCopy })).rejects.toThrow(/copy of (the|a) log's head/);
  });

  test('in the place of what contradicts the log is no start either, nor a rollback', async () => {
    const place = await openPlace();
    await place.close();
    make(place.places.contradiction);
    await expect(openPlace(place.dir)).rejects.toThrow(/contradicted/);
  });
});

test('a log that is moved to where it does not belong', async () => {
  const place = whole.copy();
  mkdirSync(join(place.dir, 'ledger', 'logs'));
  renameSync(join(place.dir, 'ledger', 'log'), join(place.dir, 'ledger', 'logs', '2'));
  expect(told(await place.audit())).toEqual(expect.arrayContaining(['extra database', 'missing files']));
});
