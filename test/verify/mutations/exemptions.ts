/**
 * Fields whose alteration changes nothing that anybody decides on: nothing of the verdict, of the signers or of the
 * statement. Each is held to that by the test, and must be needed: an entry whose every case is refused fails it.
 */
export interface Exemption {
  /** The field's name, with what it is a field of; `*` at the end for all that it holds. */
  readonly field: string;
  /** Only this way of altering it. */
  readonly how?: string | undefined;
  /** Only in this specimen. */
  readonly of?: string;
  /** The same signers may be told again, in another order or not all of them; nobody else. */
  readonly repeats?: boolean;
  /** The signer may be told differently, in a fact that says nothing of who it is. */
  readonly differs?: boolean;
  readonly why: string;
}

const TIMESTAMP = 'verificationMaterial.timestampVerificationData.rfc3161Timestamps[].signedTimestamp';
const CHECKPOINT_LINES =
  'what stands after a checkpoint is not signed: of the signatures there one by the log must hold, and others, of witnesses, are not read';
const CMS =
  "of a timestamp's reply only the signed part is used; here are a status that is as good, and versions and algorithms that CMS says twice";
const UNREAD =
  'the registry may add members of its own; they are not read, and what is passed on is what was verified';
const PUBLISHER =
  "the index's own, unsigned word on who published: whom the policy expects is in the policy, and who signed in the certificate";

/** Of documents altered after they were signed. */
export const EXEMPTIONS: readonly Exemption[] = [
  { field: 'document: signatures', how: 'first again', why: 'one signature twice says no more than once' },
  {
    field: 'document: signatures[]',
    how: 'a key added',
    why: 'this document is made by us from two members of what the index lists; no other is read or passed on',
  },
  ...[
    'document: signatures[].sig',
    ...['publish', 'slsa'].flatMap((what) => [
      `${what}: verificationMaterial.tlogEntries[].inclusionPromise.signedEntryTimestamp`,
      `${what}: verification_material.transparency_entries[].inclusionPromise.signedEntryTimestamp`,
    ]),
  ].map((field) => ({
    field,
    how: 'other form',
    why: 'each ECDSA signature has two forms, which are as good; no decision and no name is made of these bytes',
  })),
  {
    field: 'publish: mediaType',
    how: 'as in the slsa attestation',
    why: 'by key it is signed alike in v0.2 and v0.3; whether a proof is needed, its time says and not its label',
  },
  ...['publish', 'slsa'].flatMap((what) =>
    ['verification_material.certificate', 'envelope.statement', 'envelope.signature'].map((name) => ({
      field: `${what}: ${name}`,
      how: 'in lines',
      why: "the first of PyPI's attestations have their base64 in lines; the bytes are the same",
    })),
  ),
  { field: 'document: attestations', how: 'reordered', why: 'each is found by its kind, not by its place' },
  { field: 'document: attestations[]', how: 'a key added', why: UNREAD },
  { field: 'document: attestation_bundles[]', how: 'a key added', why: UNREAD },
  { field: 'document: attestation_bundles[].attestations[]', how: 'a key added', why: UNREAD },
  ...['publish', 'slsa'].flatMap((what) => [
    { field: `${what}: verification_material`, how: 'a key added', why: UNREAD },
    { field: `${what}: envelope`, how: 'a key added', why: UNREAD },
  ]),
  { field: 'document: attestation_bundles[].publisher', how: 'a key added', why: PUBLISHER },
  { field: 'document: attestation_bundles[].publisher.*', why: PUBLISHER },
  {
    field: 'document: attestation_bundles',
    how: 'first again',
    repeats: true,
    why: 'the same attestations once more are as true as once',
  },
  {
    field: 'document: attestation_bundles[].attestations',
    how: 'first again',
    repeats: true,
    why: 'the same attestation once more is as true as once',
  },
  {
    field: 'document: attestation_bundles[].attestations',
    how: 'reordered',
    repeats: true,
    why: 'no attestation depends on another',
  },
  {
    field: 'document: attestation_bundles[].attestations[]',
    how: 'removed',
    repeats: true,
    why: 'each is true by itself, and the fewer signers tell; a policy that wants a predicate names it',
  },
  {
    field: 'slsa: verificationMaterial.x509CertificateChain.certificates[]',
    how: 'removed',
    why: 'a chain may end with its root or before it: the trust root has it',
  },
  ...['publish', 'slsa'].flatMap((what) =>
    ['verificationMaterial.tlogEntries', 'verification_material.transparency_entries'].flatMap((entries) =>
      ['{line}3', '{line}4', '{line}5'].map((line) => ({
        field: `${what}: ${entries}[].inclusionProof.checkpoint.envelope${line}`,
        how: line === '{line}5' ? undefined : 'twice',
        why: CHECKPOINT_LINES,
      })),
    ),
  ),
  ...['publish', 'slsa'].flatMap((what) => [
    ...[
      '0.0.0',
      '0.1(1.2.840.113549.1.7.2).1.0.0',
      '0.1(1.2.840.113549.1.7.2).1.0.1.0(2.16.840.1.101.3.4.2.1).0',
      '0.1(1.2.840.113549.1.7.2).1.0.4.0.0',
    ].map((place) => ({
      field: `${what}: ${TIMESTAMP}{der}.${place}`,
      how: 'last bit',
      why: CMS,
    })),
    { field: `${what}: ${TIMESTAMP}`, how: 'first bit', why: CMS },
  ]),
];

/** The evidence whose certificate has the extensions of its time only. */
export const OLD = 'npm, SLSA v0.2, old certificate';

const UNKNOWN_MEMBERS =
  'in-toto and SLSA: a consumer ignores members that it does not know; none of those that it knows is another';
const LEFT_OUT =
  'what the build need not say it may leave out; said wrongly it is refused, and whoever decides reads the certificate';
const BUILDERS_WORD = "the builder's own word, which no certificate has; nobody decides on it";
const OLD_CERTIFICATE = 'a certificate of 2022 and 2023 does not speak of it, and nobody decides on it';
const OLD_NUMBERS = 'the same fact stands under its newer number; where both are there they must agree';
const NOT_A_SIGNER =
  'says nothing of who signed from what: policy has no key for it, and Fulcio alone writes it';
const EACH_BUILD = 'another in each build of the same signer';

/** Of documents minted anew with the alteration in them. */
export const REMINTED: readonly Exemption[] = [
  ...['publish', 'slsa'].flatMap((what) => [
    { field: `statement ${what}: subject[]`, how: 'a key added', why: UNKNOWN_MEMBERS },
    { field: `statement ${what}: predicate*`, how: 'a key added', why: UNKNOWN_MEMBERS },
  ]),
  {
    field: 'statement publish: predicate',
    of: 'PyPI, GitHub',
    why: 'that it was published is all that it states; it is null, {} or not there',
  },
  {
    field: 'statement slsa: predicate.buildDefinition.internalParameters*',
    how: 'removed',
    why: LEFT_OUT,
  },
  ...['buildDefinition.resolvedDependencies', 'materials'].map((list) => ({
    field: `statement slsa: predicate.${list}`,
    how: 'first again',
    why: 'the same source twice is the same source',
  })),
  { field: 'statement slsa: predicate.invocation.environment*', how: 'removed', why: LEFT_OUT },
  { field: 'statement slsa: predicate.invocation.parameters', how: 'removed', why: LEFT_OUT },
  { field: 'statement slsa: predicate.metadata.completeness*', why: BUILDERS_WORD },
  { field: 'statement slsa: predicate.metadata.reproducible', why: BUILDERS_WORD },
  { field: 'statement slsa: predicate.builder*', why: BUILDERS_WORD },
  ...['RUN_ID', 'RUN_ATTEMPT', 'WORKFLOW_SHA'].map((name) => ({
    field: `statement slsa: predicate.invocation.environment.GITHUB_${name}`,
    why: BUILDERS_WORD,
  })),
  ...['REPOSITORY_ID', 'REPOSITORY_OWNER_ID'].map((name) => ({
    field: `statement slsa: predicate.invocation.environment.GITHUB_${name}`,
    of: OLD,
    why: OLD_CERTIFICATE,
  })),
  ...['metadata', 'metadata.buildInvocationId'].map((name) => ({
    field: `statement slsa: predicate.${name}`,
    of: OLD,
    why: OLD_CERTIFICATE,
  })),
  ...[1, 2, 3, 5, 6].map((number) => ({
    field: `certificate: .${number}`,
    how: 'removed',
    why: OLD_NUMBERS,
  })),
  ...[4, 10, 16, 19, 22, 24].map((number) => ({ field: `certificate: .${number}`, why: NOT_A_SIGNER })),
  {
    field: 'certificate: .9',
    differs: true,
    why: 'Fulcio writes it into the subject too, which a policy can name',
  },
  { field: 'certificate: .13', of: 'PyPI, GitLab', differs: true, why: EACH_BUILD },
  { field: 'certificate: .21', why: EACH_BUILD },
  {
    field: 'certificate: .15',
    how: 'removed',
    differs: true,
    why: 'without the number of the repository its name is compared',
  },
  {
    field: 'certificate: .11',
    of: 'PyPI, CircleCI',
    differs: true,
    why: 'CircleCI does not say on whose machine a build runs: a policy for it accepts any',
  },
  {
    field: 'certificate: .18',
    of: 'PyPI, CircleCI',
    differs: true,
    why: "the address of one run's configuration: the pipeline is in the subject",
  },
  { field: 'run: visibility', why: NOT_A_SIGNER },
  { field: 'run: run', differs: true, why: EACH_BUILD },
  { field: 'run: commit', differs: true, why: EACH_BUILD },
];

const WIDER =
  'whoever writes the trust root says whom to trust, more or for longer: its digest is in every decision';
const FOR_PEOPLE = 'tells people whose it is; nothing is looked up by it';
const IN_THE_KEY = 'what kind of key it is stands in the key too, and is taken from there';
const AUTHORITIES = ['certificateAuthorities', 'timestampAuthorities'];
const SERVICES = ['tlogs', 'ctlogs', ...AUTHORITIES];

/** Of the trusted root and the registry's keys. */
export const TRUST: readonly Exemption[] = [
  ...SERVICES.flatMap((services) =>
    ['first again', 'one added', 'one put first', 'reordered']
      .filter((how) => how !== 'reordered' || services === 'tlogs' || services === 'certificateAuthorities')
      .map((how) => ({ field: `root: ${services}`, how, why: WIDER })),
  ),
  ...AUTHORITIES.flatMap((authorities) => [
    ...['first again', 'one added', 'one put first']
      .filter((how) => how !== 'one put first' || authorities === 'certificateAuthorities')
      .map((how) => ({ field: `root: ${authorities}[].certChain.certificates`, how, why: WIDER })),
    { field: `root: ${authorities}[].subject*`, why: FOR_PEOPLE },
    { field: `root: ${authorities}[].uri`, why: FOR_PEOPLE },
  ]),
  ...['removed', 'null'].map((how) => ({
    field: 'root: certificateAuthorities[].validFor.end',
    how,
    why: WIDER,
  })),
  ...SERVICES.map((services) => ({
    field: `root: ${services}${services.endsWith('logs') ? '[].publicKey' : '[]'}.validFor.start`,
    how: 'ten years earlier',
    why: WIDER,
  })),
  {
    field: 'root: certificateAuthorities[].validFor.end',
    how: 'ten years later',
    why: WIDER,
  },
  { field: 'keys: keys[].publicKey.validFor.start', how: 'ten years earlier', why: WIDER },
  { field: 'root: ctlogs[].baseUrl', why: FOR_PEOPLE },
  ...['tlogs', 'ctlogs'].flatMap((logs) => [
    {
      field: `root: ${logs}[].publicKey.rawBytes`,
      how: 'longer',
      why: 'bytes after the key are not the key',
    },
    { field: `root: ${logs}[].publicKey.keyDetails`, why: IN_THE_KEY },
    { field: `root: ${logs}[].hashAlgorithm`, why: IN_THE_KEY },
  ]),
];

export function exemptionOf(
  list: readonly Exemption[],
  at: { readonly field: string; readonly how: string; readonly of: string },
): Exemption | undefined {
  return list.find(
    ({ field, how, of }) =>
      (how === undefined || how === at.how) &&
      (of === undefined || of === at.of) &&
      (field.endsWith('*') ? at.field.startsWith(field.slice(0, -1)) : at.field === field),
  );
}
