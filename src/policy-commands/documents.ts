import { readFile } from 'node:fs/promises';
import type { Digest } from '../model/digest.ts';
import { documentDigest } from '../vault/document.ts';
import { Layout } from '../vault/layout.ts';

/**
 * A document of the vault, for looking only and beside a running server: null where it is not there, or not what its
 * digest says. Nothing is touched, moved or counted as used.
 */
export async function readDocument(vault: string, digest: Digest): Promise<Uint8Array | null> {
  const bytes = await readFile(new Layout(vault).file('documents', digest)).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    },
  );
  if (bytes === null) return null;
  return (await documentDigest(bytes)).digest === digest ? bytes : null;
}
