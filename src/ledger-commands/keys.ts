import { readFile } from 'node:fs/promises';
import { LogError } from '../ledger/log/log-error.ts';
import { type VerifierKey, verifierKey } from '../ledger/log/note.ts';
import { parseTlogPolicy, type TlogPolicy } from '../ledger/log/tlog-policy.ts';

/** What was given on the command line cannot be used: words for the person. */
export class BadOption extends Error {
  override readonly name = 'BadOption';
}

/**
 * Verifier keys of logs: one as it is, or a file with one a line. Rejects with BadOption.
 */
export async function keysOf(option: string): Promise<VerifierKey[]> {
  const text = /^[^\s+/]*[^\s+]*\+[0-9a-f]{8}\+/.test(option) ? option : await fileOf(option, '--key');
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new BadOption(`--key ${option} has no key in it`);
  return lines.map((line) => {
    try {
      const key = verifierKey(line.trim());
      if (key.type === 'ed25519') return key;
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      throw new BadOption(`--key: ${error.message}`);
    }
    throw new BadOption("--key: this is a witness's key, not a log's");
  });
}

/** A witness policy from its file (C2SP tlog-policy). Rejects with BadOption. */
export async function policyOf(path: string): Promise<TlogPolicy> {
  const text = await fileOf(path, '--witnesses');
  try {
    return parseTlogPolicy(text);
  } catch (error) {
    if (error instanceof LogError) throw new BadOption(`--witnesses ${path}: ${error.message}`);
    throw error;
  }
}

/** A file that an option names. Rejects with BadOption. */
export async function fileOf(path: string, option: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new BadOption(
      `${option} ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
