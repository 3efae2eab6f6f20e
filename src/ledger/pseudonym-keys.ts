import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDir, syncFolder, writeDurable } from '../disk/durable.ts';
import { isMissing } from '../disk/missing.ts';
import { type Digest, sha256 } from '../model/digest.ts';
import { LedgerError } from './ledger.ts';

/*
 * One file a tenant, `<data>/ledger/pseudonyms/<tenant>`: 32 random bytes in hex and a line feed, for nobody but its
 * owner. A tenant is forgotten by deleting its file; a copy of it anywhere, a backup too, remembers.
 */

/** Keys by tenant. */
export type PseudonymKeys = ReadonlyMap<string, Uint8Array>;

const TENANT = /^[a-z0-9][a-z0-9-]{0,39}$/;
const KEY = /^[0-9a-f]{64}\n?$/;
const KEY_BYTES = 32;

/** As the configuration has it for a token. */
export function isTenant(text: string): boolean {
  return TENANT.test(text);
}

/** By it an entry says which key it speaks of; nothing can be learned of the key from it. */
export function digestOfKey(key: Uint8Array): Digest {
  return sha256(key);
}

/** The keys that are there; none where there is no folder. Rejects with LedgerError where one cannot be used. */
export async function readPseudonymKeys(dir: string): Promise<PseudonymKeys> {
  const folder = folderIn(dir);
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw unusable(`the folder ${folder} cannot be read: ${String(error)}`);
  });
  const keys = new Map<string, Uint8Array>();
  for (const tenant of names.filter(isTenant).sort()) {
    const key = await readKey(dir, tenant);
    if (key) keys.set(tenant, key);
  }
  return keys;
}

/** A new key of a tenant, durable when it resolves. Replaces none: rejects where there is one. */
export async function makePseudonymKey(dir: string, tenant: string): Promise<Uint8Array> {
  if (!isTenant(tenant)) throw new TypeError('not a name of a tenant');
  if (await readKey(dir, tenant)) throw unusable(`the tenant ${tenant} has a key`);
  const key = randomBytes(KEY_BYTES);
  await ensureDir(folderIn(dir));
  await writeDurable(join(folderIn(dir), tenant), Buffer.from(`${key.toString('hex')}\n`), 0o600);
  return key;
}

/** Deletes a tenant's key, durably; false where there is none. What it says does not matter, nor who could read it. */
export async function removePseudonymKey(dir: string, tenant: string): Promise<boolean> {
  if (!isTenant(tenant)) throw new TypeError('not a name of a tenant');
  try {
    await rm(join(folderIn(dir), tenant));
  } catch (error) {
    if (!isMissing(error)) throw error;
    // It may have been removed a moment before a crash, and its name may still be on disk.
    await syncFolder(folderIn(dir)).catch((fault: unknown) => {
      if (!isMissing(fault)) throw fault;
    });
    return false;
  }
  await syncFolder(folderIn(dir));
  return true;
}

async function readKey(dir: string, tenant: string): Promise<Uint8Array | null> {
  const path = join(folderIn(dir), tenant);
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw unusable(`${path} cannot be read: ${String(error)}`);
  });
  if (!file) return null;
  try {
    const status = await file.stat();
    if (!status.isFile() || status.size > 2 * KEY_BYTES + 1) throw unusable(`${path} is no file of a key`);
    if ((status.mode & 0o077) !== 0)
      throw unusable(
        `${path} can be read by others, who can tell by it whose entries are whose: forget the tenant ` +
          '(sallyport ledger forget), or where nobody read it, chmod 600',
      );
    const text = await file.readFile('latin1');
    if (!KEY.test(text)) throw unusable(`${path} holds no key of 32 bytes in hex`);
    return Buffer.from(text.trimEnd(), 'hex');
  } finally {
    await file.close();
  }
}

function folderIn(dir: string): string {
  return join(dir, 'ledger', 'pseudonyms');
}

function unusable(what: string): LedgerError {
  return new LedgerError('unavailable', what);
}
