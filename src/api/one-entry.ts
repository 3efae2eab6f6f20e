import { entryNamed, isWithdrawn } from '../ledger/asked/entry-named.ts';
import type { StoredEntry } from '../ledger/ledger.ts';
import { openCheckpoint } from '../ledger/log/checkpoint.ts';
import { verifierKey } from '../ledger/log/note.ts';
import { proveEntry, tlogProofText } from '../ledger/log/tlog-proof.ts';
import { ENTRY_NAME, NONE, readQuery } from './parameters.ts';
import { type AuditPorts, type Document, document, json } from './ports.ts';
import { Problem, wrong } from './problem.ts';
import { placeIn, told } from './told.ts';

/** `GET /entries/{entry}`. */
export async function oneEntry(ports: AuditPorts, name: string, query: string): Promise<Document> {
  readQuery(NONE, query);
  const entry = await entryOf(ports, name);
  return json(`${told(entry, await ports.logs.rows())}\n`);
}

/**
 * `GET /entries/{entry}/proof`: that the entry is in its log, with a checkpoint that verifies by itself (C2SP tlog-proof).
 * The cosigned one, where it has the entry already.
 */
export async function proof(ports: AuditPorts, name: string, query: string): Promise<Document> {
  readQuery(NONE, query);
  const { seq } = await entryOf(ports, name);
  const rows = await ports.logs.rows();
  const place = placeIn(rows, seq);
  if (!place) throw notYet();
  const source = ports.logs.files(place.log.number);
  const key = verifierKey(place.log.vkey);
  for (const file of ['cosigned', 'checkpoint']) {
    const bytes = await source.read(file);
    const checkpoint = bytes === null ? null : openCheckpoint(bytes, key);
    if (checkpoint === null || checkpoint.size <= place.index) continue;
    return document(
      'text/plain; charset=utf-8',
      tlogProofText(await proveEntry(source, checkpoint, place.index)),
    );
  }
  if (place.log === rows.at(-1)) throw notYet();
  throw new Problem(
    'NOT_FOUND',
    `log ${place.log.number} ended before this entry was under a checkpoint of it`,
  );
}

async function entryOf(
  { ledger, logs }: Pick<AuditPorts, 'ledger' | 'logs'>,
  name: string,
): Promise<StoredEntry> {
  const filter = ENTRY_NAME.safeParse(name).success ? entryNamed(name) : null;
  if (filter === null) throw wrong('the entry', 'is neither a number nor a leaf hash of 64 hex digits');
  for await (const entry of ledger.query(filter)) {
    if (entry.bytes === '') throw withdrawn();
    return entry;
  }
  if (filter.after !== undefined && isWithdrawn(filter.after + 1, await logs.rows())) throw withdrawn();
  throw new Problem('NOT_FOUND', 'there is no such entry');
}

function withdrawn(): Problem {
  return new Problem('LEDGER_WITHDRAWN', 'this entry was withdrawn from reading');
}

function notYet(): Problem {
  return new Problem('LEDGER_UNPUBLISHED', 'this entry is not under a published checkpoint yet', 2);
}
