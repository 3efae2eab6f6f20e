import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startAppender } from './child.ts';
import {
  all,
  artifact,
  claim,
  decision,
  files,
  openTemporary,
  packageId,
  sighting,
  temporaryFolder,
} from './samples.ts';

/** Whether a command can be run here; where not, the test is skipped and says so. */
function can(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    console.warn(`skipped: ${command} ${args.join(' ')} cannot be run here`);
    return false;
  }
}

/** A file system of 2 MB, or null where this process may mount none. */
function tinyFileSystem(): string | null {
  const folder = temporaryFolder();
  if (!can('mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder)) return null;
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder]);
  });
  return folder;
}

/** Fills what is free. */
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

test('a full disk: nothing is acknowledged; when there is room again, the log goes on without a gap', async (context) => {
  const folder = tinyFileSystem();
  if (!folder) return context.skip('no file system can be mounted here (needs root)');
  const ledger = await openTemporary(join(folder, 'data'));
  const before = await ledger.append(decision({ id: 'before' }));
  fill(join(folder, 'ballast'));

  let refusals = 0;
  let acknowledged = before.seq;
  for (let round = 0; round < 300 && refusals < 5; round++) {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 4 }, (_, i) => {
        const id = `full-${round}-${i}`;
        return ledger.append(decision({ id }), claim(artifact(id), id));
      }),
    );
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') acknowledged = Math.max(acknowledged, outcome.value.seq);
      else {
        refusals++;
        expect(outcome.reason).toMatchObject({ name: 'LedgerError', code: 'unavailable' });
      }
    }
  }
  expect(refusals).toBeGreaterThanOrEqual(5);
  expect(ledger.health()).toBe('failing');
  await expect(ledger.memory.sawIndex(sighting(packageId('x'), 1), files({ f: 1 }))).rejects.toMatchObject({
    code: 'unavailable',
  });
  expect(await ledger.memory.lastIndex(packageId('x'))).toBeNull();
  // Looking goes on, and shows what was acknowledged and no more.
  expect(await all(ledger)).toHaveLength(acknowledged + 1);

  rmSync(join(folder, 'ballast'));
  const after = await ledger.append(decision({ id: 'after' }));
  expect(after.seq).toBe(acknowledged + 1);
  expect(ledger.health()).toBe('ok');
  await ledger.close();
  const again = await openTemporary(join(folder, 'data'));
  expect((await all(again)).map((entry) => entry.seq)).toEqual(
    Array.from({ length: after.seq + 1 }, (_, i) => i),
  );
});

test('a folder without any room: opening says so and leaves no lock', async (context) => {
  const folder = tinyFileSystem();
  if (!folder) return context.skip('no file system can be mounted here (needs root)');
  fill(join(folder, 'ballast'));
  await expect(openTemporary(folder)).rejects.toMatchObject({ code: 'unavailable' });
  rmSync(join(folder, 'ballast'));
  expect((await (await openTemporary(folder)).append(decision())).seq).toBe(0);
});

/** A process that appends while syncs of the WAL fail as `when` says (strace's inject expression). */
function startWithFailingSync(dir: string, when: string) {
  return startAppender(dir, 'eio', [
    ...['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync'],
    ...['-P', join(dir, 'ledger', 'ledger.db-wal'), '-e', `inject=fsync,fdatasync:error=EIO${when}`],
  ]);
}

test('while every sync fails, no entry is acknowledged', { timeout: 60_000 }, async (context) => {
  if (!can('strace', '-V')) return context.skip('strace is not here');
  const dir = temporaryFolder();
  await (await openTemporary(dir)).close();
  const child = startWithFailingSync(dir, '');
  await child.until(() => child.refusals.length >= 100);
  await child.kill();
  expect(new Set(child.refusals)).toEqual(new Set(['unavailable']));
  expect(child.acks.size).toBe(0);
});

test('after syncs that failed, what is acknowledged is in the log, each in its place', {
  timeout: 60_000,
}, async (context) => {
  if (!can('strace', '-V')) return context.skip('strace is not here');
  const dir = temporaryFolder();
  await (await openTemporary(dir)).close();
  const child = startWithFailingSync(dir, ':when=20+7');
  await child.until(() => child.refusals.length >= 50 && child.acks.size >= 500);
  await child.kill();
  expect(child.stderr()).toBe('');
  expect(new Set(child.refusals)).toEqual(new Set(['unavailable']));
  const entries = await all(await openTemporary(dir));
  expect(entries.map((entry) => entry.seq)).toEqual(entries.map((_, place) => place));
  for (const [seq, leaf] of child.acks) expect(entries[seq]?.leaf).toBe(leaf);
});
