import type { Digest } from '../model/digest.ts';
import type { EvidenceShelf } from '../vault/vault.ts';
import {
  openTrustDocument,
  type Trust,
  type TrustBytes,
  TrustError,
  trustDocument,
} from '../verify/trust.ts';

/** Keeps what is trusted, under its digest, so that what is decided now can be verified when it is trusted no more. */
export async function keepTrust(shelf: EvidenceShelf, bytes: TrustBytes): Promise<void> {
  try {
    await shelf.keep(trustDocument(bytes));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`what is trusted cannot be kept in the vault: ${why}`, { cause: error });
  }
}

/** What was trusted under this digest; null where it is not kept, is damaged, or does not pass the lint of now. */
export async function keptTrust(shelf: EvidenceShelf, digest: Digest): Promise<Trust | null> {
  const document = await shelf.get(digest);
  if (!document) return null;
  try {
    return openTrustDocument(document);
  } catch (error) {
    if (error instanceof TrustError) return null;
    throw error;
  }
}
