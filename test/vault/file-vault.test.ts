import { randomBytes } from 'node:crypto';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Digest, hexOf } from '../../src/model/digest.ts';
import { openFileVault } from '../../src/vault/file-vault.ts';
import { type Stored, type Vault, VaultDamaged } from '../../src/vault/vault.ts';
import { CHUNK, readAll, store, vaultContract } from './contract.ts';

let dir: string;
let vault: Vault;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vault-'));
  vault = await openFileVault({ dir, chunkSize: CHUNK });
});
afterEach(async () => {
  await vault.close();
  await rm(dir, { recursive: true, force: true });
});

vaultContract('files', async () => vault);

function pathOf(digest: Digest, shelf = 'cas'): string {
  const hex = hexOf(digest);
  return join(dir, shelf, 'sha256', hex.slice(0, 2), hex.slice(2, 4), hex);
}

async function overwrite(path: string, change: (bytes: Buffer) => void): Promise<void> {
  const bytes = await readFile(path);
  change(bytes);
  await chmod(path, 0o600);
  await writeFile(path, bytes);
}

async function reopen(): Promise<void> {
  await vault.close();
  vault = await openFileVault({ dir, chunkSize: CHUNK });
}

describe('damage on disk', () => {
  let bytes: Buffer;
  let stored: Stored;
  beforeEach(async () => {
    bytes = randomBytes(4 * CHUNK + 5);
    stored = await store(vault, bytes);
  });

  async function expectSetAside(): Promise<void> {
    expect(await vault.open(stored)).toBeNull();
    expect(await vault.has(stored.sha256)).toBe(false);
    expect((await readdir(join(dir, 'damaged'))).some((name) => name.startsWith(hexOf(stored.sha256)))).toBe(
      true,
    );
    expect(await vault.usage()).toEqual({ bytes: 0, files: 0 });
    // The same bytes, received again, are good again.
    expect(await store(vault, bytes)).toEqual(stored);
    const opened = await vault.open(stored);
    if (!opened) throw new Error('not there');
    expect(await readAll(opened)).toEqual(bytes);
    await opened.close();
  }

  test('a flipped byte: chunks before it are given, nothing of its own chunk', async () => {
    await overwrite(pathOf(stored.sha256), (b) =>
      b.writeUInt8(b.readUInt8(2 * CHUNK + 500) ^ 1, 2 * CHUNK + 500),
    );
    const opened = await vault.open(stored);
    if (!opened) throw new Error('not there');
    const given: Uint8Array[] = [];
    await expect(async () => {
      for await (const piece of opened.read(0, opened.size)) given.push(Uint8Array.from(piece));
    }).rejects.toThrow(VaultDamaged);
    expect(Buffer.concat(given)).toEqual(bytes.subarray(0, 2 * CHUNK));
    await opened.close();
    await expectSetAside();
  });

  test('a range beside the flipped byte, in the same chunk, is not given either', async () => {
    await overwrite(pathOf(stored.sha256), (b) => b.writeUInt8(b.readUInt8(CHUNK) ^ 1, CHUNK));
    const opened = await vault.open(stored);
    if (!opened) throw new Error('not there');
    await expect(readAll(opened, CHUNK + 10, CHUNK + 20)).rejects.toThrow(VaultDamaged);
    await opened.close();
    await expectSetAside();
  });

  test('a file cut off, or grown, is refused when it is opened', async () => {
    await chmod(pathOf(stored.sha256), 0o600);
    await truncate(pathOf(stored.sha256), 4 * CHUNK);
    await expect(vault.open(stored)).rejects.toThrow(VaultDamaged);
    await expectSetAside();
  });

  test('a file cut off while it is read is refused there', async () => {
    const opened = await vault.open(stored);
    await chmod(pathOf(stored.sha256), 0o600);
    await truncate(pathOf(stored.sha256), CHUNK);
    if (!opened) throw new Error('not there');
    await expect(readAll(opened, CHUNK, 2 * CHUNK)).rejects.toThrow(VaultDamaged);
    await opened.close();
    await expectSetAside();
  });

  test('bytes and table changed together are refused, since the table has a digest of its own', async () => {
    const other = await store(vault, randomBytes(bytes.length));
    for (const end of ['', '.chunks']) {
      const forged = await readFile(pathOf(other.sha256) + end);
      await overwrite(pathOf(stored.sha256) + end, (b) => void forged.copy(b));
    }
    await vault.evict(0, (digest) => digest === stored.sha256);
    await expect(vault.open(stored)).rejects.toThrow(VaultDamaged);
    await expectSetAside();
  });

  test('no chunk table: refused', async () => {
    await rm(`${pathOf(stored.sha256)}.chunks`);
    await expect(vault.open(stored)).rejects.toThrow(VaultDamaged);
    await expectSetAside();
  });

  test('a second commit heals a damaged file; who had it open is told, and the healed file stays', async () => {
    await overwrite(pathOf(stored.sha256), (b) => b.fill(0));
    const before = await vault.open(stored);
    await store(vault, bytes);
    if (!before) throw new Error('not there');
    await expect(readAll(before)).rejects.toThrow(VaultDamaged);
    await before.close();
    const after = await vault.open(stored);
    if (!after) throw new Error('not there');
    expect(await readAll(after)).toEqual(bytes);
    await after.close();
  });

  test('fsck finds a flipped byte, a missing table and a changed document', async () => {
    const second = await store(vault, randomBytes(2000));
    const document = await vault.putDocument(randomBytes(50));
    await overwrite(pathOf(stored.sha256), (b) => b.writeUInt8(b.readUInt8(0) ^ 1, 0));
    await rm(`${pathOf(second.sha256)}.chunks`);
    await overwrite(pathOf(document, 'documents'), (b) => b.fill(0));
    const { checked, damaged } = await vault.fsck();
    expect(checked).toBe(3);
    expect([...damaged].sort()).toEqual([stored.sha256, second.sha256, document].sort());
    expect(await vault.fsck()).toEqual({ checked: 0, damaged: [] });
    await expectSetAside();
  });
});

test('a changed document is null, and can be put again', async () => {
  const bytes = randomBytes(100);
  const digest = await vault.putDocument(bytes);
  await overwrite(pathOf(digest, 'documents'), (b) => b.fill(7));
  expect(await vault.getDocument(digest)).toBeNull();
  expect(await vault.putDocument(bytes)).toBe(digest);
  expect(Buffer.from((await vault.getDocument(digest)) ?? [])).toEqual(bytes);
});

test('what a crash left in quarantine is gone at the next start, what was committed is not', async () => {
  const stored = await store(vault, randomBytes(1500));
  const reception = await vault.receive();
  await reception.write(randomBytes(1500));
  const held = await (await vault.receive()).finish();
  expect(await readdir(join(dir, 'quarantine'))).toHaveLength(2);
  await reopen();
  expect(await readdir(join(dir, 'quarantine'))).toHaveLength(0);
  expect(await vault.has(stored.sha256)).toBe(true);
  const { size } = await stat(`${pathOf(stored.sha256)}.chunks`);
  expect(await vault.usage()).toEqual({ bytes: 1500 + size, files: 1 });
  await reception.discard();
  await held.discard();
});

test('a commit whose quarantined file is gone fails, and nothing is here', async () => {
  const reception = await vault.receive();
  await reception.write(randomBytes(10));
  const held = await reception.finish();
  await rm(held.path);
  await expect(held.commit()).rejects.toThrow('ENOENT');
  expect(await vault.has(held.sha256)).toBe(false);
});

test('admitted files are read-only', async () => {
  const stored = await store(vault, randomBytes(10));
  for (const end of ['', '.chunks']) {
    expect((await stat(pathOf(stored.sha256) + end)).mode & 0o333).toBe(0);
  }
});

test('after a restart, what was written first is evicted first, unless it was used since', async () => {
  const [a, b, c] = [
    await store(vault, randomBytes(800)),
    await store(vault, randomBytes(800)),
    await store(vault, randomBytes(800)),
  ];
  for (const [n, stored] of [b, c, a].entries()) await utimes(pathOf(stored.sha256), n + 1, n + 1);
  await reopen();
  await (await vault.open(b))?.close();
  const { bytes } = await vault.usage();
  await vault.evict(bytes - 1, () => false);
  expect(await Promise.all([a, b, c].map((stored) => vault.has(stored.sha256)))).toEqual([true, true, false]);
});

test('fsck removes tables without an artifact and what an interrupted write left', async () => {
  const stored = await store(vault, randomBytes(10));
  const folder = join(pathOf(stored.sha256), '..');
  await rm(pathOf(stored.sha256));
  await writeFile(join(folder, `.${hexOf(stored.sha256)}.chunks.0123456789abcdef.tmp`), 'x');
  await writeFile(join(folder, 'README'), 'not ours');
  await vault.fsck();
  expect(await readdir(folder)).toEqual(['README']);
});

test('what an interrupted write left is gone at the next start; nothing else is touched', async () => {
  const stored = await store(vault, randomBytes(1500));
  const document = await vault.putDocument(randomBytes(50));
  const artifacts = join(pathOf(stored.sha256), '..');
  const documents = join(pathOf(document, 'documents'), '..');
  const old = [
    join(artifacts, `.${hexOf(stored.sha256)}.chunks.0123456789abcdef.tmp`),
    join(documents, `.${hexOf(document)}.0123456789abcdef.tmp`),
    join(documents, `.${'9'.repeat(64)}.fedcba9876543210.tmp`),
  ];
  // Not of an earlier process, not of ours, and no file.
  const ours = `.${hexOf(document)}.1111111111111111.tmp`;
  const kept = ['.README.swp', `${hexOf(document)}.0123456789abcdef.tmp`, ours];
  for (const path of [...old, ...kept.map((name) => join(documents, name))]) {
    await writeFile(path, 'half');
    await utimes(path, 1, 1);
  }
  await utimes(join(documents, ours), new Date(), new Date(Date.now() + 3_600_000));
  await mkdir(join(documents, `.${'8'.repeat(64)}.fedcba9876543210.tmp`));
  await reopen();
  const { size } = await stat(`${pathOf(stored.sha256)}.chunks`);
  expect(await vault.usage()).toEqual({ bytes: 1500 + size + 50, files: 2 });
  expect((await readdir(artifacts)).sort()).toEqual([hexOf(stored.sha256), `${hexOf(stored.sha256)}.chunks`]);
  expect((await readdir(documents)).sort()).toEqual(
    [hexOf(document), `.${'8'.repeat(64)}.fedcba9876543210.tmp`, ...kept].sort(),
  );
});

test('writes that are under way while the vault looks for leftovers end well', async () => {
  for (let round = 0; round < 5; round++) {
    await reopen();
    const bytes = Array.from({ length: 40 }, () => randomBytes(200));
    const digests = await Promise.all(bytes.map((one) => vault.putDocument(one)));
    expect(await Promise.all(digests.map((one) => vault.hasDocument(one)))).toEqual(bytes.map(() => true));
  }
});

test('a chunk size that is none is refused', async () => {
  for (const chunkSize of [0, -1, 1.5, Number.NaN]) {
    await expect(openFileVault({ dir, chunkSize })).rejects.toThrow(RangeError);
  }
});
