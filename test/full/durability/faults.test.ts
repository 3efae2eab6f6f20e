import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Firewall } from '../../harness/firewall.ts';
import { auditedLedger, auditedVault, integrity, quarantineOf } from './audit.ts';
import { type Download, download } from './download.ts';
import { reasonForNoStrace, strace } from './strace.ts';
import { openWorld, type Target, until } from './world.ts';

const noStrace = reasonForNoStrace();
const noMount = reasonForNoMount();

describe.skipIf(noStrace !== null)(`syncs that fail${noStrace ? ` (skipped: ${noStrace})` : ''}`, () => {
  test('while no sync of the ledger succeeds nothing is served or refused, and it says so; afterwards all is well', async () => {
    await using world = await openWorld();
    const { firewall } = world;
    const warm = world.npm('load-warm', 5000);
    const cold = [world.npm('load-cold', 5000), world.pypi('load-cold', 5000)];
    expect((await download(firewall.url, warm.path)).status).toBe(200);
    // Nothing of it needs the ledger any more: what fails is the entry alone.
    const served = (await auditedLedger(firewall)).length;
    const tracer = await failingSyncs(firewall, '');
    for (const target of [warm, ...cold]) await expectNothingServed(firewall, target);
    await expectRefusalsFail(firewall);
    expect((await download(firewall.url, '/readyz')).status).toBe(503);
    expect((await download(firewall.url, '/healthz')).status).toBe(200);
    expect(firewall.process.exitCode).toBeNull();
    await tracer.detach();

    // The same process, once its disk is well again.
    for (const target of [warm, ...cold]) await expectServed(firewall, target);
    expect((await download(firewall.url, '/npm/unlisted')).status).toBe(403);
    expect((await download(firewall.url, '/readyz')).status).toBe(200);
    await firewall.kill9();
    const again = await world.restart();
    for (const target of [warm, ...cold]) await expectServed(again, target);
    expect((await auditedLedger(again)).length).toBeGreaterThan(served);
    expect(integrity(again.dataDir)).toBe('ok');
  });

  test('while the disk fails for good, then kill -9: a new process is well, and nothing acknowledged is missing', async () => {
    await using world = await openWorld();
    const { firewall } = world;
    const warm = world.npm('load-warm', 5000);
    const cold = world.pypi('load-cold', 5000);
    const before = await download(firewall.url, warm.path);
    await failingSyncs(firewall, '');
    for (const target of [warm, cold]) await expectNothingServed(firewall, target);
    await firewall.kill9();
    const again = await world.restart();
    for (const target of [warm, cold]) await expectServed(again, target);
    expect((await auditedLedger(again)).map(({ leaf }) => leaf)).toContain(before.entry);
    expect(integrity(again.dataDir)).toBe('ok');
  });

  test('syncs that fail now and then, under load, then kill -9: who was answered has an entry', async () => {
    await using world = await openWorld();
    const { firewall } = world;
    const targets = Array.from({ length: 12 }, (_, i) =>
      i % 2 === 0 ? world.npm(`load-${i}`, 3000) : world.pypi(`load-${i}`, 3000),
    );
    const tracer = await failingSyncs(firewall, ':when=2+3');
    const answers: { answer: Download; target: Target }[] = [];
    const worker = async (number: number) => {
      for (let turn = 0; turn < 25; turn++) {
        const target = targets[(number + turn * 5) % targets.length];
        if (target) answers.push({ answer: await download(firewall.url, target.path), target });
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, number) => worker(number)));
    await firewall.kill9();
    await tracer.detach();
    const statuses = Map.groupBy(answers, ({ answer }) => answer.status);
    expect([...statuses.keys()].sort()).toEqual([200, 503]);
    const again = await world.restart();
    const entries = new Map((await auditedLedger(again)).map((entry) => [entry.leaf, entry]));
    for (const { answer, target } of answers) {
      if (answer.status === 200) {
        expect(answer.body.equals(target.bytes)).toBe(true);
        expect(entries.get(answer.entry ?? '')).toMatchObject({ verdict: 'allow', file: target.filename });
      } else {
        expect(answer.code).toBe('LEDGER_UNAVAILABLE');
        if (answer.entry !== null) expect(entries.has(answer.entry)).toBe(true);
      }
    }
    for (const target of targets) await expectServed(again, target);
  });
});

describe.skipIf(noMount !== null)(`a full disk${noMount ? ` (skipped: ${noMount})` : ''}`, () => {
  test('under the vault: what does not fit is not served, what is there is; afterwards all is well', async () => {
    const vault = await tinyFileSystem('4m');
    await using world = await openWorld({ SALLYPORT_VAULT: vault });
    const { firewall } = world;
    const warm = world.npm('load-warm', 5000);
    await expectServed(firewall, warm);
    const large = [world.npm('load-large', 6_000_000), world.pypi('load-large', 6_000_000)];
    for (const target of large) {
      const answer = await download(firewall.url, target.path);
      expect(answer).toMatchObject({ status: 503, code: 'STORAGE_UNAVAILABLE' });
      expect(await quarantineOf(vault)).toEqual([]);
    }
    await expectServed(firewall, warm);
    const fits = world.pypi('load-fits', 5000);
    await expectServed(firewall, fits);

    fill(join(vault, 'ballast'));
    const late = [world.npm('load-late', 5000), world.pypi('load-late', 5000)];
    for (const target of late) {
      const answer = await download(firewall.url, target.path);
      expect(answer).toMatchObject({ status: 503, code: 'STORAGE_UNAVAILABLE' });
      const index = await download(
        firewall.url,
        target.path.replace(/\/-\/.*$/, '').replace(/^\/pypi\/files\/([^/]+)\/.*$/, '/pypi/simple/$1/'),
      );
      expect(index).toMatchObject({ status: 503, code: 'STORAGE_UNAVAILABLE' });
    }
    await expectServed(firewall, warm);
    expect((await download(firewall.url, '/npm/unlisted')).status).toBe(403);
    rmSync(join(vault, 'ballast'));
    for (const target of late) await expectServed(firewall, target);
    expect(await firewall.stop()).toBe(0);
    await auditedVault(vault);
    const entries = await auditedLedger(firewall);
    const refused = entries.filter(({ reasons }) => reasons?.[0]?.code === 'STORAGE_UNAVAILABLE');
    expect(refused.length).toBeGreaterThanOrEqual(large.length + 2 * late.length);
  });

  test('under the ledger: nothing is served or refused without an entry; afterwards all is well', async () => {
    const vault = await mkdtemp(join(tmpdir(), 'vault-'));
    onTestFinished(() => rm(vault, { recursive: true, force: true }));
    const data = await tinyFileSystem('2m');
    await using world = await openWorld({ SALLYPORT_DATA: data, SALLYPORT_VAULT: vault });
    const { firewall } = world;
    const warm = world.npm('load-warm', 5000);
    const cold = [world.npm('load-cold', 5000), world.pypi('load-cold', 5000)];
    await expectServed(firewall, warm);
    fill(join(data, 'ballast'));
    // The WAL may still hold room that an earlier commit took: it is used up first.
    const acknowledged: string[] = [];
    await until(async () => {
      const answer = await download(firewall.url, warm.path);
      if (answer.status === 200) acknowledged.push(answer.entry ?? '');
      return answer.status !== 200;
    }, 'the ledger has no room left');
    for (const target of [warm, ...cold]) await expectNothingServed(firewall, target);
    await expectRefusalsFail(firewall);
    expect((await download(firewall.url, '/readyz')).status).toBe(503);
    expect(firewall.process.exitCode).toBeNull();
    rmSync(join(data, 'ballast'));
    for (const target of [warm, ...cold]) await expectServed(firewall, target);
    expect((await download(firewall.url, '/readyz')).status).toBe(200);
    const leaves = new Set((await auditedLedger(firewall)).map(({ leaf }) => leaf));
    for (const leaf of acknowledged) expect(leaves).toContain(leaf);
    expect(await firewall.stop()).toBe(0);
    expect(integrity(data)).toBe('ok');

    fill(join(data, 'ballast'));
    await expect(world.restart()).rejects.toThrow(/sallyport: .*disk is full/);
    rmSync(join(data, 'ballast'));
    const again = await world.restart();
    for (const target of [warm, ...cold]) await expectServed(again, target);
  });
});

/** 503 LEDGER_UNAVAILABLE, without an entry and without one byte of the artifact. */
async function expectNothingServed(firewall: Firewall, target: Target): Promise<void> {
  const answer = await download(firewall.url, target.path);
  expect(answer, target.path).toMatchObject({ status: 503, code: 'LEDGER_UNAVAILABLE', entry: null });
  expect(answer.body.includes(target.bytes.subarray(0, 16))).toBe(false);
}

async function expectServed(firewall: Firewall, target: Target): Promise<void> {
  const answer = await download(firewall.url, target.path);
  expect(answer, `${target.path} ${answer.code}`).toMatchObject({ status: 200, complete: true });
  expect(answer.body.equals(target.bytes)).toBe(true);
}

/** A refusal that cannot be entered is a fault: of an index, a file, a path that is none, and a write. */
async function expectRefusalsFail(firewall: Firewall): Promise<void> {
  for (const path of [
    '/npm/unlisted',
    '/npm/unlisted/-/unlisted-1.0.0.tgz',
    '/pypi/simple/unlisted/',
    '/npm/%2e%2e/x',
  ]) {
    const answer = await download(firewall.url, path);
    expect(answer, path).toMatchObject({ status: 503, code: 'LEDGER_UNAVAILABLE', entry: null });
  }
}

/** Lets syncs of the ledger fail as `when` says (strace's inject expression). */
function failingSyncs(firewall: Firewall, when: string) {
  const wal = join(firewall.dataDir, 'ledger', 'ledger.db-wal');
  return strace(
    firewall.process.pid ?? 0,
    ...['-o', '/dev/null', '-e', 'trace=fsync,fdatasync', '-P', wal],
    ...['-e', `inject=fsync,fdatasync:error=EIO${when}`],
  );
}

function reasonForNoMount(): string | null {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  const folder = join(tmpdir(), `mount-probe-${process.pid}`);
  try {
    execFileSync('mkdir', [folder]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return null;
  } catch {
    return 'no file system may be mounted';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tinyFileSystem(size: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tiny-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
  onTestFinished(async () => {
    execFileSync('umount', ['-l', folder]);
    await rm(folder, { recursive: true, force: true });
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
