import { printable } from '../cli/ledger-line.ts';
import type { LedgerKeepOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import { entryNamed } from '../ledger/asked/entry-named.ts';
import type { Given } from '../ledger-commands/given.ts';
import { withLedger } from '../ledger-commands/with-ledger.ts';
import { type ReplayedEntry, replayEntry } from './replay-entry.ts';

/**
 * `sallyport replay ENTRY`: decides it again from the entry's own facts, under the policy of then and at its time; verifies
 * its evidence again under the trust of then; and looks at its bytes again where the vault has them. Reads only, beside a
 * running server, and asks nobody.
 *
 * Exit code 0: all comes out the same; 1: something differs, or cannot be decided again, which is said.
 */
export async function replay(
  { configured, out }: Given,
  wanted: string,
  options: LedgerKeepOptions,
): Promise<number> {
  const config = configured(options);
  const filter = entryNamed(wanted);
  if (filter === null) {
    out.say(`sallyport: ${wanted} is no number and no leaf hash of 64 hex digits`);
    return EXIT.usage;
  }
  return withLedger(config, async (reader) => {
    for await (const stored of reader.query(filter)) {
      const replayed = await replayEntry(config, reader.memory, stored);
      const lines = options.json ? [jsonOf(replayed)] : linesOf(replayed);
      for (const line of lines) out.print(printable(line));
      return replayed.outcome === 'same' ? EXIT.ok : EXIT.refused;
    }
    out.say(`sallyport: there is no entry ${wanted}`);
    return EXIT.refused;
  });
}

function jsonOf({ seq, leaf, entry, decision, ...rest }: ReplayedEntry): string {
  const { verdict = null, time = null } = entry;
  return JSON.stringify({ entry: seq, leaf, time, verdict, ...rest, decision });
}

const OUTCOMES: Readonly<Record<ReplayedEntry['outcome'], string>> = {
  same: 'the same',
  differs: 'not the same',
  undecided: 'not decided again',
};

function linesOf({
  seq,
  entry,
  outcome,
  engine,
  policy,
  differences,
  undecided,
  notes,
}: ReplayedEntry): string[] {
  const { time, verdict, route, ecosystem, name, version, file } = entry;
  const when = typeof time === 'number' ? new Date(time).toISOString() : 'at no time';
  const subject = [ecosystem, name && (version ? `${name}@${version}` : name), file]
    .filter(Boolean)
    .join(' ');
  const lines = [
    `entry ${seq}: ${[verdict ?? entry['type'], route, subject].filter(Boolean).join(' ')}`,
    `decided ${when}${engine.entered === null ? '' : ` by engine ${engine.entered}`}${policy ? ` under policy ${policy}` : ''}`,
  ];
  if (engine.entered !== null && engine.entered !== engine.now)
    lines.push(`decided again by engine ${engine.now}, which may decide otherwise`);
  for (const { what, entered, again } of differences)
    lines.push(`differs: ${what}: entered ${JSON.stringify(entered)}, again ${JSON.stringify(again)}`);
  for (const what of undecided) lines.push(`not done again: ${what}`);
  for (const what of notes) lines.push(`note: ${what}`);
  return [...lines.map((line) => line.replaceAll('\n', '\\n')), OUTCOMES[outcome]];
}
