import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ensureDir, writeDurable } from '../../disk/durable.ts';
import { isMissing } from '../../disk/missing.ts';
import { LedgerError } from '../ledger.ts';
import { LogError } from '../log/log-error.ts';
import { generateKey, type SignerKey, signerKey } from '../log/note.ts';

/** Bytes of a key file: a name of at most some hundred characters, and the key. */
const MAX_KEY = 2048;

/**
 * Reads the key that signs the log; null where there is none. Rejects with LedgerError `unavailable` where others than
 * its owner may read or write it, and where it is no key: nothing of what is in it is in the words.
 */
export async function readKey(path: string): Promise<SignerKey | null> {
  const text = await readPrivately(path);
  if (text === null) return null;
  try {
    return signerKey(text.replace(/\n$/, ''));
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    throw unusable(`the key of the log in ${path} cannot be used: ${error.message}`);
  }
}

/** Makes a key of its own for an origin, durable under its name, readable by nobody else. Replaces what is there. */
export async function makeKey(path: string, origin: string): Promise<SignerKey> {
  const { skey } = generateKey(origin);
  await ensureDir(dirname(path));
  await writeDurable(path, Buffer.from(`${skey}\n`), 0o600);
  return signerKey(skey);
}

async function readPrivately(path: string): Promise<string | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw unusable(`the key of the log cannot be read: ${String(error)}`);
  });
  if (file === null) return null;
  try {
    const { mode, size } = await file.stat();
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || size > MAX_KEY)
      throw unusable(`the key of the log in ${path} is no file of a key`);
    if ((mode & 0o077) !== 0)
      throw unusable(
        `the key of the log in ${path} can be read by others; whoever has it can sign in our name: make a new one ` +
          '(sallyport ledger rotate), or where nobody read it, chmod 600',
      );
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function unusable(what: string): LedgerError {
  return new LedgerError('unavailable', what);
}
