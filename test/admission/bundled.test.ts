import { expect, onTestFinished, test } from 'vitest';
import { MAX_ENTRY_BYTES } from '../../src/ledger/canonical.ts';
import { MAX_NAMED } from '../../src/ledger/entry-bundled.ts';
import { openLedgerReader } from '../../src/ledger/open.ts';
import { sha256 } from '../../src/model/digest.ts';
import { allowing, startHouse, tarballPath } from './harness.ts';

async function houseOf(policy: string) {
  const house = await startHouse({ policy });
  onTestFinished(() => house.remove());
  return house;
}

const child = (name: string, version: string) => ({
  [`node_modules/${name}/package.json`]: JSON.stringify({ name, version }),
});

test('who has an artifact has what lies in it: every entry that admits it names that', async () => {
  const h = await houseOf(allowing(['demo', 'scripted']));
  const files = { ...child('inner', '1.0.0'), ...child('@s/deep', '2.0.0'), ...child('odd', 'whatever') };
  h.registry.addNpm('demo', {
    '1.0.0': { files, manifest: { bundleDependencies: ['inner', '@s/deep', 'odd'] } },
  });
  expect((await h.ask(tarballPath('demo', '1.0.0'))).status).toBe(200);
  expect((await h.ask(tarballPath('demo', '1.0.0'))).status).toBe(200);
  const [first, again] = await h.entries();
  for (const entry of [first, again])
    expect(entry).toMatchObject({
      verdict: 'allow',
      bundled: ['@s/deep@2.0.0', 'inner@1.0.0'],
      bundledUnnamed: 1,
    });
  expect(first).not.toHaveProperty('bundledCut');
  await h.restart();
  h.registry.requests.length = 0;
  expect((await h.ask(tarballPath('demo', '1.0.0'))).status).toBe(200);
  const [kept] = await h.entries({ type: 'decision', reverse: true, limit: 1 });
  expect(kept?.['bundled']).toEqual(['@s/deep@2.0.0', 'inner@1.0.0']);
  expect(h.takeAsked().filter((path) => path.includes('.tgz'))).toEqual([]);
});

test('what is refused is installed nowhere: its entry does not name what lies in it', async () => {
  const h = await houseOf(`${allowing(['demo'])}requirements:\n  npm: { install-scripts: deny }\n`);
  h.registry.addNpm('demo', {
    '1.0.0': { files: child('inner', '1.0.0'), manifest: { scripts: { install: 'run' } } },
  });
  expect((await h.ask(tarballPath('demo', '1.0.0'))).status).toBe(403);
  const [entry] = await h.entries();
  expect(entry).toMatchObject({ verdict: 'refuse' });
  expect(entry).not.toHaveProperty('bundled');
});

test('an artifact without any says nothing of it', async () => {
  const h = await houseOf(allowing(['demo']));
  h.registry.addNpm('demo', { '1.0.0': {} });
  await h.ask(tarballPath('demo', '1.0.0'));
  const [entry] = await h.entries();
  for (const field of ['bundled', 'bundledUnnamed', 'bundledCut']) expect(entry).not.toHaveProperty(field);
});

test('more than an entry names is cut aloud, and the entry is written', async () => {
  const h = await houseOf(allowing(['demo']));
  const files: Record<string, string> = {};
  for (let i = 0; i < 1_500; i++)
    Object.assign(files, child(`a-package-with-a-name-${String(i).padStart(4, '0')}`, '1.0.0'));
  const bundleDependencies = Object.keys(files).map((path) => path.split('/')[1]);
  h.registry.addNpm('demo', { '1.0.0': { files, manifest: { bundleDependencies } } });
  expect((await h.ask(tarballPath('demo', '1.0.0'))).status).toBe(200);
  const [entry] = await h.entries();
  expect(entry).toMatchObject({ verdict: 'allow', bundledCut: 'yes' });
  expect(entry?.['bundled']).toHaveLength(MAX_NAMED);
  expect(entry?.['bundled'][0]).toBe('a-package-with-a-name-0000@1.0.0');
  expect(entry?.['checks']).toContainEqual({ check: 'archive', result: 'verified' });
  const reader = await openLedgerReader({ dir: `${h.root}/data` });
  onTestFinished(() => reader.close());
  for await (const { bytes } of reader.query({ type: 'decision' }))
    expect(Buffer.byteLength(bytes)).toBeLessThanOrEqual(MAX_ENTRY_BYTES);
  const known = await reader.memory.artifactBy(sha256(h.registry.tarball('demo', '1.0.0')));
  expect(known?.bundled?.packages).toHaveLength(1_500);
});

test('distributions that a wheel brings along stand in its entry', async () => {
  const h = await houseOf(allowing([], ['demo']));
  const filename = 'demo-1.0-py3-none-any.whl';
  h.registry.addPypi('demo', [
    { filename, files: { 'demo/__init__.py': '', 'demo/_vendor/Other_One-2.0.dist-info/METADATA': '' } },
  ]);
  const page = await h.ask('/pypi/simple/demo/');
  const path = new URL(/href="([^"#]+)/.exec(page.text)?.[1] ?? '', `${h.url}/pypi/simple/demo/`).pathname;
  expect((await h.ask(path)).status).toBe(200);
  const [entry] = await h.entries();
  expect(entry?.['bundled']).toEqual(['other-one@2.0']);
});
