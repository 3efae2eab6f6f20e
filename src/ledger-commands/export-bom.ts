import type { LedgerExportOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import { cycloneDx } from '../exports/cyclonedx.ts';
import { inventoryOf } from '../exports/inventory.ts';
import { logsOf } from '../exports/logs.ts';
import { sessionAround } from '../exports/session.ts';
import { LogPlaces } from '../ledger/published/log-places.ts';
import { sayDone, usage, writeLines } from './export-out.ts';
import type { Given } from './given.ts';
import { selected } from './selected.ts';

/** `sallyport ledger export --format cyclonedx`: of one agent, or of one session of it. */
export async function exportBom(given: Given, options: LedgerExportOptions): Promise<number> {
  const { agent, session } = options;
  if (agent === undefined && session === undefined)
    return usage(given, '--format cyclonedx is of one --agent, or of one --session');
  if (options.limit !== undefined || options.reverse)
    return usage(given, 'a bill of materials is of all that was installed: without --limit and --reverse');
  if (session !== undefined && !/^\d{1,15}$/.test(session))
    return usage(given, '--session is the number of an entry');
  const pause = pauseOf(options.pause);
  if (pause === null) return usage(given, '--pause is a time such as 90s, 30m or 2h');
  const logs = logsOf(new LogPlaces(given.configured(options).data).database);
  return selected(given, options, async (reader, filter) => {
    const around = session === undefined ? null : await sessionAround(reader, Number(session), pause);
    if (typeof around === 'string') {
      given.out.say(`sallyport: ${around}`);
      return EXIT.refused;
    }
    if (around && filter.agent !== undefined && ![filter.agent].flat().includes(around.agent)) {
      given.out.say(`sallyport: entry ${session} is of another agent than --agent`);
      return EXIT.refused;
    }
    const found = await inventoryOf(reader, { ...filter, ...around }, logs);
    const bom = cycloneDx({ ...found, agent: around?.agent ?? agent ?? '', version: given.version });
    await writeLines(given, options.out, linesOf(bom));
    const { aborted, partial, unfinished } = found.undelivered;
    const left = aborted + partial + unfinished;
    sayDone(given, found.installs.length, 'artifacts admitted and delivered', found.withdrawn, options.out);
    if (left > 0)
      given.out.say(
        `sallyport: ${left} more were admitted and are left out: ${aborted} aborted, ${partial} only in part, ${unfinished} without a known end`,
      );
    return EXIT.ok;
  });
}

async function* linesOf(text: string): AsyncGenerator<string> {
  yield text.replace(/\n$/, '');
}

/** Milliseconds; null where it is no such time. */
function pauseOf(text: string): number | null {
  const [, number, unit] = /^([1-9]\d{0,5})(s|m|h|d)$/.exec(text) ?? [];
  const length = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit ?? ''];
  return length === undefined ? null : Number(number) * length;
}
