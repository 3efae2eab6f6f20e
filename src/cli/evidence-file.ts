import { signaturesDocument } from '../admission/evidence/look.ts';
import { tarballName } from '../ecosystems/npm/filenames.ts';
import { npm } from '../ecosystems/npm/npm.ts';
import { pypi } from '../ecosystems/pypi/pypi.ts';
import { digestsOfSri, parseDigest } from '../model/digest.ts';
import type { Cause, EvidenceJob, EvidenceKind, RegistrySignature } from '../model/evidence.ts';
import { EvidenceFault } from '../verify/fault.ts';
import { at, isObject } from '../verify/json-path.ts';
import { readStrictJson } from '../verify/strict-json.ts';

/** A document of evidence, and the artifact that it says it is about: nothing of it was verified. */
export interface EvidenceFile {
  readonly kind: EvidenceKind;
  readonly bytes: Uint8Array;
  readonly artifact: EvidenceJob['artifact'];
}

/** A file that is no evidence we know, in words for people. */
export class NoEvidence extends Error {
  override readonly name = 'NoEvidence';
  readonly why: Cause;

  constructor(words: string, why: Cause = 'malformed') {
    super(words);
    this.why = why;
  }
}

const FORMS =
  "an npm registry's answer about attestations, a PEP 740 provenance object, or manifests with dist.signatures";

/**
 * What a file holds: the npm registry's answer to `-/npm/v1/attestations/…`, a PEP 740 provenance object, a packument,
 * a manifest, or a list of `{name, version, integrity, keyid, sig}`. Bytes of an attestation stay as they are.
 * @throws NoEvidence
 */
export function readEvidenceFile(bytes: Uint8Array): EvidenceFile[] {
  const document = strict(bytes);
  if (Array.isArray(at(document, 'attestations'))) return [npmAttestations(bytes, document)];
  if (Array.isArray(at(document, 'attestation_bundles'))) return [pypiProvenance(bytes, document)];
  const versions = at(document, 'versions');
  const manifests = Array.isArray(document)
    ? document
    : isObject(versions)
      ? Object.values(versions)
      : [document];
  const signed = manifests.flatMap((manifest) => npmSignatures(manifest));
  if (signed.length === 0) throw new NoEvidence(`this is not ${FORMS}`);
  return together(signed);
}

function strict(bytes: Uint8Array): unknown {
  try {
    return readStrictJson(bytes, { size: 128 * 1024 ** 2, depth: 64 });
  } catch (error) {
    if (error instanceof EvidenceFault) throw new NoEvidence(`this ${error.words}`, error.cause);
    throw error;
  }
}

function npmAttestations(bytes: Uint8Array, document: unknown): EvidenceFile {
  const { name: subject, digest } = subjectOf(first(at(document, 'attestations')), [
    'bundle',
    'dsseEnvelope',
    'payload',
  ]);
  const said = /^pkg:npm\/(.+)@([^@]+)$/.exec(subject);
  const name = npm.versions.canonicalName((said?.[1] ?? '').replace(/^%40/, '@'));
  const version = said?.[2] ?? '';
  const sha512 = parseDigest(`sha512:${at(digest, 'sha512')}`);
  if (!name || npm.versions.parseVersion(version) !== version || !sha512) {
    throw new NoEvidence('its attestations are about no version of an npm package', 'subject-name');
  }
  const artifact = { ecosystem: npm.id, name, version, filename: tarballName(name, version), sha512 };
  return { kind: 'npm-attestations', bytes, artifact };
}

function pypiProvenance(bytes: Uint8Array, document: unknown): EvidenceFile {
  const attestation = first(at(first(at(document, 'attestation_bundles')), 'attestations'));
  const { name: filename, digest } = subjectOf(attestation, ['envelope', 'statement']);
  // A wheel's name ends at its first dash, an sdist's at one of them: its version is what a name alone can tell.
  const dashes = [...filename.matchAll(/-/g)].map(({ index }) => index);
  for (const dash of filename.endsWith('.whl') ? dashes : dashes.toReversed()) {
    const name = pypi.versions.canonicalName(filename.slice(0, dash));
    const parsed = name && pypi.parseFilename(name, filename);
    const sha256 = parseDigest(`sha256:${at(digest, 'sha256')}`);
    if (!name || !parsed || !sha256) continue;
    const artifact = { ecosystem: pypi.id, name, version: parsed.version, filename, sha256 };
    return { kind: 'pypi-provenance', bytes, artifact };
  }
  throw new NoEvidence('its attestations are about no wheel and no source distribution', 'subject-name');
}

/** One signature with what it is over; none where a manifest has none. */
interface Signed {
  readonly artifact: EvidenceJob['artifact'];
  readonly signatures: readonly RegistrySignature[];
}

function npmSignatures(manifest: unknown): Signed[] {
  const [rawName, version] = [at(manifest, 'name'), at(manifest, 'version')];
  const integrity = at(manifest, 'integrity') ?? at(manifest, 'dist', 'integrity');
  const listed = at(manifest, 'signatures') ?? at(manifest, 'dist', 'signatures') ?? [manifest];
  const name = typeof rawName === 'string' ? npm.versions.canonicalName(rawName) : null;
  if (!name || typeof version !== 'string' || npm.versions.parseVersion(version) !== version) return [];
  const sha512 =
    typeof integrity === 'string' ? digestsOfSri(integrity).find((one) => one.startsWith('sha512:')) : null;
  const signatures = (Array.isArray(listed) ? listed : []).flatMap((one) => {
    const [keyid, sig] = [at(one, 'keyid'), at(one, 'sig')];
    return typeof keyid === 'string' && typeof sig === 'string' ? [{ keyid, sig }] : [];
  });
  if (!sha512 || signatures.length === 0) return [];
  return [
    {
      artifact: { ecosystem: npm.id, name, version, filename: tarballName(name, version), sha512 },
      signatures,
    },
  ];
}

/** One document for each artifact. */
function together(signed: readonly Signed[]): EvidenceFile[] {
  const by = new Map<string, Signed>();
  for (const one of signed) {
    const key = JSON.stringify(one.artifact);
    const before = by.get(key);
    by.set(key, { ...one, signatures: [...(before?.signatures ?? []), ...one.signatures] });
  }
  return [...by.values()].map(({ artifact, signatures }) => ({
    kind: 'npm-signatures',
    bytes: signaturesDocument(signatures),
    artifact,
  }));
}

/** The subject of a statement that nobody has verified yet. */
function subjectOf(
  attestation: unknown,
  path: readonly string[],
): { readonly name: string; readonly digest: unknown } {
  const payload = at(attestation, ...path);
  if (typeof payload !== 'string') throw new NoEvidence('it has an attestation without a statement');
  const subject = first(at(strict(Buffer.from(payload, 'base64')), 'subject'));
  const name = at(subject, 'name');
  if (typeof name !== 'string' || name.length > 512)
    throw new NoEvidence('it has a statement about nothing', 'subject-count');
  return { name, digest: at(subject, 'digest') };
}

function first(list: unknown): unknown {
  return Array.isArray(list) ? list[0] : undefined;
}
