import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Download } from './download.ts';
import { reasonForNoStrace, strace } from './strace.ts';
import { type Awaited, faultOfOrder } from './syscalls.ts';
import { openWorld, type Target, type World } from './world.ts';

const why = reasonForNoStrace();

describe.skipIf(why !== null)(`the order of system calls${why ? ` (skipped: ${why})` : ''}`, () => {
  let world: World;
  let folder: string;
  beforeAll(async () => {
    world = await openWorld();
    folder = await mkdtemp(join(tmpdir(), 'strace-'));
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  test('the entry’s sync has returned before the first byte of an artifact goes out, cold or warm', async () => {
    const small = world.npm('load-small');
    const cases: [string, Target][] = [
      ['cold-tarball', small],
      ['warm-tarball', small],
      ['cold-wheel', world.pypi('load-wheel', 20_000)],
      ['cold-large', world.npm('load-large', 3_000_000)],
    ];
    for (const [client, target] of cases) {
      const { log, awaited } = await trace(client, target);
      expect(faultOfOrder(log, awaited), client).toBeNull();
    }
  });

  test('a wrong order would be noticed', async () => {
    const { log, awaited } = await trace('doctored', world.npm('load-doctored'));
    const { wal, marker, clientPort } = awaited;
    const isSync = (line: string) =>
      /sync(\(\d+<| resumed>)/.test(line) && (line.includes(wal) || / resumed>/.test(line));
    const isAnswer = (line: string) => line.includes(`->127.0.0.1:${clientPort}]>`);
    const lines = log.split('\n').filter((line) => !isSync(line) && !isAnswer(line));
    const entry = lines.findIndex((line) => line.includes(wal) && line.includes(marker));
    const answer = log.split('\n').find(isAnswer) ?? '';
    const before = lines.slice(0, entry);
    const after = lines.slice(entry + 1);
    const faultOf = (...middle: string[]) =>
      faultOfOrder([...before, ...middle, ...after].join('\n'), awaited);
    const written = lines[entry] ?? '';
    const sync = `7 1.5 fsync(29<${wal}>) = 0`;
    const [begun, returned] = [`7 1.5 fsync(29<${wal}> <unfinished ...>`, '7 1.6 <... fsync resumed>) = 0'];
    const others = [`7 1.5 <... write resumed>) = 0`, `8 1.5 <... fsync resumed>) = 0`];
    expect(faultOf(written, sync, answer)).toBeNull();
    expect(faultOf(written, begun, returned, answer)).toBeNull();

    const late = 'the answer began before the sync had returned';
    expect(faultOf(answer, written, sync)).toBe(late);
    expect(faultOf(written, answer, sync)).toBe(late);
    expect(faultOf(written, begun, answer, returned)).toBe(late);
    // A sync that began before the entry was written, that failed, of another file, or that did not return, is none.
    const unsynced = 'the WAL was not synced after the entry was written';
    expect(faultOf(written, answer)).toBe(unsynced);
    expect(faultOf(sync, written, answer)).toBe(unsynced);
    expect(faultOf(begun, written, returned, answer)).toBe(unsynced);
    expect(faultOf(written, sync.replace('= 0', '= -1 EIO (Input/output error) (INJECTED)'), answer)).toBe(
      unsynced,
    );
    expect(faultOf(written, sync.replace('ledger.db-wal>', 'ledger.db>'), answer)).toBe(unsynced);
    for (const other of others) expect(faultOf(written, begun, other, answer)).toBe(unsynced);
    expect(faultOf(sync, answer)).toBe('the entry was not written to the WAL');
    expect(faultOf(written, sync)).toBe('nothing was sent to the client');
  });

  /** One request under strace: all that was written and synced by all threads meanwhile. */
  async function trace(client: string, target: Target): Promise<{ log: string; awaited: Awaited }> {
    const { firewall } = world;
    const path = join(folder, `${client}.log`);
    const calls = 'trace=fdatasync,fsync,write,writev,pwrite64,sendto,sendmsg';
    const tracer = await strace(
      firewall.process.pid ?? 0,
      '-ttt',
      '-yy',
      '-s',
      '8192',
      '-e',
      calls,
      '-o',
      path,
    );
    const answer = await new Download(firewall.url, target.path, client).ended.finally(() => tracer.detach());
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(answer.body.equals(target.bytes)).toBe(true);
    const log = await readFile(path, 'latin1');
    const awaited = {
      wal: join(firewall.dataDir, 'ledger', 'ledger.db-wal'),
      marker: `\\"client\\":\\"${client}\\"`,
      clientPort: answer.localPort ?? 0,
      leaf: answer.entry ?? 'no leaf',
    };
    return { log, awaited };
  }
});
