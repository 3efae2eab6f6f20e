import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config.ts';
import { sha256 } from '../../src/model/digest.ts';
import { loadTrust } from '../../src/trust/files.ts';
import { copyPath } from '../../src/trust/folder.ts';
import { updateTrust } from '../../src/trust/update.ts';
import { defaultNpmBase } from '../../src/upstream/defaults.ts';
import { openTrust } from '../../src/verify/trust.ts';
import { another, copyOf, pinned, rootWithoutStart, type TrustPlace, trustPlace } from '../harness/trust.ts';

let place: TrustPlace;
beforeEach(async () => {
  place = await trustPlace();
});
afterEach(() => place.remove());

const load = (env: Record<string, string> = {}) => loadTrust(loadConfig({ ...place.env, ...env }));
const put = async (name: string, bytes: Uint8Array | string) => {
  const path = join(place.folder, name);
  await writeFile(path, bytes);
  return path;
};
const PINNED = { root: 'pinned', npmKeys: 'pinned' };

test('with nothing else there, what is pinned is in force, under one digest', async () => {
  const loaded = await load();
  expect(loaded).toMatchObject({ from: PINNED, problem: null, fallback: false, update: null });
  expect(Buffer.from(loaded.bytes.root)).toEqual(await pinned.root());
  expect(Buffer.from(loaded.bytes.npmKeys)).toEqual(await pinned.npmKeys());
  expect(loaded.bytes.npmRegistry).toBe(new URL(await defaultNpmBase()).origin);
  expect(loaded.bytes.proofSince).toBe(Date.parse('2025-01-01T00:00:00Z'));
  expect(loaded.digest).toBe(openTrust(loaded.bytes).digest);
});

test('from when on a proof is asked for is part of what is trusted', async () => {
  const loaded = await load({ SALLYPORT_PROOF_SINCE: '2023-06-01' });
  expect(loaded.bytes.proofSince).toBe(Date.parse('2023-06-01T00:00:00Z'));
  expect(loaded.digest).not.toBe((await load()).digest);
});

describe('a configured file', () => {
  test('is taken, before what was updated', async () => {
    await place.publish();
    await updateTrust(place.config, Date.now);
    const root = await put('configured.json', await another('root', 7));
    const loaded = await load({ SALLYPORT_TRUSTED_ROOT: root });
    expect(loaded.from).toEqual({ root: 'configured', npmKeys: 'updated' });
    expect(Buffer.from(loaded.bytes.root)).toEqual(await another('root', 7));
    const keys = await put('keys.json', await another('npmKeys', 7));
    const both = await load({ SALLYPORT_TRUSTED_ROOT: root, SALLYPORT_NPM_KEYS: keys });
    expect(both.from).toEqual({ root: 'configured', npmKeys: 'configured' });
  });

  test.each([
    ['SALLYPORT_TRUSTED_ROOT', async () => rootWithoutStart()],
    ['SALLYPORT_TRUSTED_ROOT', async () => '<!doctype html>'],
    ['SALLYPORT_TRUSTED_ROOT', async () => pinned.npmKeys()],
    ['SALLYPORT_NPM_KEYS', async () => '{"keys":[]}'],
    ['SALLYPORT_NPM_KEYS', async () => ''],
    ['SALLYPORT_NPM_KEYS', async () => pinned.root()],
  ])('%s that cannot be used refuses the start', async (name, bytes) => {
    const path = await put('configured.json', await bytes());
    await expect(load({ [name]: path })).rejects.toThrow(ConfigError);
    await expect(load({ [name]: path })).rejects.toThrow(`${name}: ${path} cannot be used: `);
  });

  test.each(['SALLYPORT_TRUSTED_ROOT', 'SALLYPORT_NPM_KEYS'])('%s that is not there, too', async (name) => {
    await expect(load({ [name]: join(place.folder, 'none') })).rejects.toThrow(ConfigError);
  });

  test('makes whatever is wrong with an update of the same file somebody else’s business', async () => {
    const env = {
      SALLYPORT_TRUSTED_ROOT: await put('root-2.json', await pinned.root()),
      SALLYPORT_NPM_KEYS: await put('keys.json', await pinned.npmKeys()),
    };
    await mkdir(place.path('.'), { recursive: true });
    await writeFile(place.path('status.json'), '{');
    expect((await load()).problem).not.toBeNull();
    expect(await load(env)).toMatchObject({ problem: null, fallback: false });
  });
});

describe('an updated copy that is not what it should be: the pinned one stands for it, and there is a problem', () => {
  beforeEach(async () => {
    await place.publish();
    await updateTrust(place.config, Date.now);
    expect((await load()).from).toEqual({ root: 'updated', npmKeys: 'updated' });
  });

  const root = () => copyOf(place.config, 'root');
  const keys = () => copyOf(place.config, 'npmKeys');
  const record = async () => JSON.parse(await readFile(place.path('status.json'), 'utf8'));
  const setRecord = (value: unknown) => writeFile(place.path('status.json'), JSON.stringify(value));

  test.each([
    ['damaged', async () => writeFile(await root(), '{'), /is not what the last update put there/],
    ['emptied', async () => writeFile(await root(), ''), /is not what the last update put there/],
    [
      'replaced by a usable one',
      async () => writeFile(await root(), await another('root', 9)),
      /is not what the last update put there/,
    ],
    ['gone', async () => rm(await root()), /is gone/],
    [
      'a folder',
      async () => {
        const path = await root();
        await rm(path);
        await mkdir(path);
      },
      /cannot be read/,
    ],
    [
      'one that the lint refuses',
      async () => {
        const bytes = await rootWithoutStart();
        await writeFile(copyPath(place.path('.'), sha256(bytes)), bytes);
        const known = await record();
        await setRecord({
          ...known,
          copies: { ...known.copies, root: { ...known.copies.root, sha256: sha256(bytes) } },
        });
      },
      /validity/,
    ],
    [
      'of an earlier release',
      async () => {
        const known = await record();
        const other = sha256('another pinned file');
        await setRecord({
          ...known,
          copies: { ...known.copies, root: { ...known.copies.root, pinned: other } },
        });
      },
      /another release/,
    ],
  ])('the root is %s', async (_, spoil, words) => {
    await spoil();
    const loaded = await load();
    expect(loaded).toMatchObject({ from: { root: 'pinned', npmKeys: 'updated' }, fallback: true });
    expect(Buffer.from(loaded.bytes.root)).toEqual(await pinned.root());
    expect(loaded.problem).toMatch(words);
    expect(loaded.problem).toContain('sallyport trust update');
  });

  test.each([
    ['damaged', async () => writeFile(await keys(), '{"keys":[]}')],
    ['gone', async () => rm(await keys())],
  ])('the keys are %s: the root is as good as it was', async (_, spoil) => {
    await spoil();
    const loaded = await load();
    expect(loaded).toMatchObject({ from: { root: 'updated', npmKeys: 'pinned' }, fallback: true });
    expect(Buffer.from(loaded.bytes.npmKeys)).toEqual(await pinned.npmKeys());
  });

  test.each([
    ['is no JSON', async () => writeFile(place.path('status.json'), '{')],
    ['is something else', async () => setRecord({})],
    ['says more than it should', async () => setRecord({ ...(await record()), more: 1 })],
  ])('what is known of the update %s', async (_, spoil) => {
    await spoil();
    const loaded = await load();
    expect(loaded).toMatchObject({ from: PINNED, fallback: true, update: null });
    expect(loaded.problem).toMatch(/status\.json is not what an update writes/);
  });

  test('nothing is known of an update', async () => {
    await rm(place.path('status.json'));
    const loaded = await load();
    expect(loaded).toMatchObject({ from: PINNED, fallback: true });
    expect(loaded.problem).toMatch(/no update is known that put it there/);
  });

  test('one that no update put there counts for nothing beside those that one did, and is a problem without', async () => {
    await writeFile(place.path('trusted_root.json'), await another('root', 9));
    expect(await load()).toMatchObject({ from: { root: 'updated', npmKeys: 'updated' }, problem: null });
    await setRecord({ ...(await record()), copies: null });
    expect(await load()).toMatchObject({ from: PINNED, fallback: true });
    await rm(place.path('.'), { recursive: true });
    await mkdir(place.path('.'));
    await writeFile(place.path('trusted_root.json'), await another('root', 9));
    const loaded = await load();
    expect(loaded).toMatchObject({ from: PINNED, fallback: true });
    expect(loaded.problem).toMatch(/trusted_root\.json is there, and no update is known/);
  });

  test.each(['../../root', 'sha256:../../../root', ''])(
    'a record leads to no other folder: %s',
    async (name) => {
      const known = await record();
      await setRecord({
        ...known,
        copies: { ...known.copies, root: { ...known.copies.root, sha256: name } },
      });
      expect(await load()).toMatchObject({ from: PINNED, fallback: true });
    },
  );

  test('the TUF root is configured no more, and another time it cannot be read', async () => {
    const { SALLYPORT_TUF_ROOT, SALLYPORT_DATA } = place.env;
    const loaded = await loadTrust(loadConfig({ SALLYPORT_DATA }));
    expect(loaded).toMatchObject({ from: PINNED, fallback: true });
    expect(loaded.problem).toMatch(/another TUF root/);
    await rm(SALLYPORT_TUF_ROOT ?? '');
    await expect(load()).rejects.toThrow(/SALLYPORT_TUF_ROOT: .* cannot be read/);
  });

  test('the whole folder was removed: that is how to go back to what is pinned', async () => {
    await rm(place.path('.'), { recursive: true });
    expect(await load()).toMatchObject({ from: PINNED, problem: null, fallback: false });
  });

  test('the problem is one line that a terminal and the ledger can take', async () => {
    const folder = join(place.folder, 'd\u00e4ta\u001b[2J\nx');
    await mkdir(join(folder, 'trust'), { recursive: true });
    await writeFile(join(folder, 'trust', 'status.json'), '{');
    expect((await load({ SALLYPORT_DATA: folder })).problem).toMatch(/^[\x20-\x7e]+$/);
  });
});
