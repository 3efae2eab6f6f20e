import type { LedgerKeepOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import { forgottenEntry } from '../ledger/entry.ts';
import { openLedger } from '../ledger/open.ts';
import { isTenant, removePseudonymKey } from '../ledger/pseudonym-keys.ts';
import { keyStates } from '../ledger/pseudonym-state.ts';
import type { Given } from './given.ts';

/**
 * `sallyport ledger forget`: deletes the key of a tenant's pseudonyms and enters that. The server must be stopped, because
 * it has the key in its memory. Exit code 1 where there is nothing to forget.
 */
export async function forget(
  { configured, now, out }: Given,
  tenant: string,
  options: LedgerKeepOptions,
): Promise<number> {
  if (!isTenant(tenant)) {
    out.say('sallyport: a tenant is named by lower-case letters, digits and hyphens, as in auth.tokens');
    return EXIT.usage;
  }
  const { data: dir } = configured(options);
  // Holds the lock of the data folder: no server runs, and none starts meanwhile.
  const ledger = await openLedger({ dir });
  try {
    const known = (await keyStates(ledger)).get(tenant)?.kind === 'key';
    // First the key: what the ledger says is forgotten is forgotten. After a crash between the two, the same again.
    const deleted = await removePseudonymKey(dir, tenant);
    if (!deleted && !known) {
      out.say(`sallyport: the tenant ${tenant} has no key: there is nothing to forget`);
      return EXIT.refused;
    }
    const receipt = await ledger.append(
      forgottenEntry({ id: `forget-${tenant}-${now()}`, time: now(), tenant }),
    );
    if (options.json) out.print(JSON.stringify({ tenant, deleted, seq: receipt.seq, leaf: receipt.leaf }));
    else out.print(`${tenant} is forgotten: entry ${receipt.seq}`);
    out.say(
      'sallyport: whoever has a copy of the key, in a backup or a snapshot, can still tell whose entries they are',
    );
    return EXIT.ok;
  } finally {
    await ledger.close();
  }
}
