import { join } from 'node:path';
import type { Config } from '../config.ts';
import { lockFolder } from '../ledger/lock.ts';
import { openFileVault } from '../vault/file-vault.ts';
import type { Vault } from '../vault/vault.ts';
import type { Closing } from './closing.ts';

/** The vault of a house, for this process alone, and the folder that it is in. */
export interface LockedVault {
  readonly vault: Vault;
  readonly dir: string;
}

export async function openLockedVault(config: Config, closing: Closing): Promise<LockedVault> {
  const dir = config.vault ?? join(config.data, 'vault');
  // The data folder's lock does not cover a vault that another data folder names, too.
  const release = await lockFolder(dir, 'SALLYPORT_VAULT');
  closing.add(async () => release());
  const vault = await openFileVault({ dir, quarantineLimit: config.limits.quarantine });
  closing.add(() => vault.close());
  return { vault, dir };
}
