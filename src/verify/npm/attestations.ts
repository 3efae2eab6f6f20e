import type { EvidenceJob, Signer } from '../../model/evidence.ts';
import { EvidenceFault } from '../fault.ts';
import { at } from '../json-path.ts';
import { signerOf } from '../signer.ts';
import { type VerifiedBundle, verifyBundle } from '../sigstore/bundle.ts';
import { crossCheck, SLSA_TYPES } from '../slsa.ts';
import { matchDigest, readStatement, type Statement } from '../statement.ts';
import { readStrictJson } from '../strict-json.ts';
import type { Trust } from '../trust.ts';

/** What the registry itself attests: that this was published to it under this name and version. */
const PUBLISH_V01 = 'https://github.com/npm/attestation/tree/main/specs/publish/v0.1';

/**
 * Checks the registry's answer to `/-/npm/v1/attestations/name@version`: `{"attestations":[{"predicateType",
 * "bundle"}, …]}`, which must be one publish attestation, signed by a pinned key of the registry, and one build
 * provenance, signed by a certificate; nothing more, because what is not read here would be passed on unread.
 * @returns who signed the provenance
 * @throws EvidenceFault
 */
export function checkNpmAttestations(trust: Trust, job: EvidenceJob, now: number): readonly Signer[] {
  const attestations = at(readStrictJson(job.bytes), 'attestations');
  if (!Array.isArray(attestations)) throw new EvidenceFault('malformed');
  const publish = attestations.filter((one) => at(one, 'predicateType') === PUBLISH_V01);
  const provenance = attestations.filter((one) =>
    SLSA_TYPES.some((type) => at(one, 'predicateType') === type),
  );
  if (attestations.length !== 2 || publish.length !== 1 || provenance.length !== 1)
    throw new EvidenceFault('pair');
  checkPublish(trust, job, verified(trust, job, publish[0], now));
  return [checkProvenance(verified(trust, job, provenance[0], now))];
}

interface Attestation {
  readonly bundle: VerifiedBundle;
  readonly statement: Statement;
}

/** An attestation whose bundle verifies, and that is what it is listed as and about this artifact. */
function verified(trust: Trust, { artifact }: EvidenceJob, listed: unknown, now: number): Attestation {
  const bundle = verifyBundle(trust, at(listed, 'bundle'), { now });
  const statement = readStatement(bundle);
  if (statement.predicateType !== at(listed, 'predicateType')) throw new EvidenceFault('predicate-type');
  // As the registry spells it: a purl, but with the name's own case, and with nothing encoded beside the one `@`.
  const purl = `pkg:npm/${artifact.name.replace(/^@/, '%40')}@${artifact.version}`;
  if (statement.subject.name !== purl) throw new EvidenceFault('subject-name');
  matchDigest(statement.subject, 'sha512', artifact);
  return { bundle, statement };
}

/** That the key was pinned for attestations when it signed, the bundle's verification has shown. */
function checkPublish(trust: Trust, { artifact }: EvidenceJob, { bundle, statement }: Attestation): void {
  if (bundle.keyId === null) throw new EvidenceFault('key-id');
  const says = (name: string): unknown => at(statement.predicate, name);
  if (
    says('name') !== artifact.name ||
    says('version') !== artifact.version ||
    says('registry') !== trust.bytes.npmRegistry
  ) {
    throw new EvidenceFault('publish-predicate');
  }
}

function checkProvenance({ bundle, statement }: Attestation): Signer {
  if (bundle.certificate === null) throw new EvidenceFault('key-id');
  crossCheck(statement, bundle.certificate);
  return signerOf(bundle.certificate, 'slsa');
}
