import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Digest, hexOf, sha256 } from '../../src/model/digest.ts';
import { openFileVault } from '../../src/vault/file-vault.ts';
import { SmallArtifacts } from '../../src/vault/small-artifacts.ts';
import { type OpenArtifact, type Stored, type Vault, VaultDamaged } from '../../src/vault/vault.ts';
import { CHUNK, readAll, store } from './contract.ts';

let dir: string;
let vault: Vault;
let bytes: Buffer;
let stored: Stored;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vault-'));
  vault = await openFileVault({ dir, chunkSize: CHUNK });
  bytes = randomBytes(CHUNK);
  stored = await store(vault, bytes);
});
afterEach(async () => {
  await vault.close();
  await rm(dir, { recursive: true, force: true });
});

async function opened(what: Stored = stored): Promise<OpenArtifact> {
  const artifact = await vault.open(what);
  if (!artifact) throw new Error('not there');
  return artifact;
}

/** Reads it once, so that it is in memory, and puts other bytes of the same length on disk. */
async function damageBehindMemory(): Promise<void> {
  expect(await readAll(await opened())).toEqual(bytes);
  await overwrite(stored, randomBytes(CHUNK));
}

async function overwrite({ sha256 }: Stored, other: Buffer): Promise<void> {
  const hex = hexOf(sha256);
  const path = join(dir, 'cas', 'sha256', hex.slice(0, 2), hex.slice(2, 4), hex);
  await chmod(path, 0o600);
  await writeFile(path, other);
}

/** How many artifacts lie in `damaged/`. */
async function aside(): Promise<number> {
  return (await readdir(join(dir, 'damaged'))).filter((name) => !name.endsWith('.chunks')).length;
}

describe('a small artifact that is in memory', () => {
  test('is given right while its file is damaged; who reads the file finds that out', async () => {
    await damageBehindMemory();
    expect(await readAll(await opened())).toEqual(bytes);
    expect(await aside()).toBe(0);
    await vault.close();
    vault = await openFileVault({ dir, chunkSize: CHUNK });
    await expect(vault.open(stored)).rejects.toThrow(VaultDamaged);
    expect(await aside()).toBe(1);
    expect(await vault.has(stored.sha256)).toBe(false);
    expect(await vault.open(stored)).toBeNull();
  });

  test('is hashed each time: changed in memory, nothing of it is given, and the file is read again', async () => {
    for await (const piece of (await opened()).read(0, CHUNK)) piece[7] = (piece[7] ?? 0) ^ 1;
    const changed = await opened();
    await expect(readAll(changed, 0, 5)).rejects.toThrow(VaultDamaged);
    expect(await readAll(await opened())).toEqual(bytes);
    expect(await aside()).toBe(0);
  });

  test('is gone with its file when fsck finds that damaged', async () => {
    await damageBehindMemory();
    expect((await vault.fsck()).damaged).toEqual([stored.sha256]);
    expect(await vault.has(stored.sha256)).toBe(false);
    expect(await vault.open(stored)).toBeNull();
  });

  test('is gone when it is evicted; who has it open reads on', async () => {
    const before = await opened();
    await vault.evict(0, () => false);
    expect(await vault.has(stored.sha256)).toBe(false);
    expect(await vault.open(stored)).toBeNull();
    expect(await readAll(before)).toEqual(bytes);
  });

  test('counts as used when it is opened', async () => {
    await opened();
    const other = await store(vault, randomBytes(CHUNK));
    await opened();
    await vault.evict((await vault.usage()).bytes - 1, () => false);
    expect([await vault.has(stored.sha256), await vault.has(other.sha256)]).toEqual([true, false]);
  });

  test('is not given where another size or table was told of it', async () => {
    for (const wrong of [{ size: CHUNK - 1 }, { size: 2 * CHUNK }, { chunks: sha256(randomBytes(1)) }]) {
      await opened();
      await expect(vault.open({ ...stored, ...wrong })).rejects.toThrow(VaultDamaged);
      await store(vault, bytes);
    }
  });

  test('opened by many at once, all read the same', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => opened().then((one) => readAll(one))));
    for (const one of all) expect(one).toEqual(bytes);
  });
});

describe('what is kept in memory', () => {
  const KIB = 1024;
  const digests = Array.from({ length: 2000 }, (_, n) => sha256(Buffer.from(String(n))));
  const at = (n: number): Digest => digests[n] ?? expect.fail();

  test('stays within its bound, least recently used first out', () => {
    const kept = new SmallArtifacts(100 * KIB);
    for (let n = 0; n < 10; n++) {
      kept.put(at(n), Buffer.alloc(40 * KIB, n));
      expect(kept.get(at(0))?.[0]).toBe(0);
    }
    expect(digests.slice(0, 10).filter((digest) => kept.has(digest))).toEqual([at(0), at(9)]);
    kept.drop(at(0));
    expect(kept.get(at(0))).toBeNull();
    for (let n = 0; n < 3; n++) kept.put(at(5), Buffer.alloc(60 * KIB));
    expect(digests.slice(0, 10).filter((digest) => kept.has(digest))).toEqual([at(5)]);
  });

  test('thousands of tiny ones are bound by what each costs beside its bytes', () => {
    const kept = new SmallArtifacts(100 * KIB);
    for (const digest of digests) kept.put(digest, Buffer.alloc(1));
    expect(digests.filter((digest) => kept.has(digest)).length).toBeLessThanOrEqual(200);
  });

  test('is nothing empty and nothing large', () => {
    expect([0, 1, 256 * KIB, 256 * KIB + 1].map((size) => SmallArtifacts.isSmall(size))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});

test('a chunk that was read ahead and not asked for: its damage is told to who leaves', async () => {
  const many = randomBytes(3 * CHUNK);
  const large = await store(vault, many);
  await overwrite(large, Buffer.concat([many.subarray(0, CHUNK), randomBytes(2 * CHUNK)]));
  const artifact = await opened(large);
  const reader = artifact.read(0, large.size)[Symbol.asyncIterator]();
  expect(await reader.next()).toEqual({ done: false, value: many.subarray(0, CHUNK) });
  await expect(reader.return?.()).rejects.toThrow(VaultDamaged);
  await artifact.close();
  expect(await aside()).toBe(1);
  expect(await vault.open(large)).toBeNull();
});
