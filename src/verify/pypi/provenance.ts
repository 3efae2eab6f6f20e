import type { EvidenceJob, Signer } from '../../model/evidence.ts';
import { EvidenceFault } from '../fault.ts';
import { at } from '../json-path.ts';
import { signerOf } from '../signer.ts';
import { IN_TOTO, verifyBundle } from '../sigstore/bundle.ts';
import { crossCheck, SLSA_V1 } from '../slsa.ts';
import { matchDigest, readStatement, type Statement } from '../statement.ts';
import { readStrictJson } from '../strict-json.ts';
import type { Trust } from '../trust.ts';
import { sameDistribution } from './distribution.ts';
import { publishType } from './publish-type.ts';

/** Attestations in one object; the index makes one or two. Each costs some 10 ms. */
const MAX_ATTESTATIONS = 16;

/**
 * Checks a provenance object (PEP 740): every attestation in it must verify and be about this file. `publisher` is
 * the index's own word and is read by nobody; who signed is what the certificates say. A publish attestation says
 * who uploaded the file, only SLSA provenance from what it was built: the signers keep them apart.
 * @returns one signer for each certificate holder and kind of predicate
 * @throws EvidenceFault
 */
export function checkPypiProvenance(trust: Trust, job: EvidenceJob, now: number): readonly Signer[] {
  const attestations = readProvenance(readStrictJson(job.bytes));
  const signers = new Map<string, Signer>();
  for (const attestation of attestations) {
    const signer = checkAttestation(trust, job, attestation, now);
    signers.set(JSON.stringify(signer), signer);
  }
  return [...signers.values()];
}

/** Every attestation of every bundle; at least one. */
function readProvenance(provenance: unknown): readonly unknown[] {
  const bundles = at(provenance, 'attestation_bundles');
  ofVersion1(provenance);
  if (!Array.isArray(bundles)) throw new EvidenceFault('malformed');
  const attestations = bundles.flatMap((bundle: unknown): unknown[] => {
    const list = at(bundle, 'attestations');
    if (typeof at(bundle, 'publisher', 'kind') !== 'string') throw new EvidenceFault('malformed');
    if (!Array.isArray(list) || list.length === 0) throw new EvidenceFault('malformed');
    return list;
  });
  if (attestations.length === 0) throw new EvidenceFault('malformed');
  if (attestations.length > MAX_ATTESTATIONS) throw new EvidenceFault('too-large');
  return attestations;
}

function checkAttestation(
  trust: Trust,
  { artifact }: EvidenceJob,
  attestation: unknown,
  now: number,
): Signer {
  const bundle = verifyBundle(trust, bundleOf(attestation), { now });
  const statement = readStatement(bundle);
  const predicate = predicateOf(statement);
  if (!sameDistribution(artifact.name, statement.subject.name, artifact.filename)) {
    throw new EvidenceFault('subject-name');
  }
  matchDigest(statement.subject, 'sha256', artifact);
  if (bundle.certificate === null) throw new EvidenceFault('key-id');
  if (predicate === 'slsa') crossCheck(statement, bundle.certificate);
  return signerOf(bundle.certificate, predicate);
}

function predicateOf({ predicateType, predicate }: Statement): Signer['predicate'] {
  if (predicateType === SLSA_V1) return 'slsa';
  // It says nothing beside its type; older ones say it with an empty object.
  const empty = predicate === null || predicate === undefined || JSON.stringify(predicate) === '{}';
  if (predicateType === publishType() && empty) return 'publish';
  throw new EvidenceFault('predicate-type');
}

/** An attestation object as the Sigstore bundle of which it is a shorter spelling. */
function bundleOf(attestation: unknown): object {
  ofVersion1(attestation);
  const entries = at(attestation, 'verification_material', 'transparency_entries');
  if (!Array.isArray(entries)) throw new EvidenceFault('malformed');
  if (entries.length === 0) throw new EvidenceFault('log-entry');
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      certificate: { rawBytes: base64(at(attestation, 'verification_material', 'certificate')) },
      tlogEntries: entries,
    },
    dsseEnvelope: {
      payload: base64(at(attestation, 'envelope', 'statement')),
      payloadType: IN_TOTO,
      signatures: [{ sig: base64(at(attestation, 'envelope', 'signature')) }],
    },
  };
}

function ofVersion1(object: unknown): void {
  const version = at(object, 'version');
  if (typeof version !== 'number') throw new EvidenceFault('malformed');
  if (version !== 1) throw new EvidenceFault('media-type');
}

/** Whether it is base64 is for the bundle's reader to say; the first attestations have it in lines. */
function base64(text: unknown): string {
  if (typeof text !== 'string') throw new EvidenceFault('malformed');
  return text.replaceAll('\n', '');
}
