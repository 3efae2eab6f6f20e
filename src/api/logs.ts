import { openCheckpoint } from '../ledger/log/checkpoint.ts';
import type { LogSource } from '../ledger/log/log-source.ts';
import { noteBytes, type VerifierKey, verifierKey } from '../ledger/log/note.ts';
import type { LogRow } from '../ledger/published/published.ts';
import { NONE, readQuery } from './parameters.ts';
import { type AuditPorts, type Document, json } from './ports.ts';

/** `GET /logs`: every log that was made of this ledger, with its key and its newest heads. */
export async function logs(ports: AuditPorts, query: string): Promise<Document> {
  readQuery(NONE, query);
  const rows = await ports.logs.rows();
  const told = await Promise.all(
    rows.map((row) => logOf(row, row === rows.at(-1), ports.logs.files(row.number))),
  );
  return json(`${JSON.stringify({ logs: told })}\n`);
}

async function logOf(row: LogRow, running: boolean, source: LogSource): Promise<object> {
  const key = verifierKey(row.vkey);
  return {
    log: row.number,
    origin: row.origin,
    vkey: row.vkey,
    running,
    base: row.base,
    minimum: row.minimum,
    opened: new Date(row.opened).toISOString(),
    head: await headOf(source, 'checkpoint', key),
    cosigned: await headOf(source, 'cosigned', key),
  };
}

/** A head as it was published: its own signature verifies, those of others are named as the lines name them. */
async function headOf(source: LogSource, file: string, key: VerifierKey): Promise<object | null> {
  const bytes = await source.read(file);
  if (bytes === null) return null;
  const { size, root, note } = openCheckpoint(bytes, key);
  const cosigners = note.signatures.filter(({ name, keyId }) => name !== key.name || keyId !== key.keyId);
  return {
    size,
    root: root.toString('base64'),
    cosigners: [...new Set(cosigners.map(({ name }) => name))],
    checkpoint: noteBytes(note),
  };
}
