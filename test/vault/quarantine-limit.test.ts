import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VaultFull } from '../../src/vault/faults.ts';
import { openFileVault } from '../../src/vault/file-vault.ts';
import type { Reception, Vault } from '../../src/vault/vault.ts';

const LIMIT = 1000;
let dir: string;
let vault: Vault;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vault-'));
  vault = await openFileVault({ dir, quarantineLimit: LIMIT });
});
afterEach(async () => {
  await vault.close();
  await rm(dir, { recursive: true, force: true });
});

const quarantined = () => readdir(join(dir, 'quarantine'));

async function received(bytes: number): Promise<Reception> {
  const reception = await vault.receive();
  await reception.write(randomBytes(bytes));
  return reception;
}

/** Nothing takes room that is not there: the whole limit is free, and not a byte more. */
async function expectEmpty(): Promise<void> {
  expect(await quarantined()).toEqual([]);
  await (await received(LIMIT)).discard();
  await expect(received(LIMIT + 1)).rejects.toBeInstanceOf(VaultFull);
  expect(await quarantined()).toEqual([]);
}

test('what does not fit beside the others is VaultFull, leaves nothing, and harms none of them', async () => {
  const first = await received(600);
  const second = await received(300);
  await expect(received(101)).rejects.toBeInstanceOf(VaultFull);
  await expect(second.write(randomBytes(101))).rejects.toMatchObject({ name: 'VaultFull', code: 'ENOSPC' });
  await expect(second.finish()).rejects.toThrow(TypeError);
  expect(await quarantined()).toHaveLength(1);
  await first.write(randomBytes(400));
  expect(await (await (await first.finish()).commit()).size).toBe(LIMIT);
  await expectEmpty();
});

test('a finished file takes its room until it is committed or discarded, and gives it back once', async () => {
  const [one, other] = [await (await received(500)).finish(), await (await received(500)).finish()];
  await expect(received(1)).rejects.toBeInstanceOf(VaultFull);
  await one.discard();
  await one.discard();
  await expect(received(501)).rejects.toBeInstanceOf(VaultFull);
  await other.commit();
  await other.discard();
  await expectEmpty();
});

test('a commit that fails, and a reception that is discarded twice, give their room back once', async () => {
  const reception = await received(700);
  await reception.discard();
  await reception.discard();
  const held = await (await received(700)).finish();
  await rm(held.path);
  await expect(held.commit()).rejects.toThrow('ENOENT');
  await expectEmpty();
});

test('many that come at once are never more than the limit together', async () => {
  const all = await Promise.allSettled(Array.from({ length: 50 }, () => received(90)));
  const got = all.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  expect(got).toHaveLength(11);
  expect(await quarantined()).toHaveLength(11);
  await Promise.all(got.map((reception) => reception.discard()));
  await expectEmpty();
});

test('a limit that is none is refused', async () => {
  for (const quarantineLimit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    await expect(openFileVault({ dir, quarantineLimit })).rejects.toThrow(RangeError);
  }
});
