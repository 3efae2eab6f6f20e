import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signCheckpoint } from '../../../src/ledger/log/checkpoint.ts';
import { generateKey, noteBytes, signerKey } from '../../../src/ledger/log/note.ts';
import { bundlePath, tilePath } from '../../../src/ledger/log/tiles.ts';
import { type Firewall, startFirewall } from '../../harness/firewall.ts';
import { type FakeRegistry, startRegistry } from '../../harness/registry.ts';
import { sallyport } from '../../harness/sallyport.ts';
import { type GoProgram, goInstall, goProgram, reasonForNoGo } from './go.ts';
import { type Litewitness, litewitnessBinary, startLitewitness } from './litewitness.ts';
import { askMany } from './many-requests.ts';

// A log of 100,000 real decisions, made by a real server from real requests, and checked by programs that know nothing of
// us: one on golang.org/x/mod/sumdb, and tessera's fsck, and cosigned by a litewitness while it grows. What is tampered with is refused by each of them, and by ours.

const DECISIONS = 100_000;
/** Refusals have entries of their own up to a budget of an agent. */
const REFUSED = 800;
const FSCK = ['github.com/transparency-dev/tessera/cmd/fsck', 'v1.0.4'] as const;
/** A corrupt log makes this fsck hang, so that it is ended: it has said by then what it says. */
const FSCK_WITHIN = { whole: 120_000, corrupt: 15_000 };

/** What it says of a log that it refuses. */
const FSCK_REFUSES = /^E.* fsck failed: (failed: tile\/|failed to fetch and verify checkpoint)/m;

const witnessing = await litewitnessBinary();
const missing = reasonForNoGo() ?? ('missing' in witnessing ? `no litewitness: ${witnessing.missing}` : null);
const verifiers = missing === null ? describe : describe.skip;

verifiers(`a log of ${DECISIONS} decisions${missing === null ? '' : ` (${missing})`}`, () => {
  let upstream: FakeRegistry;
  let firewall: Firewall;
  let ours: GoProgram | null;
  let fsck: GoProgram | null;
  let witness: Litewitness;
  let witnesses: string;
  let log: string;
  let vkey: string;
  let size: number;

  beforeAll(async () => {
    [ours, fsck] = await Promise.all([goProgram('verify'), goInstall(...FSCK)]);
    upstream = await startRegistry();
    upstream.addNpm('left-pad', Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`1.0.${i}`, {}])));
    if ('missing' in witnessing) throw new Error(witnessing.missing);
    const root = mkdtempSync(join(tmpdir(), 'verified-'));
    witness = await startLitewitness(witnessing.path, 'witness.example/w1');
    witnesses = join(root, 'witness.policy');
    writeFileSync(witnesses, `witness w1 ${witness.vkey} ${witness.url}\nquorum w1\n`);
    const made = await sallyport({ SALLYPORT_DATA: join(root, 'data') }, 'init', '--json');
    const { origin, vkey: key } = JSON.parse(made.stdout) as { origin: string; vkey: string };
    witness.know(origin, key);
    firewall = await startFirewall({
      root,
      env: { SALLYPORT_WITNESS_POLICY: witnesses },
      policy: { 'a.yaml': 'profile: default\nallow:\n  - npm: left-pad\n    versions: "<1.0.40"\n' },
      upstream: { npm: upstream.npmBase, pypi: upstream.pypiBase },
    });
    const every = Math.floor(DECISIONS / REFUSED);
    const began = performance.now();
    const answers = await askMany(firewall.port, DECISIONS, (n) => {
      const version = n % every === 0 ? `1.0.${40 + (n % 10)}` : `1.0.${n % 40}`;
      return `/npm/left-pad/-/left-pad-${version}.tgz`;
    });
    const seconds = (performance.now() - began) / 1000;
    const refused = Math.ceil(DECISIONS / every);
    expect(answers).toEqual({ 200: DECISIONS - refused, 403: refused });
    expect(await firewall.stop()).toBe(0);
    log = join(firewall.dataDir, 'ledger', 'log');
    vkey = readFileSync(join(log, 'vkey'), 'utf8').trim();
    size = Number(readFileSync(join(log, 'checkpoint'), 'utf8').split('\n')[1]);
    console.log(`${DECISIONS} decisions in ${seconds.toFixed(1)} s; ${size} entries in the log`);
    // The last checkpoint is signed by the witness, too, which has checked each step's proof.
    expect(witness.sizeOf(origin)).toBe(size);
    // Each that was allowed has a second entry, which says that it was served.
    expect(size).toBeGreaterThanOrEqual(2 * DECISIONS - refused);
  }, 600_000);
  afterAll(async () => {
    await firewall?.remove();
    await upstream?.close();
    await witness?.stop();
  });

  const byOurs = (folder: string) =>
    run(ours?.path ?? '', [folder, vkey], FSCK_WITHIN.whole).then(({ code }) => code === 0);

  /** Whether it says that the log is whole; throws where it says nothing of the log. */
  async function byFsck(folder: string, within: number): Promise<boolean> {
    const args = [
      '--ui=false',
      `--storage_url=file://${folder}/`,
      `--public_key=${join(log, 'vkey')}`,
      '--N=4',
    ];
    const { text } = await run(fsck?.path ?? '', args, within);
    // Its exit code says nothing: it is 0 for a corrupt log, too.
    if (text.includes("Successfully fsck'd")) return true;
    // Ended without a word, it has refused nothing.
    expect(text).toMatch(FSCK_REFUSES);
    return false;
  }

  /** The log with one file replaced; the others are the same files. */
  async function withFile(
    path: string,
    change: (bytes: Buffer) => Buffer,
    work: (data: string) => Promise<void>,
  ) {
    const data = join(firewall.root, 'tampered');
    await run('cp', ['-al', firewall.dataDir, data], 60_000);
    try {
      const file = join(data, 'ledger', 'log', path);
      const bytes = readFileSync(file);
      rmSync(file);
      writeFileSync(file, change(bytes));
      await work(data);
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  }

  test('is whole for the Go program, for fsck, and for ours', async () => {
    const began = performance.now();
    const [goes, tessera, own] = [
      await byOurs(log),
      await byFsck(log, FSCK_WITHIN.whole),
      await firewall.command('ledger', 'verify', '--key', vkey, '--witnesses', witnesses),
    ];
    console.log(`${own.stderr.trim()} (all three: ${((performance.now() - began) / 1000).toFixed(1)} s)`);
    expect(own).toMatchObject({ code: 0, stdout: '' });
    expect({ goes, tessera }).toEqual({ goes: true, tessera: true });
  });

  const flipped = (at: number) => (bytes: Buffer) => {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    return changed;
  };

  test.each([
    ['one bit of an entry', bundlePath(100, 256), flipped(100), /problem: log 1, entry 25600, /],
    [
      'one bit of a tile',
      tilePath({ level: 0, index: 200, width: 256 }),
      flipped(5),
      /entry 51200, tile\/0\/200: /,
    ],
    ['another key over the same tree', 'checkpoint', signedAnew, /problem: log 1, checkpoint: /],
  ] as const)('%s is refused by all three', async (_, path, change, words) => {
    await withFile(path, change, async (data) => {
      const folder = join(data, 'ledger', 'log');
      const [goes, tessera, own] = await Promise.all([
        byOurs(folder),
        byFsck(folder, FSCK_WITHIN.corrupt),
        firewall.command('ledger', 'verify', '--data', data, '--key', vkey),
      ]);
      expect({ goes, tessera, own: own.code }).toEqual({ goes: false, tessera: false, own: 1 });
      expect(own.stdout).toMatch(words);
    });
  });

  function signedAnew(note: Buffer): Buffer {
    const [origin = '', size = '', root = ''] = note.toString().split('\n');
    const { skey } = generateKey(origin);
    const checkpoint = { origin, size: Number(size), root: Buffer.from(root, 'base64'), extensions: [] };
    return Buffer.from(noteBytes(signCheckpoint(checkpoint, signerKey(skey))));
  }
});

/** Runs a program and ends it after a while. */
async function run(
  path: string,
  args: readonly string[],
  within: number,
): Promise<{ code: number | null; text: string }> {
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), within);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, text };
}
