import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import { logsIn } from '../../../src/ledger/audit/data-folder.ts';
import { auditLedger } from '../../../src/ledger/audit/ledger-audit.ts';
import { leafHash } from '../../../src/ledger/canonical.ts';
import { hashReader } from '../../../src/ledger/log/log-source.ts';
import { rootAt } from '../../../src/ledger/log/merkle-proof.ts';
import { folderSource } from '../../../src/ledger/published/folder-source.ts';
import { LogPlaces } from '../../../src/ledger/published/log-places.ts';
import { decision } from '../samples.ts';
import { openPlace, type Place } from './place.ts';

/** What a process is killed in. */
export const SCENARIOS = ['first', 'publish', 'rotate', 'withdraw', 'withdraw-again', 'rollback'] as const;
export type Scenario = (typeof SCENARIOS)[number];

const KEEPER = fileURLToPath(new URL('./fixtures/keeper.ts', import.meta.url));
const MORTAL = new URL('./fixtures/mortal.ts', import.meta.url).href;

interface Outcome {
  readonly killed: boolean;
  /** Steps that there are; 0 where it was killed. */
  readonly steps: number;
  /** Acknowledged entries, place → leaf hash. */
  readonly acks: ReadonlyMap<number, string>;
  /** Published heads: `log size` → root. */
  readonly heads: ReadonlyMap<string, string>;
  readonly output: string;
}

/**
 * Runs a scenario again and again from the same folder, killed at each step that is wanted, and looks after each kill
 * whether all that was said is true: what was acknowledged is in the log, every head that was published stands, and the
 * ledger starts and goes on.
 */
export async function commitPoints(
  scenario: Scenario,
  wanted: (step: number) => boolean,
): Promise<{ readonly killed: number; readonly steps: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'points-'));
  try {
    const seed = join(folder, 'seed');
    await prepare(scenario, seed);
    const { steps, output, killed } = await run(scenario, copyOf(seed, join(folder, 'whole')), 0);
    expect(killed, output).toBe(false);
    expect(output).not.toContain('failed');
    let kills = 0;
    const points = Array.from({ length: steps }, (_, i) => i + 1).filter(wanted);
    const lane = async (name: string) => {
      for (let at = points.shift(); at !== undefined; at = points.shift()) {
        const dir = copyOf(seed, join(folder, name));
        const outcome = await run(scenario, dir, at);
        if (outcome.killed) kills++;
        await check(dir, scenario, outcome).catch((error: unknown) => {
          throw new Error(`${scenario}, killed at step ${at} of ${steps}: ${String(error)}`, {
            cause: error,
          });
        });
      }
    };
    await Promise.all([lane('a'), lane('b')]);
    return { killed: kills, steps };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function prepare(scenario: Scenario, dir: string): Promise<void> {
  if (scenario === 'first') return;
  const place = await openPlace(join(dir, 'data'), { headCopy: join(dir, 'head') });
  await Promise.all(
    Array.from({ length: 254 }, (_, i) => place.ledger.append(decision({ id: `seed-${i}` }))),
  );
  if (scenario === 'withdraw-again') {
    // The policy is another one by the time that more is withdrawn.
    await place.log.published((await place.ledger.append(decision({ id: 'seed-254' }))).seq);
    const { seq } = await place.ledger.append(decision({ id: 'seed-255' }));
    await place.log.published(seq);
    expect(await place.log.withdraw(Date.now() + 1000, 'All of it.\n')).toBe(256);
    const later = Array.from({ length: 254 }, (_, i) => place.ledger.append(decision({ id: `later-${i}` })));
    await Promise.all(later);
  }
  await place.close();
  if (scenario !== 'rollback') return;
  const saved = join(dir, 'saved');
  cpSync(join(dir, 'data'), saved, { recursive: true });
  const later = await openPlace(join(dir, 'data'), { headCopy: join(dir, 'head') });
  await later.ledger.append(decision({ id: 'lost' }));
  await later.close();
  rmSync(join(dir, 'data'), { recursive: true });
  cpSync(saved, join(dir, 'data'), { recursive: true });
}

function copyOf(seed: string, to: string): string {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to);
  if (existsSync(seed)) cpSync(seed, to, { recursive: true });
  return to;
}

async function run(scenario: Scenario, dir: string, stopAt: number): Promise<Outcome> {
  const what = scenario === 'first' || scenario === 'rollback' ? 'publish' : scenario;
  const words = join(dir, 'words');
  const args = ['--import', MORTAL, KEEPER, join(dir, 'data'), what, join(dir, 'head'), words];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, STOP_AT: String(stopAt) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => {
      output += text.toString();
    });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (code, signal) => resolve([code, signal])),
  );
  if (code !== 0 && signal !== 'SIGKILL')
    throw new Error(`the child ended with ${code ?? signal}: ${output}`);
  if (existsSync(words)) output += readFileSync(words, 'utf8');
  const acks = new Map<number, string>();
  const heads = new Map<string, string>();
  for (const [, seq, leaf] of output.matchAll(/^ack (\d+) ([0-9a-f]{64})$/gm))
    acks.set(Number(seq), String(leaf));
  for (const [, key, root] of output.matchAll(/^head (\d+ \d+) ([0-9a-f]{64})$/gm))
    heads.set(String(key), String(root));
  const steps = Number(/^steps (\d+)$/m.exec(output)?.[1] ?? 0);
  return { killed: signal === 'SIGKILL', steps, acks, heads, output };
}

/** What an auditor says of the folder, before any server has looked at it again. */
async function audit(data: string): Promise<void> {
  const folder = await logsIn(data);
  if (folder === null) return;
  const asked = {
    keys: [],
    kept: [],
    witnesses: null,
    live: false,
    now: Date.now,
    progress: () => undefined,
  };
  const { findings } = await auditLedger({ ...folder, ...asked });
  expect(findings.filter(({ kind }) => kind === 'problem')).toEqual([]);
}

async function check(dir: string, scenario: Scenario, { acks, heads }: Outcome): Promise<void> {
  const data = join(dir, 'data');
  if (scenario === 'withdraw' || scenario === 'withdraw-again') await audit(data);
  const before = new LogPlaces(data);
  // What a reader had the moment after the kill.
  const read = existsSync(join(before.running, 'checkpoint'))
    ? readFileSync(join(before.running, 'checkpoint'), 'utf8')
    : null;
  const place = await openPlace(data, { headCopy: join(dir, 'head') });
  try {
    const { seq } = await place.ledger.append(decision({ id: 'after' }));
    await place.log.published(seq);
    expect(place.faults).toEqual([]);
    expect(place.log.current.number, place.said.join()).toBeLessThanOrEqual(
      scenario === 'rotate' || scenario === 'rollback' ? 2 : 1,
    );
    const logs = await auditAll(place);
    for (const [seq, leaf] of acks) expect(logs.leaves.get(seq), `entry ${seq} was acknowledged`).toBe(leaf);
    for (const [key, root] of heads) {
      const [log = 0, size = 0] = key.split(' ').map(Number);
      expect(await logs.rootOf(log, size), `the head of ${size} entries was published`).toBe(root);
    }
    if (read !== null) {
      const [origin = '', size = '', root = ''] = read.split('\n');
      expect(await logs.rootOf(Number(origin.split('/').at(-1)), Number(size))).toBe(
        Buffer.from(root, 'base64').toString('hex'),
      );
    }
  } finally {
    await place.close();
  }
  if (scenario === 'withdraw' || scenario === 'withdraw-again') await audit(data);
  expect(readFileSync(join(dir, 'head'), 'utf8')).toBe(
    readFileSync(join(before.running, 'checkpoint'), 'utf8'),
  );
}

/** Every log of a ledger by its files, and every entry of its database in the log that it belongs to. */
async function auditAll(place: Place) {
  const leaves = new Map<number, string>();
  const sizes = new Map<number, number>();
  const sourceOf = (number: number) =>
    folderSource(number === place.log.current.number ? place.places.running : place.places.ended(number));
  const rootOf = async (number: number, size: number) =>
    (await rootAt(size, hashReader(sourceOf(number), sizes.get(number) ?? 0))).toString('hex');
  const db = new Database(place.places.database, { readonly: true });
  const rows = db.prepare<[number, number], { seq: number; leaf: Buffer; bytes: string }>(
    'SELECT seq, leaf, bytes FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq',
  );
  try {
    for (const log of place.log.logs) {
      const checkpoint = Buffer.from((await sourceOf(log.number).read('checkpoint')) ?? []).toString('utf8');
      const [origin, size = '', root = ''] = checkpoint.split('\n');
      if (checkpoint === '') continue;
      expect(origin).toBe(log.origin);
      sizes.set(log.number, Number(size));
      expect(await rootOf(log.number, Number(size))).toBe(Buffer.from(root, 'base64').toString('hex'));
      const hashes = hashReader(sourceOf(log.number), Number(size));
      for (const { seq, leaf, bytes } of rows.all(log.base, log.base + Number(size))) {
        expect((await hashes(0, seq - log.base)).equals(leaf)).toBe(true);
        if (bytes !== '') expect(leafHash(bytes)).toBe(leaf.toString('hex'));
        else expect(seq - log.base).toBeLessThan(log.minimum);
        leaves.set(seq, leaf.toString('hex'));
      }
    }
  } finally {
    db.close();
  }
  return { leaves, rootOf };
}
