import type { Config } from '../config.ts';
import type { LogStore } from '../ledger/published/log-store.ts';
import type { PublishedLogOptions } from '../ledger/published/options.ts';
import { logPlaces } from '../publishing/publishing.ts';
import { openWitnesses } from '../witness/open.ts';
import type { Given } from './given.ts';

/**
 * How a command opens the log of a ledger that it holds: like a server it asks the witnesses before it signs, because after
 * a rotation nobody asks them of the old log again. What would be an alarm is said.
 */
export async function withLogOptions<T>(
  config: Config,
  store: LogStore,
  { now, out }: Pick<Given, 'now' | 'out'>,
  work: (options: PublishedLogOptions) => Promise<T>,
): Promise<T> {
  const say = (what: string) => out.say(`sallyport: ${what}`);
  const alarm = (
    kind: string,
    about: { readonly source?: string; readonly expected?: string; readonly found?: string },
  ) => {
    const { source, expected, found } = about;
    say(
      [kind, source, expected && `expected ${expected}`, found && `found ${found}`]
        .filter(Boolean)
        .join(': '),
    );
  };
  const failed = (what: string, error: unknown) => say(`${what}: ${String(error)}`);
  const witnesses = await openWitnesses(config, { now, alarm, failed });
  try {
    return await work({
      places: logPlaces(config),
      store,
      name: config.ledgerOrigin ?? null,
      headCopy: config.headCopy ?? null,
      now,
      ...(witnesses && { askWitnesses: witnesses.known }),
      alarm,
      say,
      failed,
    });
  } finally {
    await witnesses?.close();
  }
}
