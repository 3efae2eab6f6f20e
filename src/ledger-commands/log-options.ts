import type { Config } from '../config.ts';
import type { LogStore } from '../ledger/published/log-store.ts';
import type { PublishedLogOptions } from '../ledger/published/open.ts';
import { logPlaces } from '../publishing/publishing.ts';
import type { Given } from './given.ts';

/** How a command opens the log of a ledger that it holds: what would be an alarm is said. */
export function logOptions(
  config: Config,
  store: LogStore,
  { now, out }: Pick<Given, 'now' | 'out'>,
): PublishedLogOptions {
  const say = (what: string) => out.say(`sallyport: ${what}`);
  return {
    places: logPlaces(config),
    store,
    name: config.ledgerOrigin ?? null,
    headCopy: config.headCopy ?? null,
    now,
    alarm: (kind, { expected, found }) =>
      say([kind, expected && `expected ${expected}`, found && `found ${found}`].filter(Boolean).join(': ')),
    say,
    failed: (what, error) => say(`${what}: ${String(error)}`),
  };
}
