import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Desk } from '../../src/admission/desk.ts';
import type { HeldEvidence, IndexRef, PageRequest } from '../../src/admission/ports.ts';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { NO_ADVISORIES } from '../../src/feeds/none.ts';
import type { PackageName } from '../../src/model/artifact.ts';
import { type Digest, sha256, sriOf } from '../../src/model/digest.ts';
import { NO_BASELINE } from '../../src/model/evidence.ts';
import { type FileFacts, NO_FACTS } from '../../src/model/facts.ts';
import { NONE_TAKEN } from '../../src/model/taken-places.ts';
import { parsePolicy } from '../../src/policy/load.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { TrustError } from '../../src/verify/trust.ts';
import { mintWorld, type World } from '../harness/sigstore-world.ts';

// What the desk makes of evidence: claims for the ledger, baselines for downloads, what pages pass on and announce.

const NAME = '@acme/widget' as PackageName;
const ID = { ecosystem: 'npm', name: NAME };
const NOTHING: HeldEvidence = { 'registry-signature': [], provenance: [] };
const PROVENANCE = { 'registry-signature': false, provenance: true };

let world: World;
beforeAll(async () => {
  world = await mintWorld();
});

let desk: Desk;
beforeEach(() => {
  desk = new Desk(ECOSYSTEMS);
});

/** A version in an index: with a signature by this key, and with attestations. */
interface Version {
  readonly signedBy?: keyof World['keys'];
  /** Signed for another version. */
  readonly misplaced?: boolean;
  readonly attested?: boolean;
}

function digestOf(version: string): Digest {
  return `sha512:${Buffer.from(version).toString('hex').padEnd(128, '0')}`;
}

function packument(versions: Readonly<Record<string, Version>>): Uint8Array {
  const signature = (version: string, { signedBy, misplaced }: Version) => {
    const signed = misplaced ? '9.9.9' : version;
    return world.registrySignature({
      name: NAME,
      version: signed,
      integrity: sriOf(digestOf(version)),
      ...(signedBy && { key: signedBy }),
    });
  };
  const written = Object.entries(versions).map(([version, what]) => {
    const dist = {
      tarball: `https://registry.example/${NAME}/-/widget-${version}.tgz`,
      integrity: sriOf(digestOf(version)),
      ...(what.signedBy && { signatures: [signature(version, what)] }),
      ...(what.attested && { attestations: { url: 'https://registry.example/x', provenance: {} } }),
    };
    return [version, { name: NAME, version, dist }];
  });
  const time = Object.fromEntries(Object.keys(versions).map((v) => [v, '2020-01-01T00:00:00.000Z']));
  const document = { name: NAME, 'dist-tags': {}, versions: Object.fromEntries(written), time };
  return Buffer.from(JSON.stringify(document));
}

function fileOf(version: string): string {
  return `widget-${version}.tgz`;
}

/** Facts as the ledger's memory gives them. */
function factsOf(files: Readonly<Record<string, Partial<FileFacts>>>) {
  const rows = Object.entries(files).map(([version, facts]) => [fileOf(version), { ...NO_FACTS, ...facts }]);
  const text = Buffer.from(JSON.stringify(rows));
  const bytes = new Uint8Array(new SharedArrayBuffer(text.byteLength));
  bytes.set(text);
  return { bytes, digest: sha256(text) };
}

async function open(versions: Readonly<Record<string, Version>>) {
  const { digest, files } = await desk.open(ID, [packument(versions)]);
  const ref: IndexRef = { ...ID, digest };
  return { ref, rows: JSON.parse(Buffer.from(files).toString()) as unknown[][] };
}

function policyOf(provenance: string): Policy {
  const text = `profile: default\nrequirements:\n  npm: { provenance: ${provenance} }\nallow:\n  - npm: "${NAME}"\n`;
  return parsePolicy(
    [{ path: 'p.yaml', text }],
    ECOSYSTEMS.map((e) => e.versions),
  );
}

async function requestOf(ref: IndexRef, provenance: string, change: Partial<PageRequest> = {}) {
  const policy = policyOf(provenance);
  await desk.setPolicy(policy);
  return {
    ...ref,
    policy: policy.digest,
    profile: 'default',
    facts: factsOf({}).bytes,
    now: world.now,
    withheld: null,
    taken: NONE_TAKEN,
    held: NOTHING,
    advisories: NO_ADVISORIES,
    representation: 'full',
    base: 'http://127.0.0.1/npm/',
    encoding: 'identity',
    ...change,
  } as const satisfies PageRequest;
}

/** `dist` of each version on a page. */
async function dists(request: PageRequest) {
  const { body } = await desk.page(request);
  const { versions } = JSON.parse(Buffer.from(body).toString()) as {
    versions: Record<string, { dist: { signatures?: unknown[]; attestations?: object } }>;
  };
  return Object.fromEntries(Object.entries(versions).map(([version, { dist }]) => [version, dist]));
}

test('an opened index tells what it claims: a sum for each file, and none where it claims nothing', async () => {
  const { rows } = await open({
    '1.0.0': {},
    '1.1.0': { signedBy: 'unknown' },
    '1.2.0': { attested: true },
    '1.3.0': { signedBy: 'current', attested: true },
  });
  expect(rows.map(([filename, , , ...claims]) => [filename, ...claims])).toEqual([
    [fileOf('1.0.0')],
    [fileOf('1.1.0'), 1],
    [fileOf('1.2.0'), 2],
    [fileOf('1.3.0'), 3],
  ]);
});

describe('the baseline of a file', () => {
  const SEEN = { firstSeen: 1 };

  test('is made of all files of the facts, gone ones too', async () => {
    const { ref } = await open({ '1.2.0': {} });
    const facts = factsOf({ '1.0.0': { ...SEEN, claimed: PROVENANCE }, '1.2.0': { firstSeen: 2 } });
    expect(await desk.file(ref, fileOf('1.2.0'), facts)).toMatchObject({
      file: { version: '1.2.0' },
      quarantined: false,
      baseline: { ...NO_BASELINE, provenance: true },
    });
  });

  test('is that of other facts when they are others', async () => {
    const { ref } = await open({ '1.0.0': {}, '1.2.0': {} });
    const before = factsOf({ '1.0.0': SEEN, '1.2.0': SEEN });
    expect((await desk.file(ref, fileOf('1.2.0'), before)).baseline).toEqual(NO_BASELINE);
    const carried = { ...PROVENANCE, signer: null };
    const after = factsOf({ '1.0.0': { ...SEEN, carried }, '1.2.0': SEEN });
    expect((await desk.file(ref, fileOf('1.2.0'), after)).baseline.provenance).toBe(true);
    expect((await desk.file(ref, fileOf('1.2.0'), before)).baseline).toEqual(NO_BASELINE);
  });

  test('of one that left the index is by its name, and of no file name there is no file', async () => {
    const { ref } = await open({ '1.0.0': {} });
    const facts = factsOf({
      '1.0.0': { ...SEEN, claimed: PROVENANCE },
      '1.5.0': SEEN,
      '0.9.0': { firstSeen: 0 },
    });
    const gone = await desk.file(ref, fileOf('1.5.0'), facts);
    expect(gone).toMatchObject({ file: null, baseline: { provenance: true } });
    expect((await desk.file(ref, fileOf('0.9.0'), facts)).baseline).toEqual(NO_BASELINE);
    expect(await desk.file(ref, 'something.else', facts)).toMatchObject({
      file: null,
      baseline: NO_BASELINE,
    });
  });

  test('is the same one on a page: what drops its provenance is left out there', async () => {
    const { ref } = await open({ '1.0.0': {}, '1.1.0': {}, '2.0.0': { attested: true } });
    const facts = factsOf({ '1.0.0': { ...SEEN, claimed: PROVENANCE }, '1.1.0': SEEN, '2.0.0': SEEN });
    const request = await requestOf(ref, 'no-downgrade', { facts: facts.bytes });
    // 1.0.0 itself claimed provenance once, and claims none now.
    expect(await desk.versions(request)).toMatchObject({ admitted: ['2.0.0'] });
    expect(Object.keys(await dists(request))).toEqual(['2.0.0']);
    const fresh = factsOf({ '1.0.0': SEEN, '1.1.0': SEEN, '2.0.0': SEEN });
    expect(await desk.versions({ ...request, facts: fresh.bytes })).toMatchObject({
      admitted: ['2.0.0', '1.1.0', '1.0.0'],
    });
  });
});

describe('evidence that is held', () => {
  test('counts for the file with one of its digests, though the index claims none', async () => {
    const { ref } = await open({ '1.0.0': {}, '1.1.0': {} });
    const request = await requestOf(ref, 'required');
    expect(await desk.versions(request)).toMatchObject({ admitted: [] });
    const held = { ...NOTHING, provenance: [digestOf('1.1.0')] };
    expect(await desk.versions({ ...request, held })).toMatchObject({ admitted: ['1.1.0'] });
    const other = { ...NOTHING, 'registry-signature': [digestOf('1.1.0')] };
    expect(await desk.versions({ ...request, held: other })).toMatchObject({ admitted: [] });
  });

  test('is announced of what may be served, where the index claims it or it is kept here', async () => {
    const { ref } = await open({ '1.0.0': { attested: true }, '1.1.0': {}, '1.2.0': {} });
    const held = { ...NOTHING, provenance: [digestOf('1.1.0')] };
    const found = await dists(await requestOf(ref, 'if-present', { held }));
    expect(
      Object.entries(found).map(([version, dist]) => [version, dist.attestations !== undefined]),
    ).toEqual([
      ['1.0.0', true],
      ['1.1.0', true],
      ['1.2.0', false],
    ]);
  });
});

describe('signatures on a page', () => {
  const VERSIONS = {
    '1.0.0': { signedBy: 'current' },
    '1.1.0': { signedBy: 'current', misplaced: true },
    '1.2.0': { signedBy: 'unknown' },
    '1.3.0': { signedBy: 'attestationsOnly' },
    '1.4.0': {},
  } as const satisfies Record<string, Version>;
  const signed = async (request: PageRequest) =>
    Object.entries(await dists(request)).flatMap(([version, { signatures }]) =>
      signatures ? [version] : [],
    );

  test('are those that verify over the declared digest, under the trust in use', async () => {
    const { ref } = await open(VERSIONS);
    const request = await requestOf(ref, 'off');
    expect(await signed(request)).toEqual([]);
    await desk.setTrust(world.trust);
    expect(await signed(request)).toEqual(['1.0.0']);
    // A resolver's document has them once the file was admitted with them: see evidence.test.ts.
    expect(await signed({ ...request, representation: 'abbreviated' })).toEqual([]);
    await desk.setTrust((await mintWorld()).trust);
    expect(await signed(request)).toEqual([]);
    await desk.setTrust(world.trust);
    expect(await signed(request)).toEqual(['1.0.0']);
  });

  test('are none where the trust cannot be read, but those of the one before', async () => {
    const { ref } = await open(VERSIONS);
    const request = await requestOf(ref, 'off');
    const broken = { ...world.trust, npmKeys: Buffer.from('{}') };
    await expect(desk.setTrust(broken)).rejects.toThrow(TrustError);
    expect(await signed(request)).toEqual([]);
    await desk.setTrust(world.trust);
    await expect(desk.setTrust(broken)).rejects.toThrow(TrustError);
    expect(await signed(request)).toEqual(['1.0.0']);
  });

  test('are of the very bytes that the index declares: the same one under another digest is not passed on', async () => {
    await desk.setTrust(world.trust);
    const { ref } = await open({ '1.0.0': { signedBy: 'current' } });
    expect(await signed(await requestOf(ref, 'off'))).toEqual(['1.0.0']);
    const text = Buffer.from(packument({ '1.0.0': { signedBy: 'current' } })).toString();
    const another = text.replace(sriOf(digestOf('1.0.0')), sriOf(digestOf('2.0.0')));
    expect(another).not.toBe(text);
    const { digest } = await desk.open(ID, [Buffer.from(another)]);
    expect(await signed(await requestOf({ ...ID, digest }, 'off'))).toEqual([]);
  });
});
