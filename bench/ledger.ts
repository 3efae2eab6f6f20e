import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { decisionEntry } from '../src/ledger/entry-decision.ts';
import { openLedger } from '../src/ledger/open.ts';
import { startUpstream } from '../test/full/load/upstream.ts';
import { startFirewall } from '../test/harness/firewall.ts';
import type { Load, Served } from './client.ts';
import { round, table } from './table.ts';

// Durable decisions a second, and how long one append takes, with 1, 16 and 64 that wait at once. Then the same through the
// whole gate, beside a gate whose ledger acknowledges at once: the ratio is what the ledger costs.
//   node bench/ledger.ts [SECONDS=2] [ROUNDS=3]

const seconds = Number(process.argv[2] ?? 2);
const rounds = Number(process.argv[3] ?? 3);
const dir = await mkdtemp(join(tmpdir(), 'bench-ledger-'));
const ledger = await openLedger({ dir });
const digest = `sha256:${'a'.repeat(64)}` as const;
let made = 0;

const append = () =>
  ledger.append(
    decisionEntry({
      id: `00000000-0000-4000-8000-${String(made++).padStart(12, '0')}`,
      time: Date.now(),
      agent: 'local',
      profile: 'default',
      mode: 'enforce',
      client: 'npm/11.0.0 node/v24.0.0 linux x64',
      route: 'artifact',
      method: 'GET',
      ecosystem: 'npm',
      name: 'parcel',
      version: '1.0.0',
      file: 'parcel-1.0.0.tgz',
      purl: 'pkg:npm/parcel@1.0.0',
      size: 10_000,
      digests: { sha256: digest, sha512: `sha512:${'b'.repeat(128)}` },
      verdict: 'allow',
      reasons: [],
      place: 'bench.yaml:4',
      by: 'exact',
      checks: [
        { check: 'declared-digest', result: 'verified' },
        { check: 'archive', result: 'verified' },
      ],
      policy: digest,
      engine: '1',
      facts: { index: digest, firstSeen: 1, claimedAt: 1, declared: [digest] },
    }),
  );

const rows: string[][] = [];
for (const waiting of [1, 16, 64, 256]) {
  const times: number[] = [];
  const began = performance.now();
  const end = began + seconds * 1000;
  await Promise.all(
    Array.from({ length: waiting }, async () => {
      while (performance.now() < end) {
        const sent = performance.now();
        await append();
        times.push(performance.now() - sent);
      }
    }),
  );
  const perSecond = times.length / ((performance.now() - began) / 1000);
  times.sort((a, b) => a - b);
  const at = (share: number) => round(times[Math.floor(times.length * share)] ?? 0, 2);
  rows.push([`${waiting} at once`, round(perSecond), at(0.5), at(0.99)]);
}
table(['durable decisions', 'per second', 'p50 ms', 'p99 ms'], rows);
await ledger.close();
await rm(dir, { recursive: true });

const POLICY = 'profile: default\nrequirements: { npm: { age: 7d } }\nallow: [{ npm: parcel }]\n';
const upstream = await startUpstream();
await upstream.call('npm', 'parcel', '1.0.0', 10_000);
const house = (env: Record<string, string>) =>
  startFirewall({
    policy: { 'bench.yaml': POLICY },
    upstream: { npm: upstream.npm },
    env: { SALLYPORT_LOG_LEVEL: 'warn', ...env },
  });
const on = await house({});
const off = await house({ NODE_OPTIONS: `--import ${new URL('./ledger-off.ts', import.meta.url).href}` });
const path = '/npm/parcel/-/parcel-1.0.0.tgz';
const sides: string[][] = [];
for (const connections of [16, 64]) {
  const [with_, without]: [Served[], Served[]] = [[], []];
  for (const port of [on.port, off.port])
    await load({ port, path, headers: {}, connections, seconds: seconds / 2 });
  for (let i = 0; i < rounds; i++) {
    without.push(await load({ port: off.port, path, headers: {}, connections, seconds }));
    with_.push(await load({ port: on.port, path, headers: {}, connections, seconds }));
  }
  const [yes, no] = [best(with_), best(without)];
  if (yes.status !== '200' || no.status !== '200')
    throw new Error(`answers were ${yes.status} and ${no.status}`);
  sides.push([
    `${connections} connections`,
    ...[no.perSecond, yes.perSecond].map((value) => round(value)),
    round(yes.perSecond / no.perSecond, 3),
    ...[no.p50, yes.p50, no.p99, yes.p99].map((value) => round(value, 2)),
  ]);
}
console.log();
table(
  ['10 KB tarball, best of rounds', 'off/s', 'on/s', 'ratio', 'off p50 ms', 'on p50', 'off p99', 'on p99'],
  sides,
);
const entries = await on.ledger('--limit', '1', '--reverse');
const none = await off.ledger('--limit', '10');
console.log(`the last entry with the ledger on is ${entries[0]?.seq}; with it off there are ${none.length}`);
await on.remove();
await off.remove();
await upstream.close();

/** The fastest round: what disturbs a run only ever makes it slower. */
function best(runs: readonly Served[]): Served {
  return runs.reduce((a, b) => (b.perSecond > a.perSecond ? b : a));
}

async function load(workerData: Load): Promise<Served> {
  const worker = new Worker(new URL('./client.ts', import.meta.url), { workerData });
  const [served] = (await once(worker, 'message')) as [Served];
  await worker.terminate();
  return served;
}
