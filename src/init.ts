import { EXIT } from './cli/program.ts';
import type { Config } from './config.ts';
import { openLedger } from './ledger/open.ts';
import type { Out } from './ledger-commands/given.ts';
import { logPlaces, openPublishing } from './publishing/publishing.ts';

/**
 * `sallyport init`: makes the data folder, its ledger and the key of its log, and prints the key's public half, which
 * auditors keep. Where they are there already it changes nothing, and prints the same.
 */
export async function init(
  config: Config,
  now: () => number,
  options: { readonly json?: true },
  { print, say }: Out,
): Promise<number> {
  const told = (...words: unknown[]) =>
    say(`sallyport: ${words.filter((word) => typeof word === 'string').join(' ')}`);
  const ledger = await openLedger({ dir: config.data });
  try {
    const fresh = (await ledger.store.logs()).length === 0;
    const { published, close } = await openPublishing(config, {
      store: ledger.store,
      now,
      // That a log begins, and under which key, is what is printed below.
      log: { warn: fresh ? () => undefined : told, error: told },
      alarm: (kind) => say(`sallyport: ${kind}`),
    });
    await close();
    const { key } = logPlaces(config);
    const { origin, vkey } = published.current;
    if (options.json) print(JSON.stringify({ data: config.data, key, origin, vkey, fresh }));
    else print(vkey);
    say(
      fresh
        ? `the key that signs the ledger is in ${key}; keep it, and show it to nobody`
        : 'it was there already',
    );
    say('the line above is its public half: give it to whoever is to check the ledger');
    return EXIT.ok;
  } finally {
    await ledger.close();
  }
}
