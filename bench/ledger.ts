import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decisionEntry } from '../src/ledger/entry-decision.ts';
import { openLedger } from '../src/ledger/open.ts';
import { round, table } from './table.ts';

// Durable decisions a second, and how long one append takes, with 1, 16 and 64 that wait at once.
//   node bench/ledger.ts [SECONDS=2]

const seconds = Number(process.argv[2] ?? 2);
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
