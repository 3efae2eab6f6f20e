import type { LedgerRotateOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import { openLedger } from '../ledger/open.ts';
import { replaceLostKey, rotateLog } from '../ledger/published/rotate.ts';
import type { Given } from './given.ts';
import { withLogOptions } from './log-options.ts';

/** `sallyport ledger rotate`: prints the new log's verifier key. */
export async function rotate(given: Given, options: LedgerRotateOptions): Promise<number> {
  const { configured, out } = given;
  const config = configured(options);
  const ledger = await openLedger({ dir: config.data });
  try {
    const { row, previous } = await withLogOptions(config, ledger.store, given, (log) =>
      (options.keyLost ? replaceLostKey : rotateLog)({ ...log, ledger }),
    );
    const { number, origin, vkey, base } = row;
    if (options.json) out.print(JSON.stringify({ log: number, origin, vkey, base, previous }));
    else out.print(vkey);
    out.say(
      `sallyport: ${previous.origin} has ended with ${previous.size} entries, ${previous.signed} of them signed; ${origin} has begun. ` +
        'The line above is its public half: give it to whoever checks the ledger, and to witnesses',
    );
    return EXIT.ok;
  } finally {
    await ledger.close();
  }
}
