import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import type { Digest } from '../../src/model/digest.ts';
import { keepPolicy, keptPolicy, packedPolicy } from '../../src/replay/kept-policies.ts';
import { loadInThread } from '../../src/threads/policy-loader.ts';
import { loadedHere } from '../../src/threads/policy-pieces.ts';
import { allowing, startHouse } from '../admission/harness.ts';

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'policies-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}

async function housed(policy: string) {
  const house = await startHouse({ policy });
  onTestFinished(() => house.remove());
  return house;
}

const sources = [{ path: 'default.yaml', text: allowing(['demo']) }];
const pathOf = (dir: string, digest: Digest) => join(dir, 'policies', `${digest.slice(7)}.json.gz`);

test('every policy that was in force is kept, and has its digest', async () => {
  const h = await housed(allowing(['demo']));
  await h.setPolicy(allowing(['demo', 'other']));
  await h.setPolicy('profile: default\nallow: [');
  const dir = join(h.root, 'data');
  const digests = new Set((await h.entries({ type: 'start' })).map(({ policy }) => policy as Digest));
  for (const { policy } of await h.entries({ type: 'policy' })) digests.add(policy as Digest);
  expect(digests.size).toBe(2);
  expect((await readdir(join(dir, 'policies'))).sort()).toEqual(
    [...digests].map((digest) => `${digest.slice(7)}.json.gz`).sort(),
  );
  for (const digest of digests) {
    const text = gunzipSync(await readFile(pathOf(dir, digest)));
    expect(`sha256:${createHash('sha256').update(text).digest('hex')}`).toBe(digest);
    expect((await keptPolicy(dir, digest)).policy?.digest).toBe(digest);
  }
});

test('a policy that cannot be kept is not taken into use, and the one before stays', async () => {
  const h = await housed(allowing(['demo']));
  const before = h.house.policy().digest;
  await rm(join(h.root, 'data', 'policies'), { recursive: true });
  await writeFile(join(h.root, 'data', 'policies'), 'a file');
  expect(await h.setPolicy(allowing(['demo', 'other']))).toBe(false);
  expect(h.house.policy().digest).toBe(before);
  expect((await h.ask('/npm/other')).status).toBe(403);
  expect((await h.entries({ type: 'policy', reverse: true, limit: 1 }))[0]).toMatchObject({
    outcome: 'rejected',
  });
  await expect(h.restart()).rejects.toThrow(/policy cannot be kept/);
  await rm(join(h.root, 'data', 'policies'));
});

test('what is damaged is replaced by the next start', async () => {
  const h = await housed(allowing(['demo']));
  const { digest } = h.house.policy();
  const dir = join(h.root, 'data');
  await writeFile(pathOf(dir, digest), 'damaged');
  expect((await keptPolicy(dir, digest)).policy).toBeNull();
  await h.restart();
  expect((await keptPolicy(dir, digest)).policy?.digest).toBe(digest);
});

test('a thread that reads a policy packs the same files as are read here', async () => {
  const dir = await folder();
  await writeFile(join(dir, 'default.yaml'), allowing(['demo']));
  const [threaded, here] = [await loadInThread(dir), await loadedHere(sources)];
  expect(Buffer.from(threaded?.packed ?? [])).toEqual(Buffer.from(here.packed));
});

const other = packedPolicy([{ path: 'default.yaml', text: allowing(['another']) }]);
test.each([
  ['is not there', null, /is not kept/],
  ['is another policy', other, /damaged/],
  ['is cut off', packedPolicy(sources).subarray(0, 40), /damaged/],
  ['is no gzip', Buffer.from('[]'), /damaged/],
  ['is empty', Buffer.alloc(0), /damaged/],
  ['unpacks without end', gzipSync(Buffer.alloc(600 * 1024 ** 2)), /damaged/],
])('a kept policy that %s is none', async (_what, bytes, why) => {
  const dir = await folder();
  const { digest } = await loadedHere(sources);
  if (bytes) await keepPolicy(dir, { digest, packed: bytes });
  expect(await keptPolicy(dir, digest)).toEqual({ policy: null, why: expect.stringMatching(why) });
});

test('a policy that this version does not read is said to be one', async () => {
  const dir = await folder();
  const packed = packedPolicy([{ path: 'default.yaml', text: 'profile: default\nnewer: true\n' }]);
  const digest: Digest = `sha256:${createHash('sha256').update(gunzipSync(packed)).digest('hex')}`;
  await keepPolicy(dir, { digest, packed });
  expect(await keptPolicy(dir, digest)).toEqual({
    policy: null,
    why: expect.stringMatching(/default\.yaml:2/),
  });
});

test('a disk that cannot be read is a fault, and no policy that is missing', async () => {
  const dir = await folder();
  const { digest } = await loadedHere(sources);
  await mkdir(pathOf(dir, digest), { recursive: true });
  await expect(keptPolicy(dir, digest)).rejects.toMatchObject({ code: 'EISDIR' });
});
