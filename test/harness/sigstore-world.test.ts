import { createPublicKey, verify } from 'node:crypto';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { beforeAll, expect, test } from 'vitest';
import { sriOf } from '../../src/model/digest.ts';
import type { EntryKind } from './sigstore-seal.ts';
import { mintWorld, type NpmDocument, type PypiDocument, type World } from './sigstore-world.ts';

const SHA512 = `sha512:${'5a'.repeat(64)}` as const;
const SHA256 = `sha256:${'2b'.repeat(32)}` as const;

let world: World;
beforeAll(async () => {
  world = await mintWorld();
});

/** The library's own verdict on a bundle: the subject of its certificate, undefined where a key signed. Throws. */
function verifies(bundle: unknown, by: World = world): string | undefined {
  const keys = Object.values(by.keys);
  const trust = toTrustMaterial(
    TrustedRoot.fromJSON(JSON.parse(Buffer.from(by.trust.root).toString())),
    (hint) => {
      const key = keys.find(({ keyid }) => keyid === hint);
      if (!key) throw new Error('no such key');
      return {
        publicKey: createPublicKey({ key: key.spki, format: 'der', type: 'spki' }),
        validFor: () => true,
      };
    },
  );
  const signer = new Verifier(trust).verify(toSignedEntity(bundleFromJSON(bundle)));
  return signer.identity?.subjectAlternativeName;
}

async function npm(wanted: Partial<Parameters<World['npmAttestations']>[0]> = {}): Promise<NpmDocument> {
  const bytes = await world.npmAttestations({
    name: '@acme/widget',
    version: '1.2.3',
    sha512: SHA512,
    ...wanted,
  });
  return JSON.parse(Buffer.from(bytes).toString());
}

const WORKFLOW = 'https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.2.3';

test.each([
  {},
  { bundle: 'v0.1' },
  { bundle: 'v0.2' },
  { bundle: 'v0.3' },
  { predicate: 'v0.2' },
  { entry: 'intoto' },
  { entry: 'hashedrekord-v2' },
  { entry: 'dsse-v2' },
  { timestamp: true },
] as const)('npm attestations verify, the second by certificate: %j', async (wanted) => {
  const { attestations } = await npm(wanted);
  expect(attestations.map(({ bundle }) => verifies(bundle))).toEqual([undefined, WORKFLOW]);
});

test.each([
  ['GitHub', WORKFLOW],
  ['GitLab', 'https://gitlab.com/acme/widget//.gitlab-ci.yml@refs/tags/v1.2.3'],
  ['Google', 'publisher@acme.iam.example'],
  [
    'CircleCI',
    'https://circleci.com/api/v2/projects/11111111-1111-4111-8111-111111111111/pipeline-definitions/22222222-2222-4222-8222-222222222222',
  ],
] as const)('PyPI provenance of %s verifies', async (publisher, subject) => {
  const bytes = await world.pypiProvenance({
    filename: 'widget-1.2.3.tar.gz',
    sha256: SHA256,
    publisher,
    predicates: publisher === 'GitHub' ? ['publish', 'slsa'] : ['publish'],
  });
  const { attestation_bundles }: PypiDocument = JSON.parse(Buffer.from(bytes).toString());
  const subjects = attestation_bundles.flatMap(({ attestations }) =>
    attestations.map(({ verification_material, envelope }) =>
      verifies({
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        verificationMaterial: {
          certificate: { rawBytes: verification_material.certificate },
          tlogEntries: verification_material.transparency_entries,
        },
        dsseEnvelope: {
          payload: envelope.statement,
          payloadType: 'application/vnd.in-toto+json',
          signatures: [{ sig: envelope.signature }],
        },
      }),
    ),
  );
  expect(subjects).toEqual(publisher === 'GitHub' ? [subject, subject] : [subject]);
});

test('registry signatures are over name, version and integrity', () => {
  const { sig, keyid } = world.registrySignature({
    name: 'widget',
    version: '1.2.3',
    integrity: sriOf(SHA512),
  });
  const key = createPublicKey({ key: world.keys.current.spki, format: 'der', type: 'spki' });
  const message = Buffer.from(`widget@1.2.3:${sriOf(SHA512)}`);
  expect(keyid).toBe(world.keys.current.keyid);
  expect(verify('sha256', message, key, Buffer.from(sig, 'base64'))).toBe(true);
});

test('a world does not verify what another one minted', async () => {
  const other = await mintWorld();
  const { attestations } = await npm();
  expect(() => verifies(attestations[1]?.bundle, other)).toThrow();
});

test.each(['2023-02-09T10:00:00Z', '2031-01-01T00:00:00Z'])('a world of another time: %s', async (clock) => {
  const then = await mintWorld({ clock: new Date(clock) });
  expect(Date.now()).not.toBe(then.time.getTime());
  for (const entry of ['dsse', 'dsse-v2'] satisfies EntryKind[]) {
    const bytes = await then.npmAttestations({ name: 'widget', version: '1.2.3', sha512: SHA512, entry });
    const { attestations }: NpmDocument = JSON.parse(Buffer.from(bytes).toString());
    expect(verifies(attestations[1]?.bundle, then)).toBe(WORKFLOW);
  }
});

test('logged after its certificate ran out, it does not verify', async () => {
  const late = new Date(world.time.getTime() + 3_600_000);
  for (const entry of ['dsse', 'dsse-v2'] satisfies EntryKind[]) {
    const { attestations } = await npm({ loggedAt: late, entry });
    expect(() => verifies(attestations[1]?.bundle), entry).toThrow(/certificate/);
  }
});

test('a world is minted in less than a second', async () => {
  const times: number[] = [];
  for (let i = 0; i < 3; i++) {
    const begin = performance.now();
    await mintWorld();
    times.push(performance.now() - begin);
  }
  expect(Math.min(...times)).toBeLessThan(1000);
});
