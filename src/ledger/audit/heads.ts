import { type OpenCheckpoint, openCheckpoint } from '../log/checkpoint.ts';
import { LogError } from '../log/log-error.ts';
import { parseNote, type VerifierKey, verifierKey } from '../log/note.ts';
import type { Anchor, AnchorList } from './anchors.ts';
import type { AuditSource, DatabaseCopy } from './audit-source.ts';

/** Reads a verifier key from the text of a file: one line. Throws LogError. */
export function keyOf(text: string): VerifierKey {
  const key = verifierKey(text.replace(/\r?\n$/, ''));
  if (key.type !== 'ed25519') throw new LogError("a witness's key is not the key of a log");
  return key;
}

/** A checkpoint file: what it says where it verifies, and otherwise why it does not. */
export type ReadCheckpoint =
  | { readonly open: OpenCheckpoint }
  | { readonly problem: string; readonly code: 'missing' | 'unreadable' | 'signature' | 'key' };

/** Reads and verifies a checkpoint. Without a key it is not verified, and no head. */
export function readCheckpoint(bytes: Uint8Array | string | null, key: VerifierKey | null): ReadCheckpoint {
  if (bytes === null) return { code: 'missing', problem: 'is not there' };
  try {
    const note = parseNote(bytes);
    if (key === null) return { code: 'key', problem: 'cannot be verified: there is no key' };
    if (!note.signatures.some((one) => one.name === key.name && one.keyId === key.keyId))
      return { code: 'key', problem: `is not signed by ${key.vkey}` };
  } catch (error) {
    if (error instanceof LogError)
      return { code: 'unreadable', problem: `is no checkpoint: ${error.message}` };
    throw error;
  }
  try {
    return { open: openCheckpoint(bytes, key) };
  } catch (error) {
    if (error instanceof LogError) return { code: 'signature', problem: error.message };
    throw error;
  }
}

/** The origin that a checkpoint says, verified or not; null where it is none. */
export function originOf(bytes: Uint8Array | string | null): string | null {
  try {
    return bytes === null ? null : (parseNote(bytes).text.split('\n')[0] ?? null);
  } catch (error) {
    if (error instanceof LogError) return null;
    throw error;
  }
}

/** A file of the log as text; null where it is not there. */
export async function readText(source: AuditSource, path: string): Promise<string | null> {
  const bytes = await source.read(path);
  return bytes === null ? null : Buffer.from(bytes).toString('latin1');
}

/** Heads that are read from the database at once. */
const PAGE = 1024;

/** Every head that was sealed of a log, read piece by piece. `failed` is told where the database cannot be read. */
export function sealedHeads(
  database: DatabaseCopy,
  log: number,
  failed: (error: unknown) => void,
): AnchorList {
  let page: Anchor[] = [];
  let at = 0;
  let after = -1;
  let ended = false;
  const fill = () => {
    if (at < page.length || ended) return;
    try {
      page = database.heads(log, after, PAGE).map(({ size, root }) => ({
        size,
        root,
        copy: 'history' as const,
        words: `the head of ${size} entries that was sealed before it was signed`,
      }));
    } catch (error) {
      page = [];
      failed(error);
    }
    at = 0;
    after = page.at(-1)?.size ?? after;
    ended = page.length === 0;
  };
  return {
    peek: () => {
      fill();
      return page[at] ?? null;
    },
    next: () => {
      fill();
      at += 1;
    },
  };
}
