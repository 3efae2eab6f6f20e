import { type FeedShown, feedLines, feedShown } from '../cli/feed-lines.ts';
import { printable } from '../cli/ledger-line.ts';
import { EXIT } from '../cli/program.ts';
import type { Config } from '../config.ts';
import { FeedError } from '../feeds/feed-error.ts';
import { openFeed } from '../feeds/open.ts';
import { type FeedStatus, feedFolder } from '../feeds/status.ts';
import { LedgerError } from '../ledger/ledger.ts';
import type { Terminal } from '../policy-commands/terminal.ts';
import { updateFeed } from './refresh.ts';

/** More than this of what went wrong helps nobody, characters. */
const MAX_WORDS = 400;

/**
 * Reads OSV records and puts them in force, at once for a running server. `from`: paths and addresses; none: those of
 * the configuration. 1 where that failed, and what was in force stays.
 */
export async function feedUpdate(
  config: Config,
  from: readonly string[],
  now: () => number,
  options: { readonly json?: true; readonly force?: true },
  { print, say }: Terminal,
): Promise<number> {
  const sources = from.length > 0 ? from : config.feed;
  if (sources.length === 0) {
    say('sallyport: name a zip, a folder or an address of OSV records, or set SALLYPORT_FEED');
    return EXIT.usage;
  }
  try {
    const { before, status } = await updateFeed(feedFolder(config.data), sources, now, {
      force: options.force ?? false,
    });
    const shown = feedShown(status, config.feedMaxAge, now());
    if (options.json) print(JSON.stringify(shown));
    for (const line of updateLines(before, status, shown)) say(`sallyport: ${line}`);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'locked') {
      say('sallyport: another update of this feed is running');
      return EXIT.failed;
    }
    if (!(error instanceof FeedError)) throw error;
    say(`sallyport: the feed was not updated, and what was in force stays: ${wordsOf(error)}`);
    return EXIT.refused;
  }
}

/** What is in force. 1 where there is no feed, or it is older than it may be; 3 where it cannot be read. */
export async function feedShow(
  config: Config,
  now: number,
  options: { readonly json?: true },
  { print, say }: Terminal,
): Promise<number> {
  const feed = openFeed({ dir: feedFolder(config.data), maxAge: config.feedMaxAge });
  try {
    const first = feed.state();
    await feed.checked();
    // Once more: now its bytes were hashed.
    const state = first && feed.state();
    if (!state) {
      if (options.json) print('null');
      say('sallyport: there is no feed; `sallyport feed update` makes one');
      return EXIT.refused;
    }
    const shown = feedShown(state.status, config.feedMaxAge, now);
    if (options.json) print(JSON.stringify(shown));
    else for (const line of feedLines(shown, now)) print(line);
    if (shown.stale) say('sallyport: the feed is older than it may be');
    return shown.stale ? EXIT.refused : EXIT.ok;
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    say(
      `sallyport: nothing is served until this is mended: ${wordsOf(error)}; \`sallyport feed update\` makes a new one`,
    );
    return EXIT.failed;
  } finally {
    feed.close();
  }
}

function updateLines(
  before: FeedStatus | null,
  { records, packages, sources }: FeedStatus,
  shown: FeedShown,
): string[] {
  const more = before === null ? '' : ` (before: ${before.records})`;
  const unreadable = sources.reduce((sum, one) => sum + one.unreadable, 0);
  return [
    `${records} records of ${packages} packages are in force${more}`,
    ...(unreadable > 0
      ? [`${unreadable} records, or names in them, could not be read and are left out`]
      : []),
    ...(shown.stale ? [`by what its records say it is of ${shown.at}, which is older than it may be`] : []),
  ];
}

function wordsOf(error: Error): string {
  return printable(error.message).replaceAll('\n', ' ').slice(0, MAX_WORDS);
}
