import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../src/ledger/log/checkpoint.ts';
import { verifierKey } from '../../src/ledger/log/note.ts';
import { type Firewall, startFirewall } from '../harness/firewall.ts';

// The log of a real process, and the commands that keep it.

const POLICY = { 'a.yaml': 'profile: default\nallow:\n  - npm: left-pad\n' };

describe('init, serve, rotate, withdraw', { timeout: 60_000 }, () => {
  let firewall: Firewall;
  let root: string;
  let headCopy: string;
  let policy: string;
  const log = (...path: string[]) => join(firewall.dataDir, 'ledger', ...path);
  const again = async () => {
    const env = {
      SALLYPORT_LEDGER_ORIGIN: 'firewall.example/ledger',
      SALLYPORT_HEAD_COPY: headCopy,
      SALLYPORT_RETENTION_POLICY: policy,
    };
    firewall = await startFirewall({ policy: POLICY, root, env });
  };
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'firewall-'));
    headCopy = join(root, 'elsewhere', 'head');
    policy = join(root, 'retention.txt');
    writeFileSync(policy, 'Entries are kept for a year.\n');
    await again();
  }, 60_000);
  afterAll(() => firewall?.remove());

  test('what is entered is under a signed checkpoint, here and on the other volume, at the latest when it ends', async () => {
    await expect.poll(() => statSync(log('log', 'checkpoint')).size).toBeGreaterThan(0);
    const metrics = await (await fetch(`${firewall.url}/metrics`)).text();
    expect(metrics).toMatch(/^sallyport_log_entries \d+$/m);
    expect(metrics).toMatch(/^sallyport_log_waiting_seconds \d/m);
    await firewall.stop();
    const entries = await firewall.ledger();
    const vkey = readFileSync(log('log', 'vkey'), 'utf8').trimEnd();
    expect(firewall.log).toContain(`${vkey} (sallyport init prints it)`);
    const note = readFileSync(log('log', 'checkpoint'));
    expect(openCheckpoint(note, verifierKey(vkey))).toMatchObject({
      origin: 'firewall.example/ledger/1',
      size: entries.length,
    });
    expect(readFileSync(headCopy, 'utf8')).toBe(note.toString());
    const { code, stdout } = await firewall.command('init', '--json');
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      { data: firewall.dataDir, key: log('key'), origin: 'firewall.example/ledger/1', vkey, fresh: false },
    ]);
  });

  test('an index that is made anew is entered', async () => {
    const before = await firewall.ledger();
    const { code, stdout, stderr } = await firewall.command('ledger', 'reindex', '--json');
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ entries: before.length });
    const after = await firewall.ledger();
    expect(after).toHaveLength(before.length + 1);
    expect(after.at(-1)).toMatchObject({
      entry: { type: 'admin', code: 'reindexed', entries: before.length },
    });
  });

  test('a rotation needs the server stopped; afterwards it serves under the new key', async () => {
    await again();
    expect(firewall.log).not.toContain('the ledger begins its log');
    const busy = await firewall.command('ledger', 'rotate');
    expect([busy.code, busy.stderr]).toEqual([3, expect.stringContaining('in use by another sallyport')]);
    await firewall.stop();
    const { code, stdout, stderr } = await firewall.command('ledger', 'rotate', '--json');
    expect(code, stderr).toBe(0);
    const rotated = JSON.parse(stdout) as { log: number; vkey: string; base: number };
    expect(rotated).toMatchObject({ log: 2, origin: 'firewall.example/ledger/2' });
    expect(stderr).toContain('firewall.example/ledger/1 has ended');
    await again();
    await firewall.stop();
    const { size } = openCheckpoint(readFileSync(log('log', 'checkpoint')), verifierKey(rotated.vkey));
    expect((await firewall.ledger()).length).toBe(rotated.base + size);
    const lost = await firewall.command('ledger', 'rotate', '--key-lost');
    expect([lost.code, lost.stderr]).toEqual([3, expect.stringContaining('without --key-lost')]);
  });

  test('withdrawing: a time that can be read, a policy, and nothing that is young', async () => {
    const run = (...args: string[]) => firewall.command('ledger', 'withdraw', ...args);
    expect(await run('--before', 'yesterday')).toMatchObject({ code: 2 });
    expect(await run('--before', '2999-01-01')).toMatchObject({ code: 2 });
    expect(await run('--before', '2001-01-01', '--json')).toMatchObject({
      code: 0,
      stdout: `${JSON.stringify({ withdrawn: 0, before: '2001-01-01T00:00:00.000Z' })}\n`,
    });
    writeFileSync(policy, '');
    expect(await run('--before', '2001-01-01')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('it is empty'),
    });
    writeFileSync(policy, 'Entries are kept for a year.\n');
  });

  test('a key that others can read is no start, and is in no word of ours', async () => {
    const secret = readFileSync(log('key'), 'utf8').trim().split('+').slice(4).join('+');
    chmodSync(log('key'), 0o644);
    const started = await again().then(
      () => 'started',
      (error: unknown) => String(error),
    );
    chmodSync(log('key'), 0o600);
    expect(started).toContain('can be read by others');
    expect(`${started}${firewall.log}`).not.toContain(secret.slice(2));
    expect(secret.length).toBeGreaterThan(40);
  });
});
