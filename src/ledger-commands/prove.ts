import type { LedgerProofOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import { writeDurable } from '../disk/durable.ts';
import { logsIn } from '../ledger/audit/data-folder.ts';
import { openDatabase } from '../ledger/audit/database.ts';
import { leafHashOf } from '../ledger/log/hash.ts';
import { LogError } from '../ledger/log/log-error.ts';
import { proveEntry, tlogProofText } from '../ledger/log/tlog-proof.ts';
import { LogPlaces } from '../ledger/published/log-places.ts';
import type { LogRow } from '../ledger/published/published.ts';
import { coveringCheckpoint } from './covering-checkpoint.ts';
import type { Given } from './given.ts';

/** `sallyport ledger prove ENTRY`: by its number in the ledger, or its leaf hash. */
export async function prove(given: Given, wanted: string, options: LedgerProofOptions): Promise<number> {
  const { out } = given;
  const { data } = given.configured(options);
  const found = findEntry(data, wanted);
  if (found === null) {
    out.say(`sallyport: there is no entry ${wanted}`);
    return EXIT.refused;
  }
  const { row, index, leaf } = found;
  const log = (await logsIn(data))?.logs.find(({ number }) => number === row.number);
  const checkpoint = log && (await coveringCheckpoint(log.source, row.vkey, index));
  if (!log || !checkpoint) {
    out.say(`sallyport: entry ${wanted} is not published: no checkpoint of ${row.origin} covers it`);
    return EXIT.failed;
  }
  let text: string;
  try {
    const proof = await proveEntry(log.source, checkpoint, index);
    if (proof.extra === null || !leafHashOf(proof.extra).equals(leaf))
      throw new LogError('the log has another entry there than the database');
    text = tlogProofText(proof);
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    out.say(
      `sallyport: entry ${wanted} cannot be proved: ${error.message}; sallyport ledger verify says more`,
    );
    return EXIT.refused;
  }
  if (options.out === undefined) out.print(text.replace(/\n$/, ''));
  else await writeDurable(options.out, Buffer.from(text), 0o644);
  out.say(`entry ${index} of ${row.origin}, in the tree of ${checkpoint.size}; its key is ${row.vkey}`);
  return EXIT.ok;
}

/** The log that an entry is in, and where; null where there is no such entry. Throws LedgerError. */
function findEntry(data: string, wanted: string): { row: LogRow; index: number; leaf: Buffer } | null {
  const database = openDatabase(new LogPlaces(data).database);
  try {
    const entry = /^\d{1,15}$/.test(wanted)
      ? database.rows(Number(wanted), Number(wanted) + 1)[0]
      : /^[0-9a-f]{64}$/.test(wanted)
        ? database.byLeaf(Buffer.from(wanted, 'hex'))
        : undefined;
    if (!entry) return null;
    const row = database.logs().findLast(({ base }) => base <= entry.seq);
    return row ? { row, index: entry.seq - row.base, leaf: entry.leaf } : null;
  } finally {
    database.close();
  }
}
