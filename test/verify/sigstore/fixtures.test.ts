import { beforeAll, describe, expect, test } from 'vitest';
import { verifyBundle } from '../../../src/verify/sigstore/bundle.ts';
import { readStrictJson } from '../../../src/verify/strict-json.ts';
import { openTrust, type Trust } from '../../../src/verify/trust.ts';
import { fixture, reasonForNoFixtures } from '../../harness/fixtures.ts';
import { said } from './faults.ts';

const NOW = Date.UTC(2026, 10, 23);

let production: Trust;
let staging: Trust;

describe.skipIf(reasonForNoFixtures)(`real attestations ${reasonForNoFixtures ?? ''}`, () => {
  beforeAll(() => {
    const open = (name: string) =>
      openTrust({
        root: fixture('trust', `${name}-trusted_root.json`),
        npmKeys: fixture('trust', 'npm-keys.json'),
        proofSince: Date.UTC(2024, 0, 1),
        npmRegistry: 'https://registry.invalid',
      });
    production = open('prod');
    staging = open('staging');
  });

  // biome-ignore lint/suspicious/noExplicitAny: documents of registries
  const document = (...path: string[]): any => readStrictJson(fixture(...path));

  /** Publish attestation and build provenance, in this order. */
  const npmBundles = (name: string): unknown[] =>
    document('npm', `${name}.json`)
      .attestations.toSorted((one: { predicateType: string }) => (/publish/.test(one.predicateType) ? -1 : 1))
      .map((attestation: { bundle: unknown }) => attestation.bundle);

  const pypiBundles = (name: string): unknown[] =>
    document('pypi', `${name}.provenance`).attestation_bundles.flatMap(
      // biome-ignore lint/suspicious/noExplicitAny: documents of registries
      ({ attestations }: any) =>
        // biome-ignore lint/suspicious/noExplicitAny: documents of registries
        attestations.map(({ verification_material: material, envelope }: any) => ({
          mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
          verificationMaterial: {
            certificate: { rawBytes: material.certificate },
            tlogEntries: material.transparency_entries,
          },
          dsseEnvelope: {
            payload: envelope.statement,
            payloadType: 'application/vnd.in-toto+json',
            signatures: [{ sig: envelope.signature }],
          },
        })),
    );

  test.each([
    ['sigstore-0.4.0.valid', 'SHA256:jl3b', 'sigstore/sigstore-js', 'refs/tags/v0.4.0', true],
    ['sigstore-1.0.0.valid', 'SHA256:jl3b', 'sigstore/sigstore-js', 'refs/tags/v1.0.0', true],
    ['playwright-cli-0.1.1.valid', 'SHA256:DhQ8', 'microsoft/playwright-cli', 'refs/tags/v0.1.1', false],
  ])('%s', (name, key, repository, ref, old) => {
    const [publish, provenance] = npmBundles(name).map((bundle) =>
      verifyBundle(production, bundle, { now: NOW }),
    );
    expect(publish?.keyId?.slice(0, 11)).toBe(key);
    expect(publish?.certificate).toBe(null);
    expect(provenance?.keyId).toBe(null);
    expect(provenance?.certificate).toMatchObject({
      issuer: 'https://token.actions.githubusercontent.com',
      subject: `https://github.com/${repository}/.github/workflows/publish.yml@${ref}`,
      repository: `github.com/${repository}`,
      workflow: '.github/workflows/publish.yml',
      ref,
      trigger: 'release',
      // Those of 2022 and 2023 have none of it.
      runner: old ? null : 'github-hosted',
    });
    expect(readStrictJson(provenance?.payload ?? Buffer.alloc(0))).toHaveProperty('subject');
  });

  test.each([
    ['sampleproject-4.0.0.tar.gz', 'github.com/pypa/sampleproject', 'push'],
    ['pypi_attestations-0.0.19.tar.gz', 'github.com/trailofbits/pypi-attestations', 'release'],
  ])('%s', (name, repository, trigger) => {
    for (const bundle of pypiBundles(name)) {
      const { certificate } = verifyBundle(production, bundle, { now: NOW });
      expect(certificate).toMatchObject({
        repository,
        trigger,
        workflow: '.github/workflows/release.yml',
        runner: 'github-hosted',
      });
    }
    expect(pypiBundles(name).length).toBeGreaterThan(0);
  });

  test.each([
    // Its signature is a word, not base64.
    ['sigstore-0.4.0.invalid', ['failed malformed', 'verified']],
    ['sigstore-0.4.0.malformed-subject', ['failed signature', 'verified']],
    ['sigstore-0.4.0.mismatched-keyid', ['verified', 'failed key-id']],
    ['sigstore-0.4.0.mismatched-subject-digest', ['failed signature', 'verified']],
    ['sigstore-0.4.0.mismatched-subject-name', ['failed signature', 'verified']],
    // Of its provenance, the signature's base64 is broken too.
    ['sigstore-0.4.0.no-keyid', ['failed key-id', 'failed malformed']],
    ['sigstore-0.4.0.unsupported', ['failed payload-type', 'verified']],
  ])('%s', (name, words) => {
    const outcomes = npmBundles(name).map((bundle) =>
      said(() => verifyBundle(production, bundle, { now: NOW })),
    );
    expect(outcomes).toEqual(words);
  });

  test('none of them under the root of another instance', () => {
    const bundles = [
      ...npmBundles('playwright-cli-0.1.1.valid'),
      ...pypiBundles('sampleproject-4.0.0.tar.gz'),
    ];
    const outcomes = bundles.map((bundle) => said(() => verifyBundle(staging, bundle, { now: NOW })));
    expect(outcomes).toEqual(['failed log-proof', 'failed certificate', 'failed certificate']);
  });
});
