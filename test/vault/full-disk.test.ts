import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { VaultFull } from '../../src/vault/faults.ts';
import { openFileVault } from '../../src/vault/file-vault.ts';
import type { Vault } from '../../src/vault/vault.ts';
import { store } from './contract.ts';

let dir: string;
let vault: Vault;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vault-'));
  vault = await openFileVault({ dir });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await vault.close();
  await rm(dir, { recursive: true, force: true });
});

/** All file handles share one prototype; it is reached through any of them. */
async function failing(method: 'writeFile' | 'datasync' | 'sync', code: string): Promise<void> {
  const handle = await open(join(dir, 'any'), 'w');
  await handle.close();
  const error = Object.assign(new Error(`${code}: as if`), { code });
  vi.spyOn(Object.getPrototypeOf(handle), method).mockRejectedValue(error);
}

async function files(): Promise<string[]> {
  const found = await readdir(dir, { recursive: true, withFileTypes: true });
  return found.filter((file) => file.isFile() && file.name !== 'any').map((file) => file.name);
}

test.each(['ENOSPC', 'EDQUOT'])(
  '%s while bytes are written: VaultFull, and nothing is left',
  async (code) => {
    await failing('writeFile', code);
    const reception = await vault.receive();
    await expect(reception.write(Buffer.from('x'))).rejects.toBeInstanceOf(VaultFull);
    await expect(reception.finish()).rejects.toThrow(TypeError);
    await reception.discard();
    await expect(vault.putDocument(Buffer.from('x'))).rejects.toBeInstanceOf(VaultFull);
    expect(await files()).toEqual([]);
  },
);

test('a sync that fails is a commit that fails: nothing is here', async () => {
  await failing('datasync', 'EIO');
  const reception = await vault.receive();
  await reception.write(Buffer.from('x'));
  const held = await reception.finish();
  await expect(held.commit()).rejects.toMatchObject({ code: 'EIO' });
  expect(await vault.has(held.sha256)).toBe(false);
  expect(await files()).toEqual([]);
});

test('a folder that cannot be synced is a commit that fails', async () => {
  await store(vault, Buffer.from('x'));
  await failing('sync', 'EIO');
  await expect(store(vault, Buffer.from('x'))).rejects.toMatchObject({ code: 'EIO' });
  await expect(vault.putDocument(Buffer.from('x'))).rejects.toMatchObject({ code: 'EIO' });
});
