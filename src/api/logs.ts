import { openCheckpoint } from '../ledger/log/checkpoint.ts';
import { LogError } from '../ledger/log/log-error.ts';
import type { LogSource } from '../ledger/log/log-source.ts';
import { type Note, noteBytes, type VerifierKey, verifierKey } from '../ledger/log/note.ts';
import { cosignedBy, type TlogPolicy } from '../ledger/log/tlog-policy.ts';
import type { LogRow } from '../ledger/published/published.ts';
import { NONE, readQuery } from './parameters.ts';
import { type AuditPorts, type Document, json } from './ports.ts';

/** `GET /logs`: every log that was made of this ledger, with its key and its newest heads. */
export async function logs(ports: AuditPorts, query: string): Promise<Document> {
  readQuery(NONE, query);
  const rows = await ports.logs.rows();
  const told = await Promise.all(
    rows.map((row) =>
      logOf(row, row === rows.at(-1), ports.logs.files(row.number), ports.logs.witnesses ?? null),
    ),
  );
  return json(`${JSON.stringify({ logs: told })}\n`);
}

async function logOf(
  row: LogRow,
  running: boolean,
  source: LogSource,
  policy: TlogPolicy | null,
): Promise<object> {
  const key = verifierKey(row.vkey);
  return {
    log: row.number,
    origin: row.origin,
    vkey: row.vkey,
    running,
    base: row.base,
    minimum: row.minimum,
    opened: new Date(row.opened).toISOString(),
    head: await headOf(source, 'checkpoint', key, policy),
    cosigned: await headOf(source, 'cosigned', key, policy),
  };
}

/** A head as it was published: its own signature verifies, and of others those that are named. */
async function headOf(
  source: LogSource,
  file: string,
  key: VerifierKey,
  policy: TlogPolicy | null,
): Promise<object | null> {
  const bytes = await source.read(file);
  if (bytes === null) return null;
  const { size, root, note } = openCheckpoint(bytes, key);
  const others = note.signatures.filter(({ name, keyId }) => name !== key.name || keyId !== key.keyId);
  const cosigners = cosignersOf(note, policy);
  return {
    size,
    root: root.toString('base64'),
    cosigners,
    unverified: Math.max(0, others.length - cosigners.length),
    checkpoint: noteBytes(note),
  };
}

/** One line of a witness that does not verify makes none of them worth naming. */
function cosignersOf(note: Note, policy: TlogPolicy | null): { name: string; time: string }[] {
  if (!policy) return [];
  try {
    return cosignedBy(note, policy).witnesses.map(({ name, time }) => ({
      name,
      time: new Date(time * 1000).toISOString(),
    }));
  } catch (error) {
    if (error instanceof LogError) return [];
    throw error;
  }
}
