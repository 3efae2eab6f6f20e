import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCheckpoint } from '../../../src/ledger/log/checkpoint.ts';
import { verifierKey } from '../../../src/ledger/log/note.ts';
import { cosignedBy, parseTlogPolicy } from '../../../src/ledger/log/tlog-policy.ts';
import { type Firewall, startFirewall } from '../../harness/firewall.ts';
import { sallyport } from '../../harness/sallyport.ts';
import { type Litewitness, litewitnessBinary, startLitewitness } from './litewitness.ts';

// The witness that others run signs the log of a real server: over its starts, its rotation, and not over its rollback.

const POLICY = { 'default.yaml': 'profile: default\nallow: []\n' };
const binary = await litewitnessBinary();
const why = 'missing' in binary ? ` (no litewitness: ${binary.missing})` : '';

let root: string;
let witness: Litewitness;
let env: Record<string, string>;
let origin: string;
let vkey: string;

beforeAll(async () => {
  if ('missing' in binary) return;
  root = await mkdtemp(join(tmpdir(), 'witnessed-'));
  witness = await startLitewitness(binary.path, 'witness.example/w1');
  const policy = join(root, 'witness.policy');
  await writeFile(policy, `witness w1 ${witness.vkey} ${witness.url}\nquorum w1\n`);
  env = { SALLYPORT_WITNESS_POLICY: policy, SALLYPORT_LEDGER_ORIGIN: 'firewall.example/ledger' };
  const made = await sallyport({ SALLYPORT_DATA: join(root, 'data'), ...env }, 'init', '--json');
  expect(made.code, made.stderr).toBe(0);
  ({ origin, vkey } = JSON.parse(made.stdout) as { origin: string; vkey: string });
  witness.know(origin, vkey);
});

afterAll(async () => {
  if ('missing' in binary) return;
  await witness.stop();
  await rm(root, { recursive: true, force: true });
});

const start = (): Promise<Firewall> => startFirewall({ policy: POLICY, env, root });

/** Refusals are entries, too. */
async function ask(firewall: Firewall, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await (await fetch(`${firewall.url}/npm/not-there-${i}`)).text();
}

const published = (file: string) => readFile(join(root, 'data', 'ledger', 'log', file));

/** The newest cosigned checkpoint, as anybody verifies it. */
async function cosigned(): Promise<number> {
  const checkpoint = openCheckpoint(await published('cosigned'), verifierKey(vkey));
  const by = cosignedBy(
    checkpoint.note,
    parseTlogPolicy(await readFile(env['SALLYPORT_WITNESS_POLICY'] ?? '', 'utf8')),
  );
  expect(by.met).toBe(true);
  return checkpoint.size;
}

test.skipIf('missing' in binary)(
  `every checkpoint is offered, signed after its proof was checked, and kept${why}`,
  async () => {
    let size = 0;
    for (let round = 0; round < 3; round++) {
      const firewall = await start();
      await ask(firewall, 40);
      await firewall.stop();
      const now = await cosigned();
      expect(now).toBeGreaterThan(size + 40);
      expect(witness.sizeOf(origin)).toBe(now);
      size = now;
    }
    const verified = await sallyport(
      { SALLYPORT_DATA: join(root, 'data') },
      ...['ledger', 'verify', '--key', vkey, '--witnesses', env['SALLYPORT_WITNESS_POLICY'] ?? ''],
    );
    expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  },
);

test.skipIf('missing' in binary)(
  `a witness that is gone keeps nobody from being served, is said, and signs when it is back${why}`,
  async () => {
    const firewall = await start();
    witness.kill();
    await ask(firewall, 10);
    const ready = async () => (await fetch(`${firewall.url}/readyz`)).text();
    await expect.poll(ready, { timeout: 20_000 }).toContain('the witness w1 does not sign');
    await witness.restart();
    await expect.poll(ready, { timeout: 90_000 }).not.toContain('the witness w1 does not sign');
    await firewall.stop();
    expect(await cosigned()).toBe(witness.sizeOf(origin));
    const alarms = await firewall.ledger('--type', 'alarm');
    expect(alarms.map(({ entry }) => entry['code'])).toContain('witness-unreachable');
  },
);

test.skipIf('missing' in binary)(
  `a volume restored from a snapshot is noticed by the witness alone, and a new log is opened aloud${why}`,
  async () => {
    const data = join(root, 'data');
    const snapshot = join(root, 'snapshot');
    const { cp } = await import('node:fs/promises');
    await cp(data, snapshot, { recursive: true });
    const before = await start();
    await ask(before, 30);
    await before.stop();
    await rm(data, { recursive: true });
    await cp(snapshot, data, { recursive: true });
    const firewall = await start();
    await sleep(1_500);
    expect(firewall.log).toContain('ROLLED BACK');
    const entries = await firewall.ledger();
    expect(entries.map(({ entry }) => entry['type'])).toContain('log');
    expect(entries.filter(({ entry }) => entry['code'] === 'log-rolled-back')).toHaveLength(1);
    const log = entries.find(({ entry }) => entry['type'] === 'log')?.entry;
    expect(log).toMatchObject({
      reason: 'rollback',
      known: { from: 'witness', size: witness.sizeOf(origin) },
    });
    // The new log has a name of its own, which the witness does not know yet.
    expect(log?.['origin']).not.toBe(origin);
    expect(await published('checkpoint')).toBeTruthy();
    await firewall.stop();
  },
);
