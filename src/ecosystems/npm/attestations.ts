import { z } from 'zod';
import type { IndexPage } from '../ecosystem.ts';
import { readEvidenceDocument } from '../evidence-document.ts';
import { bundle } from '../sigstore-fields.ts';
import { jsonBytes } from './json.ts';

/** The npm registry's document, as far as it is passed on. */
const DOCUMENT = z.object({
  attestations: z.array(
    z.object({
      predicateType: z.enum([
        'https://github.com/npm/attestation/tree/main/specs/publish/v0.1',
        'https://slsa.dev/provenance/v0.2',
        'https://slsa.dev/provenance/v1',
      ]),
      bundle,
    }),
  ),
});

/**
 * The answer to `-/npm/v1/attestations/name@version`, from the first of the documents: each is a whole pair of a
 * publish attestation and a provenance, and a client that finds two pairs could not tell which belong together.
 * @throws EvidenceUnreadable where the document is not of the format.
 */
export function writeAttestations([first]: readonly Uint8Array[]): IndexPage | null {
  if (first === undefined) return null;
  const { attestations } = readEvidenceDocument(DOCUMENT, first);
  if (attestations.length === 0) return null;
  return { status: 200, contentType: 'application/json', body: jsonBytes({ attestations }) };
}
