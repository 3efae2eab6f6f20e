import type { ArtifactId } from './artifact.ts';
import type { ArtifactDigests, Digest } from './digest.ts';
import type { ReasonCode } from './reason-codes.ts';
import type { Verdict } from './verdict.ts';

/** The kinds of evidence that a policy can ask for; each is one check. */
export const EVIDENCE = ['registry-signature', 'provenance'] as const;
export type EvidenceName = (typeof EVIDENCE)[number];

/** One flag for each kind of evidence. */
export type EvidenceSet = Readonly<Record<EvidenceName, boolean>>;

export const NO_EVIDENCE: EvidenceSet = { 'registry-signature': false, provenance: false };

/** What a document of evidence is; each kind has one strict reader in `verify`. */
export const EVIDENCE_KINDS = {
  /** JSON `{"signatures":[{"keyid","sig"}]}`, made by us from an index's `dist.signatures`. */
  'npm-signatures': 'registry-signature',
  /** The npm registry's answer to `-/npm/v1/attestations/name@version`. */
  'npm-attestations': 'provenance',
  /** A PEP 740 provenance object. */
  'pypi-provenance': 'provenance',
} as const satisfies Record<string, EvidenceName>;
export type EvidenceKind = keyof typeof EVIDENCE_KINDS;

/** Bytes of one document of evidence, whichever way it comes. */
export const MAX_EVIDENCE = 2 * 1024 ** 2;

/** One signature of a registry over `name@version:integrity`, as an index lists it. */
export interface RegistrySignature {
  readonly keyid: string;
  /** Base64 of a DER signature. */
  readonly sig: string;
}

/** What an index says there is of evidence for a file. Claims: they can tighten a decision, never loosen it. */
export interface ListedEvidence {
  /** The index has signatures for the file: its key is there and is not an empty list. */
  readonly signed: boolean;
  /** Those of them whose shape could be read; at most eight. */
  readonly signatures: readonly RegistrySignature[];
  /**
   * Where the index says that attestations lie, as an address relative to the index or absolute; null where it
   * claims none, empty where it claims some at no usable address. Only `upstream` may follow it.
   */
  readonly attestations: string | null;
}

export const NO_LISTED_EVIDENCE: ListedEvidence = { signed: false, signatures: [], attestations: null };

/**
 * Who signed, as a verified certificate says it: decoded strings, each null where the certificate is silent.
 * Source: Fulcio's OIDs 1.3.6.1.4.1.57264.1.8 to .24, for certificates of 2022 and 2023 .1 to .6.
 */
export interface Signer {
  /** What was attested: that the artifact was built so (SLSA provenance), or only that it was uploaded so. */
  readonly predicate: 'slsa' | 'publish';
  /** The OIDC issuer (.8, else .1). */
  readonly issuer: string;
  /** Subject alternative name: a URI, or an e-mail address. */
  readonly subject: string;
  /** `host/owner/name` of the source (.12, else .5). */
  readonly repository: string | null;
  /** .15 */
  readonly repositoryId: string | null;
  /** .17 */
  readonly ownerId: string | null;
  /**
   * Path in the repository of the top-level workflow (.18 without repository and ref). Of an old certificate the
   * path in its subject, where that is of the same repository; null where a reusable workflow signed.
   */
  readonly workflow: string | null;
  /** .14, else .6 */
  readonly ref: string | null;
  /** .13, else .3 */
  readonly commit: string | null;
  /** What started the build: `push`, `release`, … (.20, else .2) */
  readonly trigger: string | null;
  /** `github-hosted`, `self-hosted` (.11) */
  readonly runner: string | null;
  /** Deployment environment (.23). */
  readonly environment: string | null;
  /** The workflow that signed (.9), a reusable one where it differs from `workflow`. */
  readonly builder: string | null;
}

/**
 * Why evidence is not `verified`, or what is odd about it where it is. Words follow "its registry signature" or
 * "its provenance"; they are ours, and the set is closed.
 */
export const CAUSES = {
  // of the way here
  'not-there': 'is announced by the index and is not there',
  unreachable: 'could not be fetched',
  'foreign-origin': 'is said to lie on another host than its index, and is not fetched from there',
  // of the document
  'too-large': 'is larger than any such document',
  malformed: 'cannot be read',
  'duplicate-keys': 'says a thing twice',
  'media-type': 'is of a format that is not known',
  'payload-type': 'carries something other than an in-toto statement',
  'predicate-type': 'states something of a kind that is not known, or not what it is listed as',
  pair: 'is not one publish attestation and one build provenance',
  // of what it is about
  'subject-count': 'is not about exactly one artifact',
  'subject-name': 'is about another package, version or file',
  'subject-digest': 'is about other bytes',
  'publish-predicate': 'was published under another name, version or registry',
  // of the signature
  'signature-count': 'does not have exactly one signature',
  signature: 'has a signature that does not verify',
  'key-id': 'names another key than the one that signed',
  'key-unknown': 'is signed by a key that is not pinned',
  'key-usage': 'is signed by a key that is not for this use',
  'key-time': 'is signed by a key outside of its time',
  'key-retired': 'is signed by a key that has been retired since',
  certificate: 'has a certificate that the trust root does not vouch for',
  'certificate-time': 'was signed outside of the time of its certificate',
  'log-entry': 'is not what the transparency log recorded',
  'log-proof': 'has no valid proof that the transparency log holds it',
  'log-certificate': 'was logged with another certificate',
  timestamp: 'has no valid time of signing',
  // of who it is
  issuer: 'is signed by an identity of a kind that is not known',
  'certificate-predicate': 'says other things than the certificate that signed it',
} as const;
export type Cause = keyof typeof CAUSES;

/** The verdict of one check of evidence. Only where it is `verified` does it have signers or retired keys. */
export interface EvidenceVerdict extends Verdict {
  readonly check: EvidenceName;
  /** Unless `verified` or `absent`; with `verified` only `key-retired`, a thing to record. */
  readonly cause?: Cause;
  /** Who signed the provenance; empty for a registry's signature, and unless `verified`. */
  readonly signers: readonly Signer[];
  /** sha256 of the documents that this verdict is of. */
  readonly documents: readonly Digest[];
}

/** What the evidence of a file came to when it was last looked at. */
export interface EvidenceOutcome {
  /**
   * Of the artifact that it was checked against. It counts for a file where every declared digest is one of these
   * two (npm declares sha512, PyPI sha256), or where they are those first admitted.
   */
  readonly sha256: Digest;
  readonly sha512: Digest;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Digest of the trust root and keys. */
  readonly trust: Digest;
  readonly verdicts: readonly EvidenceVerdict[];
}

/** The evidence with which a file was admitted: what later versions are held to under `no-downgrade`. */
export interface CarriedEvidence extends EvidenceSet {
  /** Who signed its provenance; null where the policy that admitted it did not hold it to a signer. */
  readonly signer: Signer | null;
}

/** What earlier versions of the same major line carried or claimed; see policy/judge/history.ts. */
export interface Baseline extends EvidenceSet {
  /** The signer of the nearest earlier version whose signer we hold it to. */
  readonly signer: Signer | null;
}

export const NO_BASELINE: Baseline = { ...NO_EVIDENCE, signer: null };

/** One document to be checked against one artifact. Structured-cloneable. */
export interface EvidenceJob {
  /** A digest that is not known agrees with nothing. */
  readonly artifact: ArtifactId & Partial<ArtifactDigests>;
  readonly kind: EvidenceKind;
  readonly bytes: Uint8Array;
  /** Latest claimed time of publication, milliseconds since 1970; null for none. Only a retired key asks for it. */
  readonly claimedAt: number | null;
  /** We never saw the index without this file. Only a retired key asks for it. */
  readonly neverAbsent: boolean;
}

/** The code that a cause is refused with. */
export function codeOfCause(check: EvidenceName, cause: Cause): ReasonCode {
  if (check === 'registry-signature') {
    switch (cause) {
      case 'key-unknown':
      case 'key-usage':
      case 'key-time':
      case 'key-retired':
      case 'unreachable':
      case 'foreign-origin':
        return 'SIGNATURE_UNCHECKED';
      default:
        return 'SIGNATURE_INVALID';
    }
  }
  switch (cause) {
    case 'unreachable':
    case 'foreign-origin':
    case 'not-there':
    case 'key-unknown':
    case 'key-usage':
    case 'key-time':
    case 'key-retired':
    case 'media-type':
    case 'issuer':
      return 'PROVENANCE_UNCHECKED';
    case 'too-large':
    case 'malformed':
    case 'duplicate-keys':
    case 'payload-type':
    case 'predicate-type':
    case 'pair':
    case 'signature-count':
      return 'PROVENANCE_UNREADABLE';
    case 'subject-count':
    case 'subject-name':
    case 'subject-digest':
    case 'publish-predicate':
    case 'certificate-predicate':
      return 'PROVENANCE_MISMATCH';
    default:
      return 'PROVENANCE_INVALID';
  }
}
