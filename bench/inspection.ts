import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { fromBuffer } from 'yauzl';
import { ECOSYSTEMS } from '../src/ecosystems/all.ts';
import { InspectPool } from '../src/threads/inspect-pool.ts';
import { inspect } from '../src/verify/inspect.ts';
import type { ByteSource, Expected } from '../src/verify/verify.ts';
import { Cache } from '../test/sweep/cache.ts';
import { round, table } from './table.ts';

// What an inspection costs (CPU time), beside hashing and unpacking the same bytes: real artifacts, those that `npm run
// sweep` collected, one after the other. Then the longest pause of the event loop while threads inspect them all, and
// while nothing is done for as long: the rest is the machine's.
//   node bench/inspection.ts [FOLDER=the sweep's] [FILES=60 of each kind] [ROUNDS=3]

const [folder = join(tmpdir(), 'sallyport-sweep'), most = '60', rounds = '3'] = process.argv.slice(2);

interface Artifact {
  readonly expected: Expected;
  readonly path: string;
  readonly size: number;
}

const artifacts = await sample(new Cache(folder), Number(most));
if (artifacts.length === 0) {
  console.log(`${folder} has no artifacts: collect some with npm run sweep`);
  process.exit(1);
}

const rows: string[][] = [];
for (const kind of ['npm-tarball', 'wheel', 'sdist'] as const) {
  const own = artifacts.filter(({ expected }) => expected.kind === kind);
  if (own.length === 0) continue;
  const both = { plain: Number.POSITIVE_INFINITY, inspected: Number.POSITIVE_INFINITY };
  for (let i = 0; i < Number(rounds); i++) {
    both.plain = Math.min(both.plain, await timed(own, hashAndUnpack));
    both.inspected = Math.min(both.inspected, await timed(own, inspected));
  }
  const bytes = own.reduce((sum, { size }) => sum + size, 0);
  const rate = (ms: number) => round(bytes / 1048.576 / ms, 1);
  rows.push([
    kind,
    String(own.length),
    round(bytes / 1024 ** 2, 1),
    round(both.plain),
    round(both.inspected),
    rate(both.inspected),
    round(both.inspected / both.plain, 2),
  ]);
}
table(['kind', 'files', 'MiB', 'hash and unpack, ms', 'inspect, ms', 'MiB/s', 'ratio'], rows);

const pool = new InspectPool(() => undefined);
const all = () => Promise.all(artifacts.map(({ path, expected }) => pool.inspect(path, expected)));
const began = performance.now();
const busy = await longestPause(all);
const took = performance.now() - began;
const idle = await longestPause(() => new Promise((done) => setTimeout(done, took)));
await pool.close();
console.log(
  `\nall ${artifacts.length} in threads: ${round(took)} ms; the event loop's longest pause ${round(busy, 1)} ms, and ${round(idle, 1)} ms while nothing is done`,
);

/** The longest that the event loop was late while `work` was under way, ms. */
async function longestPause(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await work();
  delay.disable();
  return delay.max / 1e6;
}

/** As many of each kind, spread over all that there are; the large ones and the small. */
async function sample(cache: Cache, count: number): Promise<Artifact[]> {
  const all: Artifact[] = [];
  for (const { ecosystem: id, name, filename, path } of await cache.files()) {
    const ecosystem = ECOSYSTEMS.find((one) => one.id === id);
    const canonical = ecosystem?.versions.canonicalName(name);
    const named = canonical ? ecosystem?.parseFilename(canonical, filename) : null;
    if (!named) continue;
    const { size } = await sizeOf(path);
    all.push({ expected: { ...named, name, filename }, path, size });
  }
  const byKind = Map.groupBy(all, ({ expected }) => expected.kind);
  return [...byKind.values()].flatMap((own) => {
    const sorted = own.toSorted((a, b) => a.size - b.size);
    const step = Math.max(1, sorted.length / count);
    return Array.from(
      { length: Math.min(count, sorted.length) },
      (_, i) => sorted[Math.floor(i * step)],
    ).filter((one) => one !== undefined);
  });
}

async function sizeOf(path: string): Promise<{ readonly size: number }> {
  const handle = await open(path, 'r');
  try {
    return await handle.stat();
  } finally {
    await handle.close();
  }
}

async function timed(own: readonly Artifact[], work: (one: Artifact, bytes: Buffer) => Promise<void>) {
  let spent = 0;
  for (const one of own) {
    const bytes = await readFile(one.path);
    // Of all threads: what else runs on the machine does not count.
    const began = process.cpuUsage();
    await work(one, bytes);
    const { user, system } = process.cpuUsage(began);
    spent += (user + system) / 1000;
  }
  return spent;
}

async function inspected({ expected, path }: Artifact, bytes: Buffer): Promise<void> {
  const source: ByteSource = {
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  };
  const { findings } = await inspect(source, expected);
  if (findings.some(({ code }) => code === 'ARCHIVE_UNSAFE') && expected.kind !== 'sdist')
    throw new Error(`${path} is unsafe`);
}

/** What whoever installs does at least: the digests of the file, and every byte that comes out of it. */
async function hashAndUnpack({ path }: Artifact, bytes: Buffer): Promise<void> {
  for (const algorithm of ['sha256', 'sha512']) createHash(algorithm).update(bytes).digest();
  if (/\.(?:whl|zip)$/.test(decodeURIComponent(path))) await unzip(bytes);
  else await drained(createGunzip(), bytes);
}

function drained(unpacker: Transform, bytes: Buffer): Promise<void> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  return pipeline([bytes], unpacker, nowhere);
}

function unzip(bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    fromBuffer(bytes, { lazyEntries: true }, (error, zip) => {
      if (error) return reject(error);
      zip.on('error', reject);
      zip.once('end', () => resolve());
      zip.on('entry', (entry) => {
        zip.openReadStream(entry, (failed, stream) => {
          if (failed) return reject(failed);
          stream.on('error', reject);
          stream.once('end', () => zip.readEntry());
          stream.resume();
        });
      });
      zip.readEntry();
    });
  });
}
