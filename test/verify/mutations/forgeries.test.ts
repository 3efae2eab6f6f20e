import { beforeAll, expect, test } from 'vitest';
import type { Cause, Signer } from '../../../src/model/evidence.ts';
import { openTrust, type Trust } from '../../../src/verify/trust.ts';
import type { BundleJson } from '../../harness/sigstore-seal.ts';
import { RUN, type Run } from '../../harness/sigstore-signer.ts';
import {
  type Attested,
  mintWorld,
  type NpmDocument,
  type RegistryKeyName,
  type Tweaks,
  type World,
} from '../../harness/sigstore-world.ts';
import { at, type Json } from './json.ts';
import { judge } from './judge.ts';
import {
  jobOf,
  npmArtifact,
  npmDocument,
  pypiArtifact,
  pypiDocument,
  signaturesDocument,
} from './specimens.ts';
import { refusals } from './wanted.ts';

let world: World;
let other: World;
let trust: Trust;

beforeAll(async () => {
  world = await mintWorld();
  // Of the same moment: its times are no alteration.
  other = await mintWorld({ clock: world.time });
  trust = openTrust(world.trust);
});

const NPM = { kind: 'npm-attestations', artifact: npmArtifact() } as const;
const PYPI = { kind: 'pypi-provenance', artifact: pypiArtifact() } as const;

function causeOf(about: typeof NPM | typeof PYPI, document: Json, under: Trust = trust): string | null {
  return judge(under, jobOf(about, document), world.now).refused;
}

async function npm(tweaks: Parameters<typeof npmDocument>[1] = {}): Promise<string | null> {
  return causeOf(NPM, await npmDocument(world, tweaks));
}

/** The provenance bundle of a document, changed. */
const provenance =
  (change: (bundle: BundleJson, document: NpmDocument) => void) =>
  (document: NpmDocument): NpmDocument => {
    const [, listed] = document.attestations;
    if (!listed) throw new Error('no provenance');
    change(listed.bundle, document);
    return document;
  };

function entryOf(bundle: BundleJson): BundleJson['verificationMaterial']['tlogEntries'][number] {
  const [entry] = bundle.verificationMaterial.tlogEntries;
  if (!entry) throw new Error('no log entry');
  return entry;
}

test('what is minted here without a change verifies', async () => {
  expect(await npm()).toBeNull();
  expect(causeOf(PYPI, await pypiDocument(world))).toBeNull();
});

test.each<[string, Cause, (bundle: BundleJson) => void]>([
  [
    'a media type that is not known',
    'media-type',
    (bundle) => {
      bundle.mediaType = 'application/vnd.dev.sigstore.bundle.v0.9+json';
    },
  ],
  [
    'no inclusion proof',
    'log-proof',
    (bundle) => {
      delete entryOf(bundle).inclusionProof;
    },
  ],
  [
    'no inclusion proof, and relabelled as of the time when none was needed',
    'log-proof',
    (bundle) => {
      const { certificate } = bundle.verificationMaterial;
      if (!certificate) throw new Error('no certificate');
      bundle.mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.1';
      bundle.verificationMaterial.x509CertificateChain = { certificates: [certificate] };
      delete bundle.verificationMaterial.certificate;
      delete entryOf(bundle).inclusionProof;
    },
  ],
  [
    'no log entry',
    'log-proof',
    (bundle) => {
      bundle.verificationMaterial.tlogEntries = [];
    },
  ],
  [
    'integrated an hour before',
    'certificate-time',
    (bundle) => {
      const entry = entryOf(bundle);
      entry.integratedTime = String(Number(entry.integratedTime) - 3600);
    },
  ],
  [
    'integrated a minute later',
    'log-proof',
    (bundle) => {
      const entry = entryOf(bundle);
      entry.integratedTime = String(Number(entry.integratedTime) + 60);
    },
  ],
  [
    'a checkpoint by another log',
    'log-proof',
    (bundle) => {
      const { inclusionProof } = entryOf(bundle);
      if (!inclusionProof) throw new Error('no proof');
      inclusionProof.checkpoint.envelope = world.logV2.checkpoint(
        Number(inclusionProof.treeSize),
        Buffer.from(inclusionProof.rootHash, 'base64'),
      );
    },
  ],
  [
    'a checkpoint of another tree by the same log',
    'log-proof',
    (bundle) => {
      const { inclusionProof } = entryOf(bundle);
      if (!inclusionProof) throw new Error('no proof');
      inclusionProof.checkpoint.envelope = world.log.checkpoint(5, Buffer.alloc(32, 1));
    },
  ],
  [
    'two signatures',
    'signature-count',
    (bundle) => {
      bundle.dsseEnvelope.signatures.push(...bundle.dsseEnvelope.signatures);
    },
  ],
  [
    'no signature',
    'signature-count',
    (bundle) => {
      bundle.dsseEnvelope.signatures = [];
    },
  ],
  [
    'a key id beside a certificate',
    'key-id',
    (bundle) => {
      for (const signature of bundle.dsseEnvelope.signatures) signature.keyid = world.keys.current.keyid;
    },
  ],
])('provenance with %s: %s', async (_, cause, change) => {
  expect(await npm({ document: provenance(change) })).toBe(cause);
});

test("another bundle's log entry, certificate, timestamp or envelope is refused", async () => {
  const twin = await world.npmAttestations({
    name: NPM.artifact.name,
    version: '1.2.4',
    sha512: NPM.artifact.sha512,
    entry: 'hashedrekord-v2',
  });
  const { attestations }: NpmDocument = JSON.parse(Buffer.from(twin).toString());
  const [, listed] = attestations;
  if (!listed) throw new Error('no twin');
  const { verificationMaterial, dsseEnvelope } = listed.bundle;
  const { certificate, timestampVerificationData } = verificationMaterial;
  if (!certificate || !timestampVerificationData) throw new Error('a twin without all of it');
  const causes: (string | null)[] = [];
  for (const change of [
    (bundle: BundleJson) => {
      bundle.verificationMaterial.tlogEntries = verificationMaterial.tlogEntries;
    },
    (bundle: BundleJson) => {
      bundle.verificationMaterial.certificate = certificate;
    },
    (bundle: BundleJson) => {
      bundle.verificationMaterial.timestampVerificationData = timestampVerificationData;
    },
    (bundle: BundleJson) => {
      bundle.dsseEnvelope = dsseEnvelope;
    },
  ]) {
    causes.push(await npm({ entry: 'hashedrekord-v2', document: provenance(change) }));
  }
  expect(causes).toEqual(['log-entry', 'signature', 'timestamp', 'signature']);
});

test.each<[string, Cause, Tweaks]>([
  [
    'logged with another certificate for the same key',
    'log-certificate',
    { loggedAs: { repository: 'evil/widget' } },
  ],
  [
    'logged so by a log of version 2',
    'log-certificate',
    { loggedAs: { run: '9999' }, entry: 'hashedrekord-v2' },
  ],
  ['of a payload type that is none', 'payload-type', { payloadType: 'application/json' }],
])('provenance %s: %s', async (_, cause, tweaks) => {
  expect(await npm(tweaks)).toBe(cause);
});

test('a certificate that had run out when it was logged is refused', async () => {
  const loggedAt = new Date(world.time.getTime() + 3_600_000);
  expect(await npm({ loggedAt })).toBe('certificate-time');
  expect(await npm({ loggedAt, entry: 'hashedrekord-v2' })).toBe('certificate-time');
  expect(causeOf(PYPI, await pypiDocument(world, { loggedAt }))).toBe('certificate-time');
});

test('a certificate of today with the extensions of 2022 alone is refused', async () => {
  expect(await npm({ legacy: true })).toBe('certificate');
  expect(await npm({ predicate: 'v0.2' })).toBeNull();
});

test('who wants to know what it was built from is not content with who uploaded it', async () => {
  const [, built] = await signersOf({}, ['publish', 'slsa']);
  const uploaded = await signersOf({}, ['publish']);
  if (!built) throw new Error('nobody signed');
  expect(built.predicate).toBe('slsa');
  expect(refusals(uploaded, built)).toEqual({ pinned: ['PROVENANCE_SIGNER'], before: ['SIGNER_CHANGED'] });
});

test('without any time of signing it is refused, though the log has it', async () => {
  expect(await npm({ entry: 'hashedrekord-v2', timestamp: false })).toBe('timestamp');
  expect(await npm({ promise: false, timestamp: false })).toBe('timestamp');
});

test('what another Sigstore vouches for is refused, and what ours does, by another', async () => {
  const foreign = await npmDocument(other);
  expect(causeOf(NPM, foreign)).not.toBeNull();
  expect(causeOf(NPM, await npmDocument(world), openTrust(other.trust))).not.toBeNull();
  // The registry's own half of ours, the provenance of theirs.
  const provenanceOfTheirs = at(foreign, ['attestations', 1]);
  const mixed = await npmDocument(world, {
    document: ({ attestations: [publish] }) => ({ attestations: [publish, provenanceOfTheirs] }),
  });
  expect(causeOf(NPM, mixed)).toBe('certificate');
  expect(causeOf(PYPI, await pypiDocument(other))).toBe('certificate');
});

test.each<[RegistryKeyName, Cause]>([
  ['retired', 'key-time'],
  ['revoked', 'key-unknown'],
  ['unknown', 'key-unknown'],
  ['signaturesOnly', 'key-usage'],
])('a publish attestation by the key that is %s: %s', async (key, cause) => {
  expect(await npm({ key })).toBe(cause);
});

test('a publish attestation by a key that was retired later verifies', async () => {
  expect(await npm({ key: 'retired', bundle: 'v0.1' })).toBeNull();
});

test.each<[RegistryKeyName, Cause]>([
  ['retired', 'key-retired'],
  ['revoked', 'key-unknown'],
  ['unknown', 'key-unknown'],
  ['attestationsOnly', 'key-usage'],
])('a registry signature by the key that is %s: %s', (key, cause) => {
  const job = jobOf(
    { kind: 'npm-signatures', artifact: NPM.artifact },
    signaturesDocument(world, NPM.artifact, key),
  );
  expect(judge(trust, job, world.now).refused).toBe(cause);
});

test('a retired key counts for what was never absent and is old enough, and for nothing else', () => {
  const job = jobOf(
    { kind: 'npm-signatures', artifact: NPM.artifact },
    signaturesDocument(world, NPM.artifact, 'retired'),
  );
  const end = world.time.getTime() - 60 * 86_400_000;
  const outcome = (claimedAt: number | null, neverAbsent: boolean): string | null =>
    judge(trust, { ...job, claimedAt, neverAbsent }, world.now).refused;
  expect(outcome(end - 1, true)).toBeNull();
  expect(outcome(end - 1, false)).toBe('key-retired');
  expect(outcome(end, true)).toBe('key-retired');
  expect(outcome(null, true)).toBe('key-retired');
});

test.each<[string, Cause, (document: NpmDocument) => unknown]>([
  [
    'with the provenance twice',
    'pair',
    ({ attestations: [publish, slsa] }) => ({ attestations: [publish, slsa, slsa] }),
  ],
  [
    'with the publish attestation alone',
    'pair',
    ({ attestations: [publish] }) => ({ attestations: [publish] }),
  ],
  ['with the provenance alone', 'pair', ({ attestations: [, slsa] }) => ({ attestations: [slsa] })],
  ['with none', 'pair', () => ({ attestations: [] })],
  [
    'whose provenance is listed as of another version of SLSA',
    'predicate-type',
    ({ attestations: [publish, slsa] }) => ({
      attestations: [publish, { ...slsa, predicateType: 'https://slsa.dev/provenance/v0.2' }],
    }),
  ],
  [
    'whose two are listed as each other',
    'predicate-type',
    ({ attestations: [publish, slsa] }) => ({
      attestations: [
        { ...publish, predicateType: slsa?.predicateType },
        { ...slsa, predicateType: publish?.predicateType },
      ],
    }),
  ],
  [
    'whose publish attestation names another key than it hints at',
    'key-id',
    (document) => {
      for (const signature of document.attestations[0]?.bundle.dsseEnvelope.signatures ?? []) {
        signature.keyid = world.keys.signaturesOnly.keyid;
      }
      return document;
    },
  ],
  [
    'whose publish attestation names no key',
    'key-id',
    (document) => {
      for (const signature of document.attestations[0]?.bundle.dsseEnvelope.signatures ?? [])
        signature.keyid = '';
      return document;
    },
  ],
])('attestations %s: %s', async (_, cause, document) => {
  expect(await npm({ document })).toBe(cause);
});

test.each<[string, Cause, Pick<Tweaks, 'statement'>]>([
  ['about nothing', 'subject-count', { statement: (it) => ({ ...it, subject: [] }) }],
  [
    'about itself twice',
    'subject-count',
    { statement: (it) => ({ ...it, subject: [...it.subject, ...it.subject] }) },
  ],
  [
    'about another artifact too',
    'subject-count',
    { statement: (it) => ({ ...it, subject: [...it.subject, { name: 'x', digest: { sha256: 'aa' } }] }) },
  ],
])('a statement %s: %s', async (_, cause, tweaks) => {
  expect(await npm(tweaks)).toBe(cause);
  expect(causeOf(PYPI, await pypiDocument(world, tweaks))).toBe(cause);
});

test.each<[string, Partial<Run>]>([
  ['the right repository by the wrong workflow', { workflow: '.github/workflows/other.yml' }],
  ['a pull request', { trigger: 'pull_request_target' }],
  ["a stranger's own runner", { runner: 'self-hosted' }],
  ['a fork', { repository: 'evil/widget', repositoryId: '666', ownerId: '66' }],
  ['an account that took the old name', { ownerId: '66' }],
  [
    'a stranger who calls the same reusable builder',
    {
      repository: 'evil/widget',
      builder: 'https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.2.3',
    },
  ],
  ['another branch', { ref: 'refs/heads/evil' }],
  ['no environment', { environment: null }],
  ['another provider', { provider: 'GitLab' }],
])('provenance of %s verifies, and the policy that names the signer refuses it', async (_, signer) => {
  const [wanted] = await signersOf({});
  const found = await signersOf(signer);
  if (!wanted) throw new Error('nobody signed');
  expect(refusals([wanted], wanted)).toEqual({ pinned: [], before: [] });
  expect(refusals(found, wanted).pinned).toContain('PROVENANCE_SIGNER');
});

async function signersOf(
  signer: Partial<Run>,
  predicates: readonly Attested[] = ['publish'],
): Promise<readonly Signer[]> {
  const document = await pypiDocument(world, { signer: { ...RUN, ...signer }, predicates });
  const outcome = judge(trust, jobOf(PYPI, document), world.now);
  expect(outcome).toMatchObject({ refused: null });
  return outcome.signers ?? [];
}
