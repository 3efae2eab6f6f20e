import { createHash, createPublicKey, verify } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { preAuthEncoding } from '../../src/exports/dsse.ts';
import { leafHash } from '../../src/ledger/canonical.ts';
import { type EvidenceHouse, startEvidenceHouse } from '../admission/evidence-house.ts';
import { DAY, tarballPath, until } from '../admission/harness.ts';
import { linesOf, sallyport } from '../harness/sallyport.ts';
import { cycloneDxProblem } from './validate.ts';

// `sallyport ledger export` on the data folder of a real house, while it runs.

const POLICY = `profile: default
requirements:
  npm: { age: 0, registry-signature: if-present, provenance: if-present }
allow:
  - npm: widget
  - npm: bare
  - npm: "@acme/part"
  - npm: kept
  - npm: asked
`;

let house: EvidenceHouse;
let env: Record<string, string>;
const sums: Record<string, string> = {};
const run = (...args: string[]) => sallyport(env, 'ledger', 'export', '--format', ...args);

beforeAll(async () => {
  house = await startEvidenceHouse({ policy: POLICY });
  env = { SALLYPORT_DATA: join(house.root, 'data'), SALLYPORT_ALLOWLISTS: join(house.root, 'allowlists') };
  await house.add('widget', '1.0.0');
  for (const name of ['bare', '@acme/part', 'kept', 'asked'])
    sums[name] = (await house.add(name, '1.0.0', { provenance: null })).sha256;
  const ask = async (name: string, how: Parameters<typeof house.ask>[1] = {}) => {
    const answer = await house.ask(tarballPath(name, '1.0.0'), how);
    expect([200, 206, 304]).toContain(answer.status);
  };
  await ask('widget');
  await ask('widget', { method: 'HEAD' });
  await ask('bare');
  await ask('@acme/part', { headers: { range: 'bytes=0-9' } });
  await ask('kept', { headers: { 'if-none-match': `"${sums['kept']?.slice(7)}"` } });
  await ask('asked', { method: 'HEAD' });
  expect((await house.ask('/npm/unlisted')).status).toBe(403);
  house.clock.advance(DAY);
  await ask('bare');
  const ends = async () => (await house.entries({ type: 'served' })).length;
  await until(async () => (await ends()) === 7);
}, 60_000);
afterAll(() => house?.remove());

test('jsonl: every entry with the bytes that were hashed', async () => {
  const { code, stdout } = await run('jsonl');
  expect(code).toBe(0);
  const lines = stdout.split('\n').slice(0, -1);
  expect(lines.map((line) => JSON.parse(line).seq)).toEqual(lines.map((_, i) => i));
  for (const line of lines)
    expect(leafHash(line.slice(line.indexOf('"entry":') + 8, -1))).toBe(JSON.parse(line).leaf);
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ log: 1, index: lines.length - 1 });
});

test('the filters of ledger list choose the entries of every format', async () => {
  expect(linesOf(await run('jsonl', '--package', 'bare', '--route', 'artifact'))).toHaveLength(2);
  expect(linesOf(await run('ocsf', '--package', 'bare', '--limit', '1'))).toHaveLength(1);
  const refused = (await run('csv', '--verdict', 'refuse')).stdout;
  expect(refused.split('\r\n')).toHaveLength(3);
  expect(refused).toMatch(/^seq,leaf,/);
  expect((await run('jsonl', '--since', 'soon')).code).toBe(2);
});

describe('a file is there whole or not at all', () => {
  test('with the same bytes as the terminal gets', async () => {
    const path = join(house.root, 'out.csv');
    expect(await run('csv', '--type', 'decision', '--out', path)).toMatchObject({ code: 0, stdout: '' });
    expect(await readFile(path, 'utf8')).toBe((await run('csv', '--type', 'decision')).stdout);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
  test('and nothing of it where it cannot be written', async () => {
    const folder = join(house.root, 'taken');
    await mkdir(join(folder, 'out'), { recursive: true });
    await writeFile(join(folder, 'out', 'mine'), 'x');
    expect((await run('jsonl', '--out', join(folder, 'out'))).code).toBe(3);
    expect((await run('vsa', '--out', join(folder, 'out'))).code).toBe(3);
    expect((await run('jsonl', '--out', join(folder, 'no', 'folder'))).code).toBe(3);
    expect(await readdir(folder)).toEqual(['out']);
    expect(await readdir(join(folder, 'out'))).toEqual(['mine']);
  });
});

describe('a bill of materials', () => {
  test('of an agent has what was admitted and delivered to it, and is valid', async () => {
    const { code, stdout, stderr } = await run('cyclonedx', '--agent', 'local');
    expect(code).toBe(0);
    expect(await cycloneDxProblem(stdout)).toBeNull();
    const bom = JSON.parse(stdout);
    expect(bom.components.map((one: { name: string }) => one.name)).toEqual(['widget', 'bare', 'kept']);
    const [widget, bare] = bom.components;
    expect(bare.hashes[0]).toEqual({ alg: 'SHA-256', content: sums['bare']?.slice(7) });
    expect(widget.externalReferences[0].type).toBe('vcs');
    expect(stderr).toContain('1 more were admitted and are left out: 0 aborted, 1 only in part');
    expect((await run('cyclonedx', '--agent', 'local')).stdout).toBe(stdout);
  });
  test('of a session has what is around an entry without a pause', async () => {
    const entries = await house.entries({ type: 'decision', verdict: 'allow', route: 'artifact' });
    const names = async (seq: number | undefined, pause: string) => {
      const ran = await run('cyclonedx', '--session', String(seq), '--pause', pause);
      return JSON.parse(ran.stdout).components.map((one: { name: string }) => one.name);
    };
    expect(await names(entries[0]?.seq, '30m')).toEqual(['widget', 'bare', 'kept']);
    expect(await names(entries.at(-1)?.seq, '30m')).toEqual(['bare']);
    expect(await names(entries.at(-1)?.seq, '2d')).toEqual(['widget', 'bare', 'kept']);
  });
  test('of nobody has nothing, and says so', async () => {
    expect(JSON.parse((await run('cyclonedx', '--agent', 'nobody')).stdout).components).toEqual([]);
    expect((await run('cyclonedx', '--session', '0')).code).toBe(1);
    expect((await run('cyclonedx', '--session', '99999')).code).toBe(1);
  });
  test.each([
    [['cyclonedx']],
    [['cyclonedx', '--agent', 'local', '--limit', '5']],
    [['cyclonedx', '--agent', 'local', '--verdict', 'refuse']],
    [['cyclonedx', '--session', 'x']],
    [['cyclonedx', '--session', '3', '--pause', 'soon']],
    [['vsa', '--type', 'served']],
    [['csv', '--session', '3']],
    [['xlsx']],
  ])('what cannot be answered as it was asked is not answered: %j', async (args) => {
    expect(await run(...(args as string[]))).toMatchObject({ code: 2, stdout: '' });
  });
});

test('a verification summary of each artifact verifies with the key beside it, and says no more than was verified', async () => {
  const folder = join(house.root, 'vsa');
  expect((await run('vsa', '--out', folder)).code).toBe(0);
  const files = await readdir(folder);
  const vkey = await readFile(join(folder, 'vkey'), 'utf8');
  expect(vkey).toBe(await readFile(join(house.root, 'data/ledger/log/vkey'), 'utf8'));
  const key = createPublicKey(await readFile(join(folder, 'key.pem')));
  const said = await Promise.all(
    files
      .filter((name) => name.endsWith('.json'))
      .map(async (name) => {
        const { payload, payloadType, signatures } = JSON.parse(await readFile(join(folder, name), 'utf8'));
        const bytes = Buffer.from(payload, 'base64');
        expect(
          verify(null, preAuthEncoding(payloadType, bytes), key, Buffer.from(signatures[0].sig, 'base64')),
        ).toBe(true);
        const statement = JSON.parse(bytes.toString('utf8'));
        expect(name).toContain(statement.subject[0].digest.sha256);
        return statement;
      }),
  );
  const levels = Object.fromEntries(
    said.map(({ predicate }) => [predicate.resourceUri, predicate.verifiedLevels[0]]),
  );
  expect(levels).toEqual({
    'pkg:npm/widget@1.0.0': 'SLSA_BUILD_LEVEL_1',
    'pkg:npm/bare@1.0.0': 'SLSA_BUILD_LEVEL_UNEVALUATED',
    'pkg:npm/%40acme/part@1.0.0': 'SLSA_BUILD_LEVEL_UNEVALUATED',
    'pkg:npm/kept@1.0.0': 'SLSA_BUILD_LEVEL_UNEVALUATED',
    'pkg:npm/asked@1.0.0': 'SLSA_BUILD_LEVEL_UNEVALUATED',
  });
  const widget = house.registry.tarball('widget', '1.0.0');
  const digest = createHash('sha256').update(widget).digest('hex');
  const of = said.find(({ subject }) => subject[0].digest.sha256 === digest);
  expect(of.predicate.verifier.id).toBe(`https://${vkey.split('+')[0]}`);
  expect(of.predicate.inputAttestations.length).toBeGreaterThan(0);
  expect(linesOf(await run('vsa'))).toHaveLength(said.length);
});
