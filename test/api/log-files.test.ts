import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LogRow } from '../../src/ledger/published/published.ts';
import { decision } from '../ledger/fixtures/drafts.ts';
import { memoryLog } from '../ledger/log/memory-log.ts';
import { asking, openPlace, type Place } from './place.ts';

const FILES = { part: 'files', auditor: null } as const;
const TEXT = 'text/plain; charset=utf-8';
const BYTES = 'application/octet-stream';

let place: Place;
let ask: ReturnType<typeof asking>['ask'];
beforeAll(async () => {
  place = await openPlace();
  await place.append(...Array.from({ length: 260 }, () => decision()));
  ({ ask } = asking(place.ports));
});
afterAll(() => place?.close());

describe('files of the running log, and of each by its number', () => {
  test.each([
    ['checkpoint', TEXT, 'no-cache'],
    ['vkey', TEXT, 'no-cache'],
    ['tile/0/000', BYTES, 'private, max-age=300'],
    ['tile/0/001.p/4', BYTES, 'private, max-age=300'],
    ['tile/1/000.p/1', BYTES, 'private, max-age=300'],
    ['tile/entries/000', BYTES, 'private, max-age=300'],
    ['logs/1/checkpoint', TEXT, 'no-cache'],
    ['logs/1/vkey', TEXT, 'no-cache'],
    ['logs/1/tile/0/000', BYTES, 'private, max-age=31536000, immutable'],
    ['logs/1/tile/entries/001.p/4', BYTES, 'private, max-age=31536000, immutable'],
  ])('%s', async (path, contentType, cacheControl) => {
    const answer = await ask(path, FILES);
    expect(answer).toMatchObject({ kind: 'document', contentType, cacheControl });
    const own = await place.log.files().read(path.replace('logs/1/', ''));
    expect(answer.bytes).toEqual(own);
    expect(answer.bytes.length).toBeGreaterThan(0);
  });

  test.each([
    '',
    'Checkpoint',
    'checkpoint/',
    'key',
    '../key',
    'tile/0/001',
    'tile/0/0',
    'tile/0/x000/000',
    'tile/00/000',
    'tile/0/000.p/256',
    'tile/0/001.p/04',
    'tile/0/999.p/1',
    'tile/64/000',
    'tile/-1/000',
    'tile/entries/00a',
    'cosigned',
    'retention',
    'logs/1',
    'logs/1/',
    'logs/1/key',
    'logs/01/checkpoint',
    'logs/0/checkpoint',
    'logs/2/checkpoint',
    'logs/999999999/checkpoint',
    'logs/1/logs/1/checkpoint',
    'logs/1/../../key',
    'ledger.db',
  ])('%j is none', async (path) => {
    expect(await ask(path, FILES)).toMatchObject({ kind: 'refusal', code: 'NOT_FOUND' });
  });

  test('a parameter is none', async () => {
    expect(await ask('checkpoint?size=1', FILES)).toMatchObject({ code: 'BAD_REQUEST' });
  });
});

test('of several logs each its own; what is withdrawn is gone, and its hashes are not', async () => {
  const [old, now] = [memoryLog('a.example/1'), memoryLog('a.example/2')];
  old.publish(600);
  now.publish(3);
  for (const file of ['cosigned', 'retention']) old.files.set(file, Buffer.from(`${file} of the old`));
  const row = (number: number, log: typeof old): LogRow => ({
    number,
    origin: log.key.name,
    vkey: log.key.vkey,
    base: number === 1 ? 0 : 600,
    opened: 0,
    minimum: number === 1 ? 512 : 0,
  });
  const { ask } = asking({
    ...place.ports,
    logs: {
      rows: async () => [row(1, old), row(2, now)],
      files: (number) => (number === 1 ? old : now),
    },
  });
  const text = async (path: string) => (await ask(path, FILES)).text;
  expect(await text('checkpoint')).toBe(now.files.get('checkpoint')?.toString());
  expect(await text('logs/2/checkpoint')).toBe(await text('checkpoint'));
  expect(await text('logs/1/checkpoint')).toBe(old.files.get('checkpoint')?.toString());
  expect(await text('logs/1/cosigned')).toBe('cosigned of the old');
  expect(await text('logs/1/retention')).toBe('retention of the old');
  for (const [path, code] of [
    ['logs/1/tile/entries/000', 'LEDGER_WITHDRAWN'],
    ['logs/1/tile/entries/001', 'LEDGER_WITHDRAWN'],
    ['logs/1/tile/entries/001.p/9', 'LEDGER_WITHDRAWN'],
    ['logs/1/tile/entries/002.p/88', null],
    ['logs/1/tile/0/000', null],
    ['tile/entries/000.p/3', null],
  ] as const)
    expect((await ask(path, FILES)).code, path).toBe(code);
});

test('before anything is published there is no checkpoint yet', async () => {
  const { raw } = asking({
    ...place.ports,
    logs: { rows: async () => [place.log.current], files: () => ({ read: async () => null }) },
  });
  expect(await raw('checkpoint', FILES)).toMatchObject({ code: 'LEDGER_UNPUBLISHED', retryAfter: 2 });
});

test('files that cannot be read are a fault, and not a file that is not there', async () => {
  const { raw } = asking({
    ...place.ports,
    logs: {
      rows: async () => [place.log.current],
      files: () => ({ read: () => Promise.reject(new Error('EIO')) }),
    },
  });
  await expect(raw('checkpoint', FILES)).rejects.toThrow('EIO');
});
