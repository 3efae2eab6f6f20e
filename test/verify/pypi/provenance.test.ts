import { beforeAll, describe, expect, test } from 'vitest';
import type { EvidenceVerdict, Signer } from '../../../src/model/evidence.ts';
import { openTrust, type Trust } from '../../../src/verify/trust.ts';
import { type Run, runOf } from '../../harness/sigstore-signer.ts';
import {
  mintWorld,
  type PypiDocument,
  type PypiProvenanceWanted,
  type World,
} from '../../harness/sigstore-world.ts';
import { checked, PYPI, words } from '../checking.ts';

let world: World;
let trust: Trust;
beforeAll(async () => {
  world = await mintWorld();
  trust = openTrust(world.trust);
});

async function check(wanted: Partial<PypiProvenanceWanted> = {}, artifact = PYPI): Promise<EvidenceVerdict> {
  const { filename, sha256 } = PYPI;
  const bytes = await world.pypiProvenance({ filename, sha256, ...wanted });
  return checked(trust, world.now, 'pypi-provenance', artifact, bytes);
}

const causeOf = async (wanted: Partial<PypiProvenanceWanted>): Promise<string> => words(await check(wanted));

describe('who signed', () => {
  test.each<[Run['provider'], Partial<Signer>]>([
    [
      'GitHub',
      {
        issuer: 'https://token.actions.githubusercontent.com',
        repository: 'github.com/acme/widget',
        workflow: '.github/workflows/release.yml',
        ref: 'refs/tags/v1.2.3',
        environment: 'release',
      },
    ],
    [
      'GitLab',
      { issuer: 'https://gitlab.com', repository: 'gitlab.com/acme/widget', workflow: '.gitlab-ci.yml' },
    ],
    [
      'Google',
      {
        issuer: 'https://accounts.google.com',
        subject: runOf({ provider: 'Google' }).email,
        repository: null,
        workflow: null,
      },
    ],
    ['CircleCI', { issuer: 'https://oidc.circleci.com', repository: 'github.com/acme/widget', commit: null }],
  ])('%s', async (publisher, signer) => {
    const verdict = await check({ publisher });
    expect(words(verdict)).toBe('verified');
    expect(verdict.signers.length).toBe(1);
    expect(verdict.signers[0]).toMatchObject({ predicate: 'publish', ...signer });
  });

  test('is told for each predicate once', async () => {
    const { signers } = await check({ predicates: ['publish', 'slsa', 'publish', 'slsa'] });
    expect(signers.map((signer) => signer.predicate)).toEqual(['publish', 'slsa']);
  });

  test("is no matter of the index's word", async () => {
    const told = (publisher: Record<string, unknown>) =>
      check({
        document: (document) => ({
          ...document,
          attestation_bundles: document.attestation_bundles.map((bundle) => ({ ...bundle, publisher })),
        }),
      });
    const verdict = await told({ kind: 'GitLab', repository: 'stranger/widget', workflow_filepath: 'x' });
    expect(verdict.signers).toEqual((await check()).signers);
    expect(words(await told({}))).toBe('failed malformed');
    expect(words(await told({ kind: 7 }))).toBe('failed malformed');
  });
});

describe('what it is about', () => {
  test.each([
    ['another project', { name: 'gadget' as typeof PYPI.name }],
    ['another version', { filename: 'widget-1.2.4-py3-none-any.whl' as typeof PYPI.filename }],
    ['another platform', { filename: 'widget-1.2.3-py3-none-win32.whl' as typeof PYPI.filename }],
    ['the sdist', { filename: 'widget-1.2.3.tar.gz' as typeof PYPI.filename }],
    ['another ecosystem', { ecosystem: 'npm' as 'pypi' }],
  ])('%s is another', async (_what, other) => {
    expect(words(await check({}, { ...PYPI, ...other }))).toBe('failed subject-name');
  });

  test('the same file in another spelling', async () => {
    expect(await causeOf({ filename: 'Widget-1.2.3.0-PY3-none-any.whl' })).toBe('verified');
  });

  test('other bytes', async () => {
    const sha256 = `sha256:${'2c'.repeat(32)}` as typeof PYPI.sha256;
    expect(words(await check({}, { ...PYPI, sha256 }))).toBe('failed subject-digest');
    expect(
      await causeOf({
        statement: (whole) => ({
          ...whole,
          subject: [{ name: PYPI.filename, digest: { sha512: '5a'.repeat(64) } }],
        }),
      }),
    ).toBe('failed subject-digest');
  });

  test('two subjects', async () => {
    const statement: PypiProvenanceWanted['statement'] = (whole) => ({
      ...whole,
      subject: [...whole.subject, ...whole.subject],
    });
    expect(await causeOf({ statement })).toBe('failed subject-count');
  });

  test('a file by an address of npm', async () => {
    expect(await causeOf({ filename: 'pkg:npm/widget@1.2.3' })).toBe('failed subject-name');
  });
});

describe('the predicate', () => {
  const saying = (change: object): Partial<PypiProvenanceWanted> => ({
    statement: (whole) => ({ ...whole, ...change }),
  });

  test.each<[string, Partial<PypiProvenanceWanted>, string]>([
    ['nothing', saying({ predicate: null }), 'verified'],
    ['an empty object', saying({ predicate: {} }), 'verified'],
    ['left out', saying({ predicate: undefined }), 'verified'],
    ['something', saying({ predicate: { publisher: 'me' } }), 'failed predicate-type'],
    ['an empty list', saying({ predicate: [] }), 'failed predicate-type'],
    ['false', saying({ predicate: false }), 'failed predicate-type'],
    ['of another type', saying({ predicateType: 'https://example.com/publish/v1' }), 'failed predicate-type'],
    [
      'SLSA without a predicate',
      saying({ predicateType: 'https://slsa.dev/provenance/v1' }),
      'failed certificate-predicate',
    ],
    ['SLSA v0.2', saying({ predicateType: 'https://slsa.dev/provenance/v0.2' }), 'failed predicate-type'],
  ])('%s', async (_what, wanted, cause) => {
    expect(await causeOf(wanted)).toBe(cause);
  });

  test('of a build must be what the certificate says', async () => {
    const payload: PypiProvenanceWanted['payload'] = (bytes) =>
      Buffer.from(bytes.toString().replaceAll('refs/tags/v1.2.3', 'refs/tags/v1.2.4'));
    expect(await causeOf({ predicates: ['slsa'], payload })).toBe('failed certificate-predicate');
    expect(await causeOf({ predicates: ['publish'], payload })).toBe('verified');
  });
});

describe('the document', () => {
  type Attestation = PypiDocument['attestation_bundles'][number]['attestations'][number];
  const each = (change: (attestation: Attestation) => unknown): Partial<PypiProvenanceWanted> => ({
    document: (document) => ({
      ...document,
      attestation_bundles: document.attestation_bundles.map((bundle) => ({
        ...bundle,
        attestations: bundle.attestations.map(change),
      })),
    }),
  });
  const bundles = (change: (list: PypiDocument['attestation_bundles']) => unknown) => ({
    document: (document: PypiDocument) => ({
      ...document,
      attestation_bundles: change(document.attestation_bundles),
    }),
  });
  const version = (value: unknown) => ({
    document: (document: PypiDocument) => ({ ...document, version: value }),
  });
  const lines = (text: string): string => text.replace(/.{64}/g, '$&\n');

  test.each<[string, Partial<PypiProvenanceWanted>, string]>([
    ['of version 2', version(2), 'unchecked media-type'],
    ['of version "1"', version('1'), 'failed malformed'],
    ['of no version', version(undefined), 'failed malformed'],
    ['with an attestation of version 2', each((one) => ({ ...one, version: 2 })), 'unchecked media-type'],
    ['with an attestation of no version', each(({ version: _, ...one }) => one), 'failed malformed'],
    ['without bundles', bundles(() => undefined), 'failed malformed'],
    ['with an empty list', bundles(() => []), 'failed malformed'],
    [
      'with an empty bundle',
      bundles((list) => [...list, { ...list[0], attestations: [] }]),
      'failed malformed',
    ],
    ['with a bundle that is none', bundles((list) => [...list, null]), 'failed malformed'],
    ['with the same bundle twice', bundles((list) => [...list, ...list]), 'verified'],
    ['with as many as would keep us busy', bundles((list) => Array(17).fill(list[0])), 'failed too-large'],
    ['with an attestation that is none', each(() => 'x'), 'failed malformed'],
    [
      'without a log entry',
      each((one) => ({
        ...one,
        verification_material: { ...one.verification_material, transparency_entries: [] },
      })),
      'failed log-entry',
    ],
    [
      'without a list of log entries',
      each((one) => ({
        ...one,
        verification_material: { ...one.verification_material, transparency_entries: {} },
      })),
      'failed malformed',
    ],
    [
      'without a certificate',
      each((one) => ({ ...one, verification_material: { ...one.verification_material, certificate: null } })),
      'failed malformed',
    ],
    [
      'with base64 in lines, as the first were',
      each((one) => ({
        ...one,
        verification_material: {
          ...one.verification_material,
          certificate: `${lines(one.verification_material.certificate)}\n`,
        },
        envelope: { statement: lines(one.envelope.statement), signature: lines(one.envelope.signature) },
      })),
      'verified',
    ],
  ])('%s', async (_what, wanted, cause) => {
    expect(await causeOf(wanted)).toBe(cause);
  });

  test('in which one attestation of several does not verify', async () => {
    const wanted = { predicates: ['publish', 'slsa'] as const };
    expect(await causeOf(wanted)).toBe('verified');
    let count = 0;
    const broken = await check({
      ...wanted,
      ...each((one) => {
        count += 1;
        return count === 2 ? { ...one, envelope: { ...one.envelope, signature: 'MAYCAQACAQA=' } } : one;
      }),
    });
    expect(broken.result).toBe('failed');
  });
});
