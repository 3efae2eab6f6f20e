import { hash } from 'node:crypto';
import { codesOf, type Fields, type LoggedEntry, objectsOf, textOf, textsOf, timeOf } from './logged.ts';

/** in-toto Statement v1 (in-toto attestation framework, spec/v1/statement.md). */
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
/** SLSA Verification Summary Attestation (slsa.dev/spec/v1.2/verification_summary). */
export const VSA_TYPE = 'https://slsa.dev/verification_summary/v1';
const SLSA_VERSION = '1.2';

/** What one summary says, and which other it would be the same as. */
export interface Summary {
  readonly statement: Fields;
  /** Of the same artifact under the same policy, and with the same outcome: such summaries are the same. */
  readonly key: string;
  /** Digest of the artifact, lower-case hex. */
  readonly sha256: string;
  /** False where mode `observe` let it through in spite of the policy. */
  readonly passed: boolean;
}

/**
 * What can be said of one entry; null where it admits no artifact, or one that has no package URL. What the predicate has
 * no member for (mode, rule, waivers, checks, and the entry) are annotations of the subject: readers of the predicate that
 * are older than those of `policy` refuse what they do not know.
 */
export function summaryOf(entry: LoggedEntry, verifier: string): Summary | null {
  const { fields } = entry;
  const [purl, file, policy] = ['purl', 'file', 'policy'].map((name) => textOf(fields, name));
  const [sha256, sha512] = (['sha256', 'sha512'] as const).map((name) => hexOf(name, textOf(fields, name)));
  const policyDigest = hexOf('sha256', policy);
  if (!isAdmission(fields) || !purl || !file || !sha256 || !policyDigest) return null;
  const observed = codesOf(fields, 'observed');
  const passed = observed.length === 0;
  const levels = [passed ? buildLevel(fields) : 'FAILED'];
  const profile = textOf(fields, 'profile') ?? 'default';
  const annotations = {
    profile,
    mode: textOf(fields, 'mode') ?? 'enforce',
    engine: textOf(fields, 'engine') ?? 'unknown',
    ...(textOf(fields, 'place') && { rule: textOf(fields, 'place') }),
    ...(observed.length > 0 && { observed }),
    ...listed('waived', objectsOf(fields, 'waived').map(waivedOf)),
    ...listed('warnings', codesOf(fields, 'warnings')),
  };
  const { seq, leaf, log } = entry;
  const predicate = {
    verifier: { id: verifier },
    timeVerified: timeOf(fields),
    resourceUri: purl,
    policy: {
      uri: `${verifier}/policies/${encodeURIComponent(profile)}`,
      digest: { sha256: policyDigest },
    },
    ...inputsOf(fields),
    verificationResult: passed ? 'PASSED' : 'FAILED',
    verifiedLevels: levels,
    slsaVersion: SLSA_VERSION,
  };
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [
      {
        name: file,
        digest: { sha256, ...(sha512 && { sha512 }) },
        annotations: {
          ...annotations,
          ...listed('checks', objectsOf(fields, 'checks').map(checkOf)),
          entry: { seq, leaf, ...(log && { log: log.origin, index: log.index }) },
        },
      },
    ],
    predicateType: VSA_TYPE,
    predicate,
  };
  // Without the checks: the first admission of a file has no first digest to compare with, and the next one has.
  const same = JSON.stringify([purl, file, sha256, policyDigest, annotations, levels]);
  return { statement, key: hash('sha256', same, 'base64url'), sha256, passed };
}

/**
 * Who says it: the log's origin as a URI, whose key signs. An origin is a URL without its scheme (C2SP tlog-checkpoint),
 * and the specification asks for a URI here.
 */
export function verifierOf(origin: string): string {
  return `https://${origin}`;
}

/** Whether the entry admits the bytes of an artifact: a request that was answered with an index has no digests. */
export function isAdmission(fields: Fields): boolean {
  return (
    textOf(fields, 'type') === 'decision' &&
    textOf(fields, 'verdict') === 'allow' &&
    textOf(fields, 'route') === 'artifact' &&
    textOf(fields, 'sha256') !== undefined
  );
}

/**
 * The level of SLSA's build track that was verified. Build provenance whose signature, subject and certificate verified
 * is Build L1: "defaulting to SLSA Build L1" where no builder is configured as one to be trusted further
 * (verifying-artifacts, step 1), and none can be here. A publish attestation says who uploaded, and not how it was built;
 * with that, or where the signers did not fit into the entry, no claim is made.
 */
function buildLevel(fields: Fields): 'SLSA_BUILD_LEVEL_1' | 'SLSA_BUILD_LEVEL_UNEVALUATED' {
  const built = objectsOf(fields, 'checks').some(
    (check) =>
      textOf(check, 'check') === 'provenance' &&
      textOf(check, 'result') === 'verified' &&
      objectsOf(check, 'signers').some((signer) => textOf(signer, 'predicate') === 'slsa'),
  );
  return built ? 'SLSA_BUILD_LEVEL_1' : 'SLSA_BUILD_LEVEL_UNEVALUATED';
}

/** "If non-empty, this field MUST contain information on all the attestations": where some did not fit, there is none. */
function inputsOf(fields: Fields): Fields {
  if (textOf(fields, 'evidenceCut') !== undefined) return {};
  const inputs = objectsOf(fields, 'checks').flatMap((check) =>
    textsOf(check, 'documents').flatMap((document) => {
      const sha256 = hexOf('sha256', document);
      return sha256 ? [{ digest: { sha256 } }] : [];
    }),
  );
  return inputs.length > 0 ? { inputAttestations: inputs } : {};
}

function waivedOf(waived: Fields): Fields {
  return { code: textOf(waived, 'code') ?? '', place: textOf(waived, 'place') ?? '' };
}

function checkOf(check: Fields): string {
  return `${textOf(check, 'check') ?? ''} ${textOf(check, 'result') ?? ''}`;
}

function listed(name: string, list: readonly unknown[]): Fields {
  return list.length > 0 ? { [name]: list } : {};
}

const LENGTHS = { sha256: 64, sha512: 128 } as const;

/** The hex digits of a digest of this kind. */
export function hexOf(algorithm: 'sha256' | 'sha512', digest: string | undefined): string | undefined {
  const hex = digest?.startsWith(`${algorithm}:`) ? digest.slice(algorithm.length + 1) : undefined;
  return hex?.length === LENGTHS[algorithm] && /^[0-9a-f]+$/.test(hex) ? hex : undefined;
}
