import { beforeAll, describe, expect, test } from 'vitest';
import type { EvidenceVerdict } from '../../../src/model/evidence.ts';
import { openTrust, type Trust } from '../../../src/verify/trust.ts';
import {
  mintWorld,
  type NpmAttestationsWanted,
  type NpmDocument,
  type World,
} from '../../harness/sigstore-world.ts';
import { checked, NPM, words } from '../checking.ts';

let world: World;
let trust: Trust;
/** Of the time when certificates had the older extensions. */
let worldOf2023: World;
beforeAll(async () => {
  world = await mintWorld();
  trust = openTrust(world.trust);
  worldOf2023 = await mintWorld({ clock: new Date('2023-08-01T00:00:00Z') });
});

async function check(
  wanted: Partial<NpmAttestationsWanted> = {},
  artifact = NPM,
  by = world,
): Promise<EvidenceVerdict> {
  const { name, version, sha512 } = NPM;
  const bytes = await by.npmAttestations({ name, version, sha512, ...wanted });
  return checked(by === world ? trust : openTrust(by.trust), by.now, 'npm-attestations', artifact, bytes);
}

const causeOf = async (wanted: Partial<NpmAttestationsWanted>): Promise<string> => words(await check(wanted));

describe('a pair that says what its certificate says', () => {
  test.each<Partial<NpmAttestationsWanted>>([
    {},
    { bundle: 'v0.1' },
    { bundle: 'v0.2' },
    { predicate: 'v0.2', legacy: false },
    { entry: 'hashedrekord-v2' },
    { signer: { runner: 'self-hosted', trigger: 'pull_request_target' } },
  ])('verifies: %j', async (wanted) => {
    expect(await causeOf(wanted)).toBe('verified');
  });

  test('tells who signed the provenance', async () => {
    const { signers } = await check();
    expect(signers).toEqual([
      {
        predicate: 'slsa',
        issuer: 'https://token.actions.githubusercontent.com',
        subject: 'https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.2.3',
        repository: 'github.com/acme/widget',
        repositoryId: '4100',
        ownerId: '41',
        workflow: '.github/workflows/release.yml',
        ref: 'refs/tags/v1.2.3',
        commit: '0123456789abcdef0123456789abcdef01234567',
        trigger: 'push',
        runner: 'github-hosted',
        environment: 'release',
        builder: 'https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.2.3',
      },
    ]);
  });

  test('tells the caller of a reusable workflow apart from the workflow', async () => {
    const builder = 'https://github.com/stranger/builder/.github/workflows/build.yml@refs/tags/v1';
    const [signer] = (await check({ signer: { builder } })).signers;
    expect(signer).toMatchObject({
      subject: builder,
      builder,
      repository: 'github.com/acme/widget',
      workflow: '.github/workflows/release.yml',
    });
  });

  test('tells it of a certificate of 2022, and is silent where it is', async () => {
    const [signer] = (await check({ predicate: 'v0.2' }, NPM, worldOf2023)).signers;
    expect(signer).toMatchObject({
      repository: 'github.com/acme/widget',
      workflow: '.github/workflows/release.yml',
      ref: 'refs/tags/v1.2.3',
      repositoryId: null,
      runner: null,
    });
  });
});

describe('what it is about', () => {
  test.each([
    ['another package', { name: '@acme/other' as typeof NPM.name }, 'failed subject-name'],
    ['the same name without its scope', { name: 'widget' as typeof NPM.name }, 'failed subject-name'],
    ['a name in another case', { name: '@Acme/widget' as typeof NPM.name }, 'failed subject-name'],
    ['another version', { version: '1.2.4' as '1.2.3' }, 'failed subject-name'],
    ['other bytes', { sha512: `sha512:${'5b'.repeat(64)}` as typeof NPM.sha512 }, 'failed subject-digest'],
    ['another ecosystem', { ecosystem: 'pypi' as 'npm' }, 'failed subject-name'],
  ])('%s', async (_what, other, cause) => {
    expect(words(await check({}, { ...NPM, ...other }))).toBe(cause);
  });

  const subject = (change: object) => ({
    statement: (statement: { subject: object[] }) => ({
      ...statement,
      subject: [{ ...statement.subject[0], ...change }],
    }),
  });
  const sha512 = '5a'.repeat(64);

  test.each<[string, object, string]>([
    ['an `@` that is not encoded', { name: 'pkg:npm/@acme/widget@1.2.3' }, 'failed subject-name'],
    ['a purl with qualifiers', { name: 'pkg:npm/%40acme/widget@1.2.3?x=y' }, 'failed subject-name'],
    ['a purl of PyPI', { name: 'pkg:pypi/%40acme/widget@1.2.3' }, 'failed subject-name'],
    ['no name', { name: undefined }, 'failed subject-name'],
    ['no digest', { digest: undefined }, 'failed subject-digest'],
    ['digests in a list', { digest: [sha512] }, 'failed subject-digest'],
    ['an empty digest', { digest: {} }, 'failed subject-digest'],
    ['only a sha256, though it agrees', { digest: { sha256: '2b'.repeat(32) } }, 'failed subject-digest'],
    ['a digest in upper case', { digest: { sha512: sha512.toUpperCase() } }, 'failed subject-digest'],
    ['a digest that is no text', { digest: { sha512: [sha512] } }, 'failed subject-digest'],
    ['a sha256 that says otherwise', { digest: { sha512, sha256: '00' } }, 'failed subject-digest'],
    ['a sha1, which nobody computes', { digest: { sha512, sha1: '00' } }, 'failed subject-digest'],
    ['a sha256 that agrees', { digest: { sha512, sha256: '2b'.repeat(32) } }, 'verified'],
  ])('%s', async (_what, change, cause) => {
    expect(await causeOf(subject(change))).toBe(cause);
  });

  test('one subject, neither two nor none', async () => {
    for (const count of [0, 2]) {
      const statement = (whole: { subject: object[] }) => ({
        ...whole,
        subject: Array.from({ length: count }, () => whole.subject[0]),
      });
      expect(await causeOf({ statement })).toBe('failed subject-count');
    }
    expect(await causeOf({ statement: (whole) => ({ ...whole, subject: whole.subject[0] }) })).toBe(
      'failed subject-count',
    );
  });
});

describe('the statement', () => {
  test.each<[string, Partial<NpmAttestationsWanted>, string]>([
    [
      'of another type',
      { statement: (s) => ({ ...s, _type: 'https://in-toto.io/Link/v1' }) },
      'failed payload-type',
    ],
    ['without a type', { statement: ({ _type, ...s }) => s }, 'failed payload-type'],
    ['that is none', { payload: () => Buffer.from('null') }, 'failed payload-type'],
    ['in another payload', { payloadType: 'application/json' }, 'failed payload-type'],
    ['that is not JSON', { payload: () => Buffer.from('{') }, 'failed malformed'],
    [
      'that says its subject twice',
      { payload: (bytes) => Buffer.from(bytes.toString().replace('{', '{"subject":[],')) },
      'failed duplicate-keys',
    ],
    [
      'that is of another kind than it is listed as',
      {
        statement: (s, what) =>
          what === 'slsa' ? { ...s, predicateType: 'https://slsa.dev/provenance/v0.2' } : s,
      },
      'failed predicate-type',
    ],
    ['without a kind', { statement: ({ predicateType, ...s }) => s }, 'failed predicate-type'],
  ])('%s', async (_what, wanted, cause) => {
    expect(await causeOf(wanted)).toBe(cause);
  });
});

describe('the registry', () => {
  test.each<[string, Partial<NpmAttestationsWanted>, string]>([
    ['signed with a key that was retired before', { key: 'retired' }, 'unchecked key-time'],
    ['signed with a revoked key', { key: 'revoked' }, 'unchecked key-unknown'],
    ['signed with a key of no list', { key: 'unknown' }, 'unchecked key-unknown'],
    ['signed with a key for signatures', { key: 'signaturesOnly' }, 'unchecked key-usage'],
    ['signed with a key for attestations', { key: 'attestationsOnly' }, 'verified'],
  ])('%s', async (_what, wanted, cause) => {
    expect(await causeOf(wanted)).toBe(cause);
  });

  test('signed with a key before that was retired', async () => {
    const signedAt = new Date(world.time.getTime() - 61 * 86_400_000);
    expect(await causeOf({ key: 'retired', signedAt, loggedAt: signedAt })).toBe('verified');
  });

  test.each(['name', 'version', 'registry'])('published it under another %s', async (field) => {
    for (const value of ['other', undefined]) {
      const statement: NpmAttestationsWanted['statement'] = (whole, what) =>
        what === 'publish' ? { ...whole, predicate: { ...Object(whole.predicate), [field]: value } } : whole;
      expect(await causeOf({ statement })).toBe('failed publish-predicate');
    }
  });

  test('is the one that trust names', async () => {
    const elsewhere = openTrust({ ...world.trust, npmRegistry: 'https://elsewhere.example' });
    const { name, version, sha512 } = NPM;
    const bytes = await world.npmAttestations({ name, version, sha512 });
    expect(words(checked(elsewhere, world.now, 'npm-attestations', NPM, bytes))).toBe(
      'failed publish-predicate',
    );
  });
});

test('provenance that says other things than its certificate', async () => {
  const stranger = 'https://github.com/stranger/widget';
  const other = await causeOf({
    payload: (bytes, what) =>
      what === 'slsa'
        ? Buffer.from(bytes.toString().replaceAll('https://github.com/acme/widget', stranger))
        : bytes,
  });
  expect(other).toBe('failed certificate-predicate');
});

describe('the document', () => {
  const dsse = (bundle: NpmDocument['attestations'][number]['bundle']) =>
    (bundle as { dsseEnvelope: { signatures: { keyid?: string; sig: string }[] } }).dsseEnvelope;
  const altered = (change: (attestations: NpmDocument['attestations']) => unknown) => ({
    document: (document: NpmDocument) => ({
      attestations: change(document.attestations) ?? document.attestations,
    }),
  });

  test.each<[string, Partial<NpmAttestationsWanted>, string]>([
    ['is in another order', altered((list) => list.reverse()), 'verified'],
    ['has more beside', { document: (document) => ({ ...document, more: 1 }) }, 'verified'],
    ['is no list', altered(() => ({})), 'failed malformed'],
    ['is empty', altered(() => []), 'failed pair'],
    ['is only published', altered((list) => list.slice(0, 1)), 'failed pair'],
    ['is only built', altered((list) => list.slice(1)), 'failed pair'],
    ['is published twice', altered((list) => [list[0], list[0]]), 'failed pair'],
    ['is built twice', altered((list) => [list[0], list[1], list[1]]), 'failed pair'],
    ['has a third', altered((list) => [...list, { predicateType: 'x', bundle: {} }]), 'failed pair'],
    [
      'has no bundle',
      altered((list) => list.map(({ predicateType }) => ({ predicateType }))),
      'failed malformed',
    ],
    [
      'lists each as the other',
      altered(([a, b]) => [
        { ...a, bundle: b?.bundle },
        { ...b, bundle: a?.bundle },
      ]),
      'failed predicate-type',
    ],
    [
      'has no keyid where the registry signed',
      altered(([publish]) => {
        for (const signature of publish ? dsse(publish.bundle).signatures : []) delete signature.keyid;
      }),
      'failed key-id',
    ],
    [
      'has a keyid where a certificate signed',
      altered(([, slsa]) => {
        for (const signature of slsa ? dsse(slsa.bundle).signatures : []) signature.keyid = 'SHA256:x';
      }),
      'failed key-id',
    ],
    [
      'has another keyid than the hint',
      altered(([publish]) => {
        for (const signature of publish ? dsse(publish.bundle).signatures : []) signature.keyid = 'SHA256:x';
      }),
      'failed key-id',
    ],
    [
      'has two signatures',
      altered(([publish]) => {
        const { signatures } = dsse(publish?.bundle ?? ({} as never));
        signatures.push(...signatures);
      }),
      'failed signature-count',
    ],
    [
      'has no signature',
      altered(([publish]) => {
        dsse(publish?.bundle ?? ({} as never)).signatures.length = 0;
      }),
      'failed signature-count',
    ],
  ])('%s', async (_what, wanted, cause) => {
    expect(await causeOf(wanted)).toBe(cause);
  });

  test('of another world is not ours', async () => {
    const other = await mintWorld();
    const { name, version, sha512 } = NPM;
    const bytes = await other.npmAttestations({ name, version, sha512 });
    expect(checked(trust, world.now, 'npm-attestations', NPM, bytes).result).not.toBe('verified');
  });
});
