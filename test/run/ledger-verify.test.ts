import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Firewall, startFirewall } from '../harness/firewall.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';
import { linesOf } from '../harness/sallyport.ts';

// What an auditor does with a real ledger: beside the running server, over HTTP, after it has stopped, and with a proof.

let upstream: FakeRegistry;
let firewall: Firewall;
let kept: string;
let vkey: string;
const log = (path: string) => join(firewall.dataDir, 'ledger', 'log', path);

beforeAll(async () => {
  upstream = await startRegistry();
  upstream.addNpm('left-pad', { '1.3.0': {} });
  firewall = await startFirewall({
    policy: { 'a.yaml': 'profile: default\nallow:\n  - npm: left-pad\n' },
    upstream: { npm: upstream.npmBase, pypi: upstream.pypiBase },
  });
  await ask(20);
  const proved = await firewall.command(
    'ledger',
    'prove',
    '5',
    '--out',
    join(firewall.root, 'five.tlog-proof'),
  );
  expect(proved).toMatchObject({ code: 0 });
  kept = join(firewall.root, 'kept');
  writeFileSync(kept, readFileSync(log('checkpoint')));
  vkey = readFileSync(log('vkey'), 'utf8').trim();
}, 60_000);
afterAll(async () => {
  await firewall?.remove();
  await upstream?.close();
});

async function ask(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await (await fetch(`${firewall.url}/npm/left-pad/-/left-pad-1.3.0.tgz`)).arrayBuffer();
    await (await fetch(`${firewall.url}/npm/no-such-${i}`)).arrayBuffer();
  }
}

test('beside the running server', { timeout: 60_000 }, async () => {
  const asking = ask(20);
  const ran = await firewall.command('ledger', 'verify', '--key', vkey, '--since', kept, '--json');
  await asking;
  expect(linesOf(ran).filter(({ kind }) => kind === 'problem')).toEqual([]);
  expect(ran).toMatchObject({ code: 0 });
  expect(linesOf(ran).at(-1)).toMatchObject({
    kind: 'summary',
    problems: 0,
    logs: [{ number: 1, keyFrom: 'given' }],
  });
  expect(ran.stderr).toContain('nothing is wrong');
});

test('a proof of an entry, by its number and by its leaf', { timeout: 60_000 }, async () => {
  const [entry] = await firewall.ledger('--verdict', 'allow', '--limit', '1');
  const file = join(firewall.root, 'one.tlog-proof');
  for (const name of [String(entry?.seq), entry?.leaf ?? '']) {
    const ran = await firewall.command('ledger', 'prove', name);
    expect(ran).toMatchObject({ code: 0 });
    writeFileSync(file, ran.stdout);
    const verified = await firewall.command('ledger', 'verify-proof', file, '--key', vkey, '--json');
    expect(verified).toMatchObject({ code: 0 });
    expect(JSON.parse(verified.stdout).entry).toEqual(entry?.entry);
  }
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/^index \d+$/m, 'index 0'));
  expect(await firewall.command('ledger', 'verify-proof', file, '--key', vkey)).toMatchObject({
    code: 1,
    stdout: '',
  });
  expect(await firewall.command('ledger', 'prove', '999999')).toMatchObject({ code: 1 });
  expect(await firewall.command('ledger', 'verify-proof', file, '--key', 'none')).toMatchObject({ code: 2 });
});

test('after it has stopped, and then with an entry that was changed', { timeout: 60_000 }, async () => {
  await firewall.stop();
  const ran = await firewall.command('ledger', 'verify', '--key', vkey, '--since', kept);
  expect(ran).toMatchObject({ code: 0, stdout: '' });
  // Whoever gives no key is told what that is worth.
  const blind = await firewall.command('ledger', 'verify');
  expect(blind.code).toBe(0);
  expect(blind.stdout).toContain('only what lies beside the log');

  const bundle = log(readBundleName());
  const bytes = readFileSync(bundle);
  writeFileSync(bundle, Buffer.from(bytes).fill(0x20, 40, 41));
  const found = await firewall.command('ledger', 'verify', '--key', vkey);
  expect(found).toMatchObject({ code: 1 });
  expect(found.stdout).toMatch(
    /^problem: log 1, entry 0, tile\/entries\/000\S*: the bundle's entry is not the one/,
  );
  writeFileSync(bundle, bytes);
  expect(await firewall.command('ledger', 'verify', '--data', join(firewall.root, 'none'))).toMatchObject({
    code: 3,
  });
  expect(await firewall.command('ledger', 'verify', '--since', join(firewall.root, 'none'))).toMatchObject({
    code: 2,
  });
});

function readBundleName(): string {
  const size = Number(readFileSync(log('checkpoint'), 'utf8').split('\n')[1]);
  return `tile/entries/000${size < 256 ? `.p/${size}` : ''}`;
}
