import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { startSubject } from '../test/full/load/subject.ts';
import { startUpstream } from '../test/full/load/upstream.ts';
import type { Load, Served } from './client.ts';
import { round, table } from './table.ts';

// Warm throughput beside a bare node:http server that sends as many bytes, in turn, round by round: the ratio
// is what counts, the figures are this machine's at this moment.
//   node bench/warm.ts [ROUNDS=3] [SECONDS=2]

const rounds = Number(process.argv[2] ?? 3);
const seconds = Number(process.argv[3] ?? 2);

const POLICY = `
profile: default
requirements: { npm: { age: 7d }, pypi: { age: 7d, sdist: deny } }
allow: [{ npm: pebble-0 }, { npm: parcel }, { npm: crate }, { npm: atlas }]
`;

const upstream = await startUpstream();
await upstream.call('many', 'pebble', 1);
await upstream.call('npm', 'parcel', '1.0.0', 10_000);
await upstream.call('npm', 'crate', '1.0.0', 4_000_000);
await upstream.call('largePackument', 'atlas', 8_000_000);
const subject = await startSubject({
  policy: { 'bench.yaml': POLICY },
  upstream: { npm: upstream.npm, pypi: upstream.pypi },
  env: { SALLYPORT_LOG_LEVEL: process.env['BENCH_LOG_LEVEL'] ?? 'info' },
});
const bare: ChildProcess = fork(join(import.meta.dirname, 'bare.ts'));
const [barePort] = (await once(bare, 'message')) as [number];

const gzip = { 'accept-encoding': 'gzip' };
const small = await fetch(`${subject.url}/npm/pebble-0`, { headers: gzip });
await small.arrayBuffer();
const etag = small.headers.get('etag') ?? '';

/** What is asked, with how many connections. */
const cases: readonly [string, string, Record<string, string>, number][] = [
  ['small packument', '/npm/pebble-0', gzip, 16],
  ['304', '/npm/pebble-0', { ...gzip, 'if-none-match': etag }, 16],
  ['large packument', '/npm/atlas', gzip, 16],
  ['10 KB tarball, entry', '/npm/parcel/-/parcel-1.0.0.tgz', {}, 16],
  ['10 KB tarball, entry', '/npm/parcel/-/parcel-1.0.0.tgz', {}, 64],
  ['4 MB tarball, entry', '/npm/crate/-/crate-1.0.0.tgz', {}, 4],
];

const rows: string[][] = [];
for (const [what, path, headers, connections] of cases) {
  const ours: Served[] = [];
  const theirs: Served[] = [];
  const head = await fetch(subject.url + path, { headers });
  const body = (await head.arrayBuffer()).byteLength;
  const length = head.headers.get('content-length') ?? body;
  await load({ port: subject.port, path, headers, connections, seconds: seconds / 2 });
  for (let i = 0; i < rounds; i++) {
    const bareQuery = headers['if-none-match'] === undefined ? `/?bytes=${length}` : '/';
    theirs.push(await load({ port: barePort, path: bareQuery, headers, connections, seconds }));
    ours.push(await load({ port: subject.port, path, headers, connections, seconds }));
  }
  const mine = best(ours);
  const limit = best(theirs);
  rows.push([
    `${what}, ${connections} connections`,
    mine.status,
    round(mine.bytes),
    round(limit.perSecond),
    round(mine.perSecond),
    round(mine.perSecond / limit.perSecond, 3),
    round(mine.p50, 2),
    round(mine.p99, 2),
  ]);
}
table(['warm, best of rounds', 'status', 'bytes', 'bare/s', 'ours/s', 'ratio', 'p50 ms', 'p99 ms'], rows);

bare.disconnect();
await subject.stop();
await subject.remove();
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
