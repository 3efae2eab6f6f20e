import type { z } from 'zod';
import { isBoundedJson } from './json-bounds.ts';

/** A document of evidence is not of the format that its kind names. */
export class EvidenceUnreadable extends Error {
  override readonly name = 'EvidenceUnreadable';
}

/**
 * Reads a document of evidence by a list of fields; what is not in the list is left out.
 * @throws EvidenceUnreadable, in words that hold nothing of the document.
 */
export function readEvidenceDocument<T>(fields: z.ZodType<T>, bytes: Uint8Array): T {
  if (!isBoundedJson(bytes)) throw new EvidenceUnreadable('more brackets than any document has');
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new EvidenceUnreadable('no JSON in UTF-8');
  }
  const read = fields.safeParse(document);
  if (!read.success) throw new EvidenceUnreadable('a field is not of its grammar');
  return read.data;
}
