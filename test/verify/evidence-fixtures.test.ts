import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { PackageName } from '../../src/model/artifact.ts';
import { type Digest, digestsOfSri, sriOf } from '../../src/model/digest.ts';
import type { EvidenceJob, Signer } from '../../src/model/evidence.ts';
import { defaultNpmBase } from '../../src/upstream/defaults.ts';
import { checkEvidence } from '../../src/verify/evidence.ts';
import { openTrust } from '../../src/verify/trust.ts';
import { fixture, reasonForNoFixtures } from '../harness/fixtures.ts';
import { checked, NPM, PYPI, words } from './checking.ts';

// Real evidence of the public registries, against real trust roots, at a time when all of it was long out.

const NOW = Date.UTC(2026, 10, 23);
const npmRegistry = new URL(await defaultNpmBase()).origin;
const title = reasonForNoFixtures ? ` (${reasonForNoFixtures})` : '';

const open = (root: string) =>
  openTrust({
    root: fixture('trust', root),
    npmKeys: readFileSync(new URL('../../trust/npm-keys.json', import.meta.url)),
    proofSince: Date.UTC(2024, 0, 1),
    npmRegistry,
  });

const npm = (name: string, version: string, hex: string): EvidenceJob['artifact'] => ({
  ...NPM,
  name: name as PackageName,
  version,
  sha512: `sha512:${hex}`,
});

const pypi = (name: string, filename: string, hex: string): EvidenceJob['artifact'] => ({
  ...PYPI,
  name: name as PackageName,
  filename,
  sha256: `sha256:${hex}`,
});

const SIGSTORE_040 = npm(
  'sigstore',
  '0.4.0',
  '282c0c5fa936d264321643581b65d3de5c0af6ed4fdfac12f5851115df39cc25cfaf0ad22d908487bfef30114d61c25746206d1834be4f8fd1659178f77cc004',
);
const SIGSTORE_100 = npm(
  'sigstore',
  '1.0.0',
  '7bea9f6e7ff37f5fab0b36bf061200fff03099fd2fd696b91d04bc5e4f225eb9fd6e0cadcad54ba980f43fb352a99e8810b4e0abeb5c0ef2cf9108cd1f258b36',
);
const PLAYWRIGHT = npm(
  '@playwright/cli',
  '0.1.1',
  'f64d7565f0f001f3150c322e1155b55afb3c4a80cd5c863574d43ef42f7f492f199849647317acbb97a82fbbcd6bdea7b626d419aab54ccdaa428aaf765fc8f6',
);
const SAMPLE = pypi(
  'sampleproject',
  'sampleproject-4.0.0.tar.gz',
  '0ace7980f82c5815ede4cd7bf9f6693684cec2ae47b9b7ade9add533b8627c6b',
);
const ATTESTATIONS = pypi(
  'pypi-attestations',
  'pypi_attestations-0.0.19.tar.gz',
  '9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3',
);

const VALID: [EvidenceJob['artifact'], EvidenceJob['kind'], readonly string[], Partial<Signer>][] = [
  [
    SIGSTORE_040,
    'npm-attestations',
    ['npm', 'sigstore-0.4.0.valid.json'],
    {
      predicate: 'slsa',
      issuer: 'https://token.actions.githubusercontent.com',
      repository: 'github.com/sigstore/sigstore-js',
      workflow: '.github/workflows/publish.yml',
      ref: 'refs/tags/v0.4.0',
      commit: '8a2ee2fd20dda58ffa4a8d808a65cb1e04711c03',
      trigger: 'release',
      runner: null,
      ownerId: null,
    },
  ],
  [
    SIGSTORE_100,
    'npm-attestations',
    ['npm', 'sigstore-1.0.0.valid.json'],
    { repository: 'github.com/sigstore/sigstore-js', ref: 'refs/tags/v1.0.0' },
  ],
  [
    PLAYWRIGHT,
    'npm-attestations',
    ['npm', 'playwright-cli-0.1.1.valid.json'],
    {
      predicate: 'slsa',
      repository: 'github.com/microsoft/playwright-cli',
      repositoryId: '273562379',
      ownerId: '6154722',
      workflow: '.github/workflows/publish.yml',
      ref: 'refs/tags/v0.1.1',
      commit: 'd1c6d1113932ddcee243e8b111b6d4aea553df20',
      trigger: 'release',
      runner: 'github-hosted',
    },
  ],
  [
    SAMPLE,
    'pypi-provenance',
    ['pypi', 'sampleproject-4.0.0.tar.gz.provenance'],
    {
      predicate: 'publish',
      repository: 'github.com/pypa/sampleproject',
      workflow: '.github/workflows/release.yml',
    },
  ],
  [
    ATTESTATIONS,
    'pypi-provenance',
    ['pypi', 'pypi_attestations-0.0.19.tar.gz.provenance'],
    {
      predicate: 'publish',
      repository: 'github.com/trailofbits/pypi-attestations',
      ref: 'refs/tags/v0.0.19',
    },
  ],
];

describe.skipIf(reasonForNoFixtures !== null)(`real evidence${title}`, () => {
  test.each(VALID)('$name $version verifies: %s', (artifact, kind, path, signer) => {
    const verdict = checked(open('prod-trusted_root.json'), NOW, kind, artifact, fixture(...path));
    expect(words(verdict)).toBe('verified');
    expect(verdict.signers.length).toBe(1);
    expect(verdict.signers[0]).toMatchObject(signer);
  });

  test.each(VALID)('$name $version is of production, not of staging', (artifact, kind, path) => {
    const verdict = checked(open('staging-trusted_root.json'), NOW, kind, artifact, fixture(...path));
    expect(verdict.result).not.toBe('verified');
  });

  test('is of the version that it is of', () => {
    const trust = open('prod-trusted_root.json');
    const check = (artifact: EvidenceJob['artifact']) =>
      words(checked(trust, NOW, 'npm-attestations', artifact, fixture('npm', 'sigstore-1.0.0.valid.json')));
    expect(check(SIGSTORE_040)).toBe('failed subject-name');
    expect(check({ ...SIGSTORE_040, version: '1.0.0' })).toBe('failed subject-digest');
  });

  // In three the altered text is what is signed: then its signature is what is wrong with it, and it is not read.
  test.each([
    ['invalid', 'failed malformed'],
    ['malformed-subject', 'failed signature'],
    ['mismatched-keyid', 'failed key-id'],
    ['mismatched-subject-digest', 'failed signature'],
    ['mismatched-subject-name', 'failed signature'],
    ['no-keyid', 'failed key-id'],
    ['unsupported', 'failed payload-type'],
  ])('sigstore 0.4.0, %s: %s', (fault, cause) => {
    const bytes = fixture('npm', `sigstore-0.4.0.${fault}.json`);
    expect(words(checked(open('prod-trusted_root.json'), NOW, 'npm-attestations', SIGSTORE_040, bytes))).toBe(
      cause,
    );
  });
});

interface Recorded {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
  readonly keyid: string;
  readonly sig: string;
}

describe.skipIf(reasonForNoFixtures !== null)(`real signatures of the registry${title}`, () => {
  const recorded = (): Recorded[] => JSON.parse(fixture('npm', 'registry-signatures.json').toString());
  const END = Date.UTC(2025, 0, 29);

  const verdict = (one: Recorded, sha512: Digest, claimedAt: number | null, version = one.version): string =>
    words(
      checkEvidence(
        open('prod-trusted_root.json'),
        {
          artifact: { ...NPM, name: one.name as PackageName, version, sha512 },
          kind: 'npm-signatures',
          bytes: Buffer.from(JSON.stringify({ signatures: [{ keyid: one.keyid, sig: one.sig }] })),
          claimedAt,
          neverAbsent: true,
        },
        NOW,
      ),
    );

  test('verify, by the retired key only for what was out before its end', () => {
    let retired = 0;
    for (const one of recorded()) {
      const [sha512] = digestsOfSri(one.integrity);
      if (!sha512) throw new Error('a fixture without a digest');
      expect(sriOf(sha512)).toBe(one.integrity);
      const old = one.keyid.startsWith('SHA256:jl3bwswu');
      retired += Number(old);
      expect(verdict(one, sha512, END - 1), one.name).toBe(old ? 'verified key-retired' : 'verified');
      expect(verdict(one, sha512, END), one.name).toBe(old ? 'unchecked key-retired' : 'verified');
      expect(verdict(one, sha512, END - 1, `${one.version}-0`), one.name).toBe('failed signature');
      expect(verdict(one, NPM.sha512, END - 1), one.name).toBe('failed signature');
    }
    expect([retired > 0, recorded().length > retired]).toEqual([true, true]);
  });
});
