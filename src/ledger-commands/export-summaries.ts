import type { LedgerExportOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import type { Config } from '../config.ts';
import { envelope, IN_TOTO } from '../exports/dsse.ts';
import { type FolderFile, writeFolder } from '../exports/folder.ts';
import { type LoggedEntry, loggedEntry } from '../exports/logged.ts';
import { type KnownLog, logsOf } from '../exports/logs.ts';
import { publicKeyPem } from '../exports/public-key.ts';
import { summaryOf, verifierOf } from '../exports/vsa.ts';
import type { EntryFilter, LedgerReader } from '../ledger/ledger.ts';
import type { SignerKey } from '../ledger/log/note.ts';
import { readKey } from '../ledger/published/key-file.ts';
import { LogPlaces } from '../ledger/published/log-places.ts';
import { sayDone, writeLines } from './export-out.ts';
import type { Given } from './given.ts';
import { inLog } from './in-log.ts';
import { selected } from './selected.ts';

/** What a run signed, and what it could not. */
interface Tally {
  signed: number;
  failed: number;
  withdrawn: number;
  /** Under no checkpoint: that they are in the log cannot be shown yet, or any more. */
  unpublished: number;
}

/** `sallyport ledger export --format vsa`: envelopes as lines, or each as a file of a new folder, with the key beside. */
export async function exportSummaries(given: Given, options: LedgerExportOptions): Promise<number> {
  const config = given.configured(options);
  const logs = logsOf(new LogPlaces(config.data).database);
  const key = await signingKey(config, logs);
  return selected(given, options, async (reader, filter) => {
    const tally: Tally = { signed: 0, failed: 0, withdrawn: 0, unpublished: 0 };
    const summaries = summariesOf({ reader, filter, logs, isInLog: inLog(config.data, logs) }, key, tally);
    if (options.out === undefined) await writeLines(given, undefined, textsOf(summaries));
    else await writeFolder(options.out, filesOf(summaries, key));
    sayDone(given, tally.signed, 'verification summaries', tally.withdrawn, options.out);
    if (tally.unpublished > 0)
      given.out.say(`sallyport: ${tally.unpublished} are left out: no checkpoint of their log covers them`);
    if (tally.failed > 0)
      given.out.say(
        `sallyport: ${tally.failed} of them say FAILED: admitted by mode observe in spite of the policy`,
      );
    return EXIT.ok;
  });
}

/**
 * The key that signs the running log. Rejects where there is none, and where it is not that log's own: who has the log's
 * verifier key could not verify what it signs.
 */
async function signingKey(config: Config, logs: readonly KnownLog[]): Promise<SignerKey> {
  const places = new LogPlaces(config.data, config.ledgerKey);
  const key = await readKey(places.key);
  if (!key) throw new Error(`there is no key of the log in ${places.key}: sallyport init makes one`);
  const running = logs.at(-1);
  if (running && running.vkey !== key.vkey)
    throw new Error(`the key in ${places.key} is not that of the running log ${running.origin}`);
  return key;
}

/** What summaries are made of. */
interface Admissions {
  readonly reader: LedgerReader;
  readonly filter: EntryFilter;
  readonly logs: readonly KnownLog[];
  /** Rejects for an entry that the log has not. */
  isInLog(entry: LoggedEntry): Promise<boolean>;
}

/** Each artifact once under each policy, in the order of the log, as far as the log has them. */
async function* summariesOf(
  { reader, filter, logs, isInLog }: Admissions,
  key: SignerKey,
  tally: Tally,
): AsyncGenerator<FolderFile> {
  const said = new Set<string>();
  const verifier = verifierOf(key.name);
  const admissions = { ...filter, type: 'decision', verdict: 'allow', route: 'artifact' } as const;
  for await (const stored of reader.query(admissions)) {
    const entry = loggedEntry(stored, logs);
    if (!entry) tally.withdrawn += 1;
    const summary = entry && summaryOf(entry, verifier);
    if (!summary || said.has(summary.key)) continue;
    if (!(await isInLog(entry))) {
      tally.unpublished += 1;
      continue;
    }
    said.add(summary.key);
    tally.signed += 1;
    if (!summary.passed) tally.failed += 1;
    const payload = Buffer.from(JSON.stringify(summary.statement));
    yield {
      name: `sha256-${summary.sha256}.${stored.seq}.vsa.dsse.json`,
      text: JSON.stringify(envelope(IN_TOTO, payload, key)),
    };
  }
}

async function* textsOf(files: AsyncIterable<FolderFile>): AsyncGenerator<string> {
  for await (const { text } of files) yield text;
}

async function* filesOf(files: AsyncIterable<FolderFile>, key: SignerKey): AsyncGenerator<FolderFile> {
  yield { name: 'key.pem', text: publicKeyPem(key.vkey) };
  yield { name: 'vkey', text: `${key.vkey}\n` };
  for await (const { name, text } of files) yield { name, text: `${text}\n` };
}
