import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { malRecord } from '../feeds/records.ts';
import { type Firewall, startFirewall } from '../harness/firewall.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';
import { linesOf, sallyport } from '../harness/sallyport.ts';
import { makeZip } from '../verify/zip-writer.ts';

// The server as a process of its own; commands are run beside it, on its folders.

let firewall: Firewall;
let registry: FakeRegistry;
afterEach(async () => {
  await firewall?.remove();
  await registry?.close();
});

test('a record that arrives after an install refuses the cached artifact and its listing, and the ledger says who has it', async () => {
  registry = await startRegistry();
  registry.addNpm('left-pad', { '1.3.0': {} });
  firewall = await startFirewall({
    policy: { 'default.yaml': 'profile: default\nallow:\n  - npm: left-pad\n' },
    upstream: { npm: registry.npmBase, pypi: registry.pypiBase },
  });
  const command = (...args: string[]) =>
    sallyport(
      {
        SALLYPORT_DATA: firewall.dataDir,
        SALLYPORT_ALLOWLISTS: firewall.allowlistsDir,
        SALLYPORT_NPM_UPSTREAM: registry.npmBase,
        SALLYPORT_PYPI_UPSTREAM: registry.pypiBase,
        SALLYPORT_PRIVATE_ADDRESSES: '127.0.0.0/8',
      },
      ...args,
    );
  const ask = async (path: string) => {
    const answer = await fetch(firewall.url + path);
    return { status: answer.status, text: await answer.text() };
  };
  const update = async (...records: readonly object[]) => {
    const zip = join(firewall.root, 'osv.zip');
    await writeFile(
      zip,
      makeZip(records.map((one, i) => ({ path: `${i}.json`, bytes: JSON.stringify(one) }))),
    );
    return command('feed', 'update', zip);
  };
  const modified = new Date(Date.now() - 60_000).toISOString();
  const artifact = '/npm/left-pad/-/left-pad-1.3.0.tgz';
  expect(await update(malRecord('MAL-2026-1', 'other', 'npm', { modified }))).toMatchObject({ code: 0 });
  expect((await ask('/npm/left-pad')).status).toBe(200);
  expect((await ask(artifact)).status).toBe(200);
  registry.requests.length = 0;
  expect((await ask(artifact)).status).toBe(200);
  expect(registry.requests).toEqual([]);

  const records = ['other', 'left-pad'].map((name, i) =>
    malRecord(`MAL-2026-${i + 1}`, name, 'npm', { modified }),
  );
  expect(await update(...records)).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('2 records of 2 packages'),
  });
  const refused = await ask(artifact);
  expect([refused.status, JSON.parse(refused.text).code]).toEqual([403, 'MALWARE']);
  expect((await ask('/npm/left-pad')).text).toContain('MALWARE');
  expect((await ask('/npm/left-pad/1.3.0')).status).toBe(403);

  const { stdout } = await command('ledger', 'list', '--package', 'left-pad');
  const lines = stdout.trim().split('\n');
  expect(
    lines.filter((line) => / allow /.test(line) && line.includes('left-pad-1.3.0.tgz')).length,
  ).toBeGreaterThan(0);
  expect(lines.filter((line) => / refuse /.test(line) && line.includes('MALWARE')).length).toBeGreaterThan(0);
  const had = linesOf(
    await command('ledger', 'list', '--json', '--package', 'left-pad', '--verdict', 'allow'),
  );
  expect(had[0]?.entry).toMatchObject({
    type: 'decision',
    agent: 'local',
    name: 'left-pad',
    version: '1.3.0',
  });
  expect((await command('feed', 'show')).code).toBe(0);
  expect((await command('check', 'left-pad@1.3.0')).stdout).toContain('MALWARE');
}, 120_000);
