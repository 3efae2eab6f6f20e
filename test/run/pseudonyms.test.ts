import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config.ts';
import { isMissing } from '../../src/disk/missing.ts';
import { allowing, bearer, startHouse, type TestHouse, tarballPath } from '../admission/harness.ts';
import { linesOf, sallyport } from '../harness/sallyport.ts';

const AGENTS = { annabella: 'acme', bartholomew: 'acme', clementine: 'other' };

function auth(agents: Readonly<Record<string, string>> = AGENTS): string {
  const rows = Object.entries(agents).map(([agent, tenant]) => {
    const hash = createHash('sha256').update(`token-of-${agent}-0123456789`).digest('hex');
    return `  - { hash: "sha256:${hash}", agent: ${agent}, tenant: ${tenant} }`;
  });
  return `tokens:\n${rows.join('\n')}\n`;
}

async function housed(env: Readonly<Record<string, string>> = { SALLYPORT_PSEUDONYMS: 'true' }) {
  const h = await startHouse({
    policy: allowing(['demo'], [], '  - npm: "pre-*"\n'),
    auth: auth(),
    env: { SALLYPORT_PREFIX_BUDGET: '1', ...env },
  });
  onTestFinished(() => h.remove());
  h.registry.addNpm('demo', { '1.0.0': {} });
  h.registry.addNpm('bad', { '1.0.0': { integrity: 'wrong' } });
  return h;
}

const dataOf = (h: TestHouse) => join(h.root, 'data');
const keyOf = (h: TestHouse, tenant: string) => join(dataOf(h), 'ledger', 'pseudonyms', tenant);

/** Something of every kind of entry that an agent causes. */
async function use(h: TestHouse, agent: string): Promise<void> {
  const headers = bearer(agent);
  await h.ask(tarballPath('demo', '1.0.0'), { headers });
  await h.ask('/npm/unlisted', { headers });
  await h.ask('/npm/pre-one', { headers });
  await h.ask('/npm/pre-two', { headers });
  await h.ask('/elsewhere', { headers });
  for (let i = 0; i < 3; i++) await h.ask('/npm/..%2f..', { headers });
}

/** Every byte that was written below a folder. */
async function writtenBelow(folder: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) {
      const bytes = await readFile(join(entry.parentPath, entry.name)).catch((error: unknown) => {
        if (isMissing(error)) return null;
        throw error;
      });
      // The log is being published: what has another name by now is read under that.
      if (bytes === null) return writtenBelow(folder);
      pieces.push(bytes);
    }
  return Buffer.concat(pieces);
}

test('no name of an agent is anywhere in what the ledger wrote, and each is one pseudonym', async () => {
  const h = await housed();
  for (const agent of Object.keys(AGENTS)) await use(h, agent);
  await h.restart();
  const entries = await h.entries({ limit: 10_000 });
  const agents = new Set(entries.flatMap(({ agent }) => (agent === undefined ? [] : [String(agent)])));
  expect(agents.size).toBe(3);
  for (const agent of agents) expect(agent).toMatch(/^~[a-z2-7]{26}$/);
  const alarms = entries.filter(({ type, code }) => type === 'alarm' && code === 'name-budget');
  expect(alarms.length).toBeGreaterThan(0);
  const bytes = await writtenBelow(join(dataOf(h), 'ledger'));
  for (const agent of Object.keys(AGENTS)) expect(bytes.includes(agent)).toBe(false);
  expect(bytes.includes('"agent":"~')).toBe(true);
});

test('sums of refusals have the pseudonym, too', async () => {
  const h = await housed();
  const headers = bearer('annabella');
  await Promise.all(Array.from({ length: 1_010 }, () => h.ask('/npm/unlisted', { headers })));
  await h.restart();
  const sums = (await h.entries({ type: 'decision', limit: 10_000 })).filter(({ route }) => route === 'sum');
  expect(sums.length).toBeGreaterThan(0);
  for (const { agent } of sums) expect(agent).toMatch(/^~/);
}, 60_000);

test('the agent itself is told why, and no other one', async () => {
  const h = await housed();
  const refused = await h.ask('/npm/unlisted', { headers: bearer('annabella') });
  const why = `/-/why/${refused.headers['x-sallyport-entry']}`;
  expect((await h.ask(why, { headers: bearer('annabella') })).status).toBe(200);
  expect((await h.ask(why, { headers: bearer('bartholomew') })).status).toBe(404);
  expect((await h.ask(why, { headers: bearer('clementine') })).status).toBe(404);
});

test('who asks by name finds what is written under the pseudonym, and what was written before there were any', async () => {
  const h = await housed({ SALLYPORT_PSEUDONYMS: 'true' });
  await use(h, 'annabella');
  await use(h, 'bartholomew');
  const list = (...more: string[]) =>
    sallyport({ SALLYPORT_DATA: dataOf(h) }, 'ledger', 'list', '--json', ...more).then(linesOf);
  const mine = await list('--agent', 'annabella');
  expect(mine.length).toBeGreaterThan(3);
  const pseudonym = String(mine[0].entry.agent);
  expect(new Set(mine.map(({ entry }) => entry.agent))).toEqual(new Set([pseudonym]));
  expect(await list('--agent', pseudonym)).toEqual(mine);
  expect(await list('--agent', 'nobody')).toEqual([]);
  expect((await h.entries({ agent: 'annabella', limit: 1_000 })).length).toBeGreaterThanOrEqual(mine.length);
});

test('forgetting deletes the key, is entered, and what was written is nobody’s', async () => {
  const h = await housed();
  await use(h, 'annabella');
  await use(h, 'clementine');
  const env = { SALLYPORT_DATA: dataOf(h) };
  const running = await sallyport(env, 'ledger', 'forget', 'acme');
  expect(running.code).toBe(3);
  expect(running.stderr).toMatch(/in use by another/);
  await readFile(keyOf(h, 'acme'));
  const [before] = await h.entries({ agent: 'annabella', limit: 1 });
  const listed = async (agent: string) =>
    linesOf(await sallyport(env, 'ledger', 'list', '--json', '--agent', agent));
  await h.restart(async () => {
    const ran = await sallyport(env, 'ledger', 'forget', 'acme', '--json');
    expect(ran).toMatchObject({ code: 0 });
    expect(linesOf(ran)).toMatchObject([{ tenant: 'acme', deleted: true }]);
    await expect(readFile(keyOf(h, 'acme'))).rejects.toMatchObject({ code: 'ENOENT' });
    await readFile(keyOf(h, 'other'));
    expect(await listed('annabella')).toEqual([]);
    expect((await listed('clementine')).length).toBeGreaterThan(3);
    const acts = linesOf(await sallyport(env, 'ledger', 'list', '--json', '--type', 'admin'));
    expect(acts.at(-1)?.entry).toMatchObject({ code: 'pseudonyms-forgotten', tenant: 'acme' });
    expect(await sallyport(env, 'ledger', 'forget', 'acme')).toMatchObject({ code: 1 });
    expect(await sallyport(env, 'ledger', 'forget', '../x')).toMatchObject({ code: 2 });
  });
  // The next start makes a new key, and nobody is alarmed.
  await use(h, 'annabella');
  const [after] = await h.entries({ agent: 'annabella', limit: 1 });
  expect(before?.['agent']).toMatch(/^~/);
  expect(after?.['agent']).toMatch(/^~/);
  expect(after?.['agent']).not.toBe(before?.['agent']);
  const alarms = await h.entries({ type: 'alarm', limit: 1_000 });
  expect(alarms.filter(({ code }) => code === 'pseudonym-key-lost')).toEqual([]);
});

test('a crash between the deleted key and its entry is made good by the same command', async () => {
  const h = await housed();
  await h.restart(async () => {
    await rm(keyOf(h, 'acme'));
    const ran = await sallyport({ SALLYPORT_DATA: dataOf(h) }, 'ledger', 'forget', 'acme', '--json');
    expect(linesOf(ran)).toMatchObject([{ tenant: 'acme', deleted: false }]);
  });
  const acts = (await h.entries({ type: 'admin' })).filter(({ tenant }) => tenant === 'acme');
  expect(acts.map(({ code }) => code)).toEqual(['pseudonym-key', 'pseudonyms-forgotten', 'pseudonym-key']);
});

test('a key that is gone and was not forgotten is an alarm, and a new one is entered', async () => {
  const h = await housed();
  const keys = (await h.entries({ type: 'admin' })).filter(({ code }) => code === 'pseudonym-key');
  expect(keys.map(({ tenant }) => tenant).sort()).toEqual(['acme', 'default', 'other']);
  await h.restart();
  expect((await h.entries({ type: 'admin' })).filter(({ code }) => code === 'pseudonym-key')).toHaveLength(3);
  await rm(keyOf(h, 'acme'));
  await h.restart();
  await expect
    .poll(async () =>
      (await h.entries({ type: 'alarm' })).filter(({ code }) => code === 'pseudonym-key-lost'),
    )
    .toMatchObject([{ tenant: 'acme' }]);
  const entered = (await h.entries({ type: 'admin' })).filter(({ tenant }) => tenant === 'acme');
  expect(entered).toHaveLength(2);
  expect(entered[0]?.['key']).not.toBe(entered[1]?.['key']);
});

test('without the setting names are written as they are, and no key is made', async () => {
  const h = await housed({});
  await use(h, 'annabella');
  expect((await h.entries({ type: 'decision', limit: 1 }))[0]).toMatchObject({ agent: 'annabella' });
  await expect(readdir(join(dataOf(h), 'ledger', 'pseudonyms'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('one agent of two tenants is no configuration', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tenants-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const record = (tenant: string, digit: string) =>
    `  - { hash: "sha256:${digit.repeat(64)}", agent: ana, tenant: ${tenant} }\n`;
  const load = async (text: string) => {
    const file = join(folder, 'auth.yaml');
    await writeFile(file, `tokens:\n${text}`);
    return loadConfig({ SALLYPORT_AUTH: file });
  };
  await expect(load(record('a', '1') + record('b', '2'))).rejects.toThrow(ConfigError);
  expect((await load(record('a', '1') + record('a', '2'))).auth.tokens).toHaveLength(2);
});
