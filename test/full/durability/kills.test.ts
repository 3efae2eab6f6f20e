import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { auditedLedger, auditedVault, integrity, quarantineOf } from './audit.ts';
import { Download, download } from './download.ts';
import { checkpointOf, publishedLeaves, rootsOf } from './published.ts';
import { openWorld, type Target, until, type World } from './world.ts';

const KILLS = 200;
/** Requests that are under way at any time. */
const CONCURRENT = 32;
const COLD_PER_ROUND = 24;

test(`killed ${KILLS} times under load: no acknowledged entry is lost, nothing was served without one`, {
  timeout: 1_800_000,
}, async () => {
  // Compiled code is kept between starts, which are most of this test's time; it is written when one ends in order.
  const cache = await mkdtemp(join(tmpdir(), 'compiled-'));
  onTestFinished(() => rm(cache, { recursive: true, force: true }));
  await using world = await openWorld({ NODE_COMPILE_CACHE: cache });
  const large = world.npm('load-large', 8_000_000);
  const warm = coldTargets(world, -1);
  for (const { path } of [large, ...warm])
    expect(await download(world.firewall.url, path)).toMatchObject({ status: 200 });
  await world.firewall.stop();
  const seen: Seen[] = [];
  // What a reader could have read between any two of them.
  const checkpoints = new Set<string>();
  let underLoad = 0;
  for (let round = 0; round < KILLS; round++) {
    const firewall = await world.restart();
    expect(await quarantineOf(join(firewall.dataDir, 'vault')), `after kill ${round}`).toEqual([]);
    const cold = coldTargets(world, round);
    const load = startLoad(firewall.url, cold, warm);
    // A client that takes its time: it is being answered when the process dies.
    const slow = new Download(firewall.url, large.path);
    void slow.begun().then(() => slow.pause());
    // Before the first answer, or after a few, or after many: by count, so that a slow machine meets the same.
    const answers = (round * 37) % 80;
    await Promise.race([load.answered(answers), sleep(1500)]);
    await sleep((round * 7) % 11);
    await firewall.kill9();
    checkpoints.add(await checkpointOf(firewall.dataDir));
    slow.resume();
    const answered = [...(await load.stop()), { download: await slow.ended, target: large }].map(look);
    seen.push(...answered);
    if (answered.filter(({ complete }) => !complete).length > CONCURRENT / 2) underLoad++;
    for (const { complete, target } of answered) if (complete && target !== large) warm.push(target);
  }

  const firewall = await world.restart();
  expect(await quarantineOf(join(firewall.dataDir, 'vault'))).toEqual([]);
  const entries = await auditedLedger(firewall);
  const byLeaf = new Map(entries.map((entry) => [entry.leaf, entry]));
  let acknowledged = 0;
  let withBytes = 0;
  for (const { target, entry, bytes } of seen) {
    if (entry !== null) {
      acknowledged++;
      expect(byLeaf.has(entry), `${target.path}: acknowledged, and not in the ledger`).toBe(true);
    }
    if (bytes === 0) continue;
    withBytes++;
    expect(byLeaf.get(entry ?? ''), target.path).toMatchObject({
      type: 'decision',
      verdict: 'allow',
      file: target.filename,
    });
  }
  const cutInBody = seen.filter(({ bytes, complete }) => bytes > 0 && !complete).length;
  console.log(
    `${KILLS} kills, ${underLoad} with most clients waiting, ${cutInBody} bodies cut; ${seen.length} requests, ` +
      `${acknowledged} acknowledged, ${withBytes} with bytes; ${entries.length} entries`,
  );
  // The load was one, and the kills met it: cold and warm, some with half a body on the wire.
  expect(underLoad).toBeGreaterThan(KILLS * 0.8);
  expect(cutInBody).toBeGreaterThan(KILLS * 0.2);
  expect(withBytes).toBeGreaterThan(KILLS * 10);
  expect(acknowledged).toBeGreaterThanOrEqual(withBytes);
  expect(entries.filter(({ type }) => type === 'start')).toHaveLength(KILLS + 2);

  // The log, by its files alone: everything that was acknowledged is in it, and it contains every log that it ever was.
  await until(
    async () => sizeOf(await checkpointOf(firewall.dataDir)) === entries.length,
    'all is published',
  );
  const leaves = await publishedLeaves(firewall.dataDir);
  expect(leaves).toEqual(entries.map(({ leaf }) => leaf));
  const roots = rootsOf(leaves);
  for (const checkpoint of checkpoints) {
    const [origin, size, root] = checkpoint.split('\n');
    expect(roots[Number(size)], `${origin} at ${size}`).toBe(root);
  }
  console.log(`${checkpoints.size} checkpoints read between kills, up to ${leaves.length} entries`);
  expect(checkpoints.size).toBeGreaterThan(KILLS * 0.8);
  const kept = join(cache, 'checkpoint');
  await writeFile(kept, [...checkpoints][KILLS >> 2] ?? '');
  const verified = await firewall.command('ledger', 'verify', '--since', kept);
  expect(verified.code, verified.stdout + verified.stderr).toBe(0);

  await firewall.kill9();
  expect(integrity(firewall.dataDir)).toBe('ok');
  const artifacts = await auditedVault(join(firewall.dataDir, 'vault'));
  for (const entry of entries) if (entry.verdict === 'allow') expect(artifacts).toContain(entry.sha256);
});

/** The second line of a checkpoint. */
function sizeOf(checkpoint: string): number {
  return Number(checkpoint.split('\n')[1]);
}

/** What is kept of an answer. */
interface Seen {
  readonly target: Target;
  readonly entry: string | null;
  /** Bytes of the artifact that arrived. */
  readonly bytes: number;
  /** All of the artifact arrived. */
  readonly complete: boolean;
}

/** Whatever arrived of an artifact is right; what is not an artifact is no answer, or a fault's. */
function look({ download, target }: { download: Download; target: Target }): Seen {
  const { status, entry, body, code } = download;
  if (status !== 200) {
    expect([null, 502, 503], `${target.path}: ${code}`).toContain(status);
    return { target, entry, bytes: 0, complete: false };
  }
  expect(body.equals(target.bytes.subarray(0, body.length)), `${target.path}: wrong bytes`).toBe(true);
  expect(body.length === target.bytes.length, target.path).toBe(download.complete);
  return { target, entry, bytes: body.length, complete: download.complete };
}

/** New packages, of both ecosystems: mostly small, some of several chunks. */
function coldTargets(world: World, round: number): Target[] {
  return Array.from({ length: COLD_PER_ROUND }, (_, i) => {
    const name = `load-r${round}-${i}`;
    const bulk = i === 7 && round % 10 === 0 ? 1_200_000 : (i * 997) % 20_000;
    return i % 2 === 0 ? world.npm(name, bulk) : world.pypi(name, bulk);
  });
}

/** Asks for the cold ones and, between them, again and again for warm ones, until it is stopped. */
function startLoad(url: string, cold: readonly Target[], warm: readonly Target[]) {
  const done: { download: Download; target: Target }[] = [];
  const queue = [...cold];
  let stopped = false;
  let answers = 0;
  const waiting = new Map<number, () => void>();
  const worker = async (number: number) => {
    for (let turn = number; !stopped; turn += 7) {
      const again = warm[(turn * 31) % Math.max(1, warm.length)];
      const target = (turn % 2 === 0 ? queue.shift() : undefined) ?? again ?? queue.shift();
      if (!target) return;
      const download = new Download(url, target.path);
      done.push({ download, target });
      await download.begun();
      waiting.get(++answers)?.();
      await download.ended;
    }
  };
  const workers = Array.from({ length: CONCURRENT }, (_, number) => worker(number));
  return {
    /** Resolves when so many answers have begun. */
    answered: (count: number) =>
      count === 0 ? Promise.resolve() : new Promise<void>((resolve) => void waiting.set(count, resolve)),
    async stop() {
      stopped = true;
      await Promise.all(workers);
      return done;
    },
  };
}
