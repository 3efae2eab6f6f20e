import { join } from 'node:path';
import { Evidence, type Looked } from './admission/evidence/look.ts';
import type { Ports } from './admission/ports.ts';
import type { Config } from './config.ts';
import type { Ecosystem } from './ecosystems/ecosystem.ts';
import type { ArtifactId } from './model/artifact.ts';
import { type ArtifactDigests, algorithmOf, type Digest, sha256 } from './model/digest.ts';
import type { EvidenceSet } from './model/evidence.ts';
import type { FileFacts } from './model/facts.ts';
import type { ListedFile } from './model/listing.ts';
import { loadTrust } from './trust/files.ts';
import { openEvidenceShelf } from './vault/evidence-shelf.ts';
import type { EvidenceShelf } from './vault/vault.ts';
import { checkEvidence } from './verify/evidence.ts';
import { servedKeys } from './verify/npm/served-keys.ts';
import { openTrust } from './verify/trust.ts';

/** The digests that an index declares, one of each kind. */
export function toldDigests(digests: readonly Digest[]): Partial<ArtifactDigests> {
  const of = (algorithm: string) => digests.find((digest) => algorithmOf(digest) === algorithm);
  const [sha256, sha512] = [of('sha256'), of('sha512')];
  return { ...(sha256 && { sha256 }), ...(sha512 && { sha512 }) };
}

/**
 * Looks at the evidence of files without their bytes: by the digests that the index declares, in this process, and
 * writing nothing. The same code as a request's; only that the bytes have those digests is not seen here.
 */
export async function openEvidenceCheck(
  config: Config,
  ports: Pick<Ports, 'now' | 'upstream' | 'source' | 'fault'>,
): Promise<
  (
    artifact: ArtifactId,
    ecosystem: Ecosystem,
    file: ListedFile,
    facts: FileFacts,
    asked: EvidenceSet,
  ) => Promise<Looked>
> {
  const trust = openTrust((await loadTrust(config)).bytes);
  const shelf = openEvidenceShelf({ dir: config.vault ?? join(config.data, 'vault') });
  const evidence = new Evidence({
    ...ports,
    vault: { evidence: readOnly(shelf) },
    evidence: {
      trust: () => trust.digest,
      npmKeys: () => servedKeys(trust),
      check: async (job) => ({ verdict: checkEvidence(trust, job, ports.now()), trust: trust.digest }),
    },
  });
  return (artifact, ecosystem, file, facts, asked) => {
    const source = ports.source(artifact);
    const told = { ...artifact, ...toldDigests(file.digests) };
    const exhibit = { artifact: told, ecosystem, source, file, facts };
    return evidence.look(exhibit, asked, true);
  };
}

/** A question writes nothing. */
function readOnly(shelf: EvidenceShelf): EvidenceShelf {
  return {
    of: (id) => shelf.of(id),
    get: (document) => shelf.get(document),
    keep: (bytes) => Promise.resolve(sha256(bytes)),
    put: (_id, artifact, kind) => Promise.resolve({ artifact, kind, document: artifact }),
  };
}
