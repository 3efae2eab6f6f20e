import { z } from 'zod';
import type { IndexPage } from '../ecosystem.ts';
import { readEvidenceDocument } from '../evidence-document.ts';
import { bytes, logEntry } from '../sigstore-fields.ts';

/** The media type of PEP 740's provenance objects. */
export const PROVENANCE_TYPE = 'application/vnd.pypi.integrity.v1+json';

/** PEP 740 `Attestation`. */
const attestation = z.object({
  version: z.literal(1),
  verification_material: z.object({ certificate: bytes, transparency_entries: z.array(logEntry) }),
  envelope: z.object({ statement: bytes, signature: bytes }),
});

/** A claim about the publisher, left out where it is not of its grammar. */
function claim(grammar: RegExp) {
  return z.string().regex(grammar).max(256).optional().catch(undefined);
}

const path = claim(/^[A-Za-z0-9._][A-Za-z0-9._/-]*$/);
const uuid = claim(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

/**
 * Who the index says published the file, as the clients' own models name it. Nothing of it is signed, so no more than
 * a kind that is known and short claims of a strict grammar are passed on; the free `claims` of PEP 740 are not.
 */
const publisher = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('GitHub'), repository: path, workflow: path, environment: path }),
  z.object({ kind: z.literal('GitLab'), repository: path, workflow_filepath: path, environment: path }),
  z.object({ kind: z.literal('Google'), email: claim(/^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$/) }),
  z.object({
    kind: z.literal('CircleCI'),
    project_id: uuid,
    pipeline_definition_id: uuid,
    vcs_origin: path,
    vcs_ref: path,
  }),
]);

const DOCUMENT = z.object({
  version: z.literal(1),
  attestation_bundles: z.array(
    z.object({
      // A publisher of a kind that clients do not know would make the whole document unreadable to them.
      publisher: publisher.nullable().catch(null),
      attestations: z.array(attestation),
    }),
  ),
});

/**
 * The provenance object of one file (PEP 740) from several: the bundles of one publisher become one, and an
 * attestation that is in two documents stands there once. null where nothing remains.
 * @throws EvidenceUnreadable where a document is not of the format.
 */
export function writeProvenance(documents: readonly Uint8Array[]): IndexPage | null {
  const bundles = new Map<string, Set<string>>();
  const read = documents.map((document) => readEvidenceDocument(DOCUMENT, document));
  for (const { publisher, attestations } of read.flatMap((one) => one.attestation_bundles)) {
    if (publisher === null) continue;
    const key = JSON.stringify(publisher);
    const known = bundles.get(key) ?? new Set();
    for (const one of attestations) known.add(JSON.stringify(one));
    if (known.size > 0) bundles.set(key, known);
  }
  if (bundles.size === 0) return null;
  const written = [...bundles].map(([key, known]) => `{"publisher":${key},"attestations":[${[...known]}]}`);
  return {
    status: 200,
    contentType: PROVENANCE_TYPE,
    body: Buffer.from(`{"version":1,"attestation_bundles":[${written}]}`),
  };
}
