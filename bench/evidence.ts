import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { PackageName } from '../src/model/artifact.ts';
import { sha256, sriOf } from '../src/model/digest.ts';
import type { EvidenceJob } from '../src/model/evidence.ts';
import { VerifyPool } from '../src/threads/verify-pool.ts';
import { checkEvidence } from '../src/verify/evidence.ts';
import { openTrust } from '../src/verify/trust.ts';
import { startMinted } from '../test/full/evidence/minted.ts';
import { startSubject } from '../test/full/load/subject.ts';
import type { Load, Served } from './client.ts';
import { round, table } from './table.ts';

// What verification costs: by kind of evidence, through the pool, on a warm download and to those who wait elsewhere.
// CPU is the process's own, all threads: it says the same on a busy machine.
//   node bench/evidence.ts [SECONDS=1] [COLD=200]

const seconds = Number(process.argv[2] ?? 1);
const cold = Number(process.argv[3] ?? 200);

const minted = await startMinted();
const { world } = minted;

// --- by kind

const name = '@acme/widget' as PackageName;
const version = '1.2.3';
const sha512 = `sha512:${'5a'.repeat(64)}` as const;
const filename = 'widget-1.2.3-py3-none-any.whl';
const digest = sha256(Buffer.from(filename));
const about = { claimedAt: null, neverAbsent: false };
const npm = {
  ...about,
  artifact: { ecosystem: 'npm' as const, name, version, filename: 'widget-1.2.3.tgz', sha512 },
};
const pypi = {
  ...about,
  artifact: {
    ecosystem: 'pypi' as const,
    name: 'widget' as PackageName,
    version,
    filename,
    sha256: digest,
  },
};
const signatures = [world.registrySignature({ name, version, integrity: sriOf(sha512) })];
const pair = (predicate: 'v0.2' | 'v1') => world.npmAttestations({ name, version, sha512, predicate });
const provenance = (predicates: readonly ('publish' | 'slsa')[]) =>
  world.pypiProvenance({ filename, sha256: digest, predicates });

const JOBS: Readonly<Record<string, EvidenceJob>> = {
  'registry signature': {
    ...npm,
    kind: 'npm-signatures',
    bytes: Buffer.from(JSON.stringify({ signatures })),
  },
  'npm pair, provenance v0.2': { ...npm, kind: 'npm-attestations', bytes: await pair('v0.2') },
  'npm pair, provenance v1': { ...npm, kind: 'npm-attestations', bytes: await pair('v1') },
  'PEP 740, publish': { ...pypi, kind: 'pypi-provenance', bytes: await provenance(['publish']) },
  'PEP 740, publish and SLSA': {
    ...pypi,
    kind: 'pypi-provenance',
    bytes: await provenance(['publish', 'slsa']),
  },
};

const trust = openTrust(world.trust);
const pool = new VerifyPool(world.trust, { now: () => world.now, replaced: () => {}, timed: () => {} });
const costs: string[][] = [];
for (const [kind, job] of Object.entries(JOBS)) {
  const once = () => expectVerified(checkEvidence(trust, job, world.now).result);
  for (let i = 0; i < 20; i++) once();
  let made = 0;
  const began = performance.now();
  const cpu = process.cpuUsage();
  for (; performance.now() - began < seconds * 1000; made++) once();
  const { user, system } = process.cpuUsage(cpu);
  costs.push([kind, round((user + system) / 1000 / made, 2), round(await throughPool(job))]);
}
await pool.close();
table(['verification', 'CPU ms each', 'per second, pool of two'], costs);

async function throughPool(job: EvidenceJob): Promise<number> {
  const run = async (until: number): Promise<number> => {
    let made = 0;
    const one = async () => {
      for (; performance.now() < until; made++) expectVerified((await pool.check(job)).verdict.result);
    };
    await Promise.all(Array.from({ length: 16 }, one));
    return made;
  };
  await run(performance.now() + 300);
  const began = performance.now();
  const made = await run(began + seconds * 1000);
  return made / ((performance.now() - began) / 1000);
}

function expectVerified(result: string): void {
  if (result !== 'verified') throw new Error(`what is minted is ${result}`);
}

// --- downloads, warm and cold

const REQUIREMENTS = {
  plain: '{ age: 0, registry-signature: off, provenance: off }',
  proven: '{ age: 0, registry-signature: required, provenance: required }',
} as const;
type What = keyof typeof REQUIREMENTS;
const WHAT: readonly What[] = ['plain', 'proven'];
const WARM_UP = 16;
// Packages of one version each, as an install has them.
const numbers = Array.from({ length: cold + WARM_UP }, (_, i) => i);
const rules = WHAT.flatMap((what) =>
  numbers.map((i) => `  - { npm: ${what}-${i}, requirements: ${REQUIREMENTS[what]} }`),
);
const subject = await startSubject({
  policy: { 'bench.yaml': `profile: default\nallow:\n${rules.join('\n')}\n` },
  upstream: { npm: minted.registry.npmBase, pypi: minted.registry.pypiBase },
  env: minted.env,
});
for (const what of WHAT) for (const i of numbers) await minted.npm(`${what}-${i}`, version);
const pathOf = (what: What, i: number) => `/npm/${what}-${i}/-/${what}-${i}-${version}.tgz`;

const rows: string[][] = [];
for (const what of WHAT) {
  // Threads and connections are warm; what is cold is each index, file and document of evidence.
  await inTurn(numbers.slice(0, WARM_UP).map((i) => pathOf(what, i)));
  await subject.beats();
  const cpu = await cpuTime();
  const began = performance.now();
  await inTurn(numbers.slice(WARM_UP).map((i) => pathOf(what, i)));
  const took = performance.now() - began;
  const ran = (await cpuTime()) - cpu;
  const { pause, busy } = await subject.beats();
  rows.push([
    `${cold} cold, ${what === 'proven' ? 'signature and provenance required' : 'off'}`,
    round(cold / (took / 1000)),
    round(ran / cold, 1),
    round(busy, 1),
    round(pause, 1),
  ]);
}
table(
  [
    'downloads, 16 at once',
    'per second',
    'CPU ms each',
    'main thread at a stretch, CPU ms',
    'longest pause ms',
  ],
  rows,
);

const warm = { plain: { perSecond: 0, cpu: Infinity }, proven: { perSecond: 0, cpu: Infinity } };
for (let i = 0; i < 3; i++) {
  for (const what of WHAT) {
    const path = pathOf(what, 0);
    const before = await cpuTime();
    const { perSecond } = await load({ port: subject.port, path, headers: {}, connections: 16, seconds });
    const cpu = ((await cpuTime()) - before) / (perSecond * seconds);
    const best = warm[what];
    warm[what] = { perSecond: Math.max(best.perSecond, perSecond), cpu: Math.min(best.cpu, cpu) };
  }
}
const { plain, proven } = warm;
table(
  ['5 KB tarball, warm, 16 connections, best of 3', 'off', 'required', 'required / off'],
  [
    [
      'per second',
      round(plain.perSecond),
      round(proven.perSecond),
      round(proven.perSecond / plain.perSecond, 2),
    ],
    ['CPU ms each', round(plain.cpu, 2), round(proven.cpu, 2), round(proven.cpu / plain.cpu, 2)],
  ],
);

await subject.stop();
await subject.remove();
await minted.close();

/** What the firewall's process has used so far, ms, all threads (proc(5): utime and stime, 100 ticks a second). */
async function cpuTime(): Promise<number> {
  const stat = await readFile(`/proc/${subject.process.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Fetches every path once, sixteen at a time. */
async function inTurn(paths: string[]): Promise<void> {
  const one = async () => {
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
      const answer = await fetch(subject.url + path);
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, one));
}

async function load(workerData: Load): Promise<Served> {
  const worker = new Worker(new URL('./client.ts', import.meta.url), { workerData });
  const [served] = (await once(worker, 'message')) as [Served];
  await worker.terminate();
  return served;
}
