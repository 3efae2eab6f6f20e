import { beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../src/model/digest.ts';
import {
  openTrust,
  openTrustDocument,
  type TrustBytes,
  TrustError,
  trustDocument,
} from '../../src/verify/trust.ts';
import { fixture, reasonForNoFixtures } from '../harness/fixtures.ts';
import { mintWorld } from '../harness/sigstore-world.ts';

let bytes: TrustBytes;

beforeAll(async () => {
  bytes = (await mintWorld()).trust;
});

// biome-ignore lint/suspicious/noExplicitAny: a trusted root, as JSON
type Root = any;

function changedRoot(change: (root: Root) => unknown, from: Uint8Array = bytes.root): Buffer {
  const root = JSON.parse(Buffer.from(from).toString());
  change(root);
  return Buffer.from(JSON.stringify(root));
}

/** What is wrong with it, in the words for people; null for nothing. */
function problem(changes: Partial<TrustBytes>): string | null {
  try {
    openTrust({ ...bytes, ...changes });
    return null;
  } catch (error) {
    if (error instanceof TrustError) return error.message;
    throw error;
  }
}

const problemOf = (change: (root: Root) => unknown) => problem({ root: changedRoot(change) });

describe('a trusted root', () => {
  test.each([
    'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    'application/vnd.dev.sigstore.trustedroot+json;version=0.2',
    'application/vnd.dev.sigstore.trustedroot.v0.1+json',
    'application/vnd.dev.sigstore.trustedroot.v0.2+json',
  ])('is of the media type %s', (mediaType) => {
    expect(problemOf((root) => Object.assign(root, { mediaType }))).toBe(null);
  });

  test.each(['', 'application/json', 'application/vnd.dev.sigstore.trustedroot+json;version=0.3'])(
    'and not of %j',
    (mediaType) => {
      expect(problemOf((root) => Object.assign(root, { mediaType }))).toMatch(/media type ".*" is not known/);
    },
  );

  const services: [string, string, (root: Root) => Root][] = [
    ['a transparency log', 'transparency log 1', (root) => root.tlogs[0]],
    ['the second transparency log', 'transparency log 2', (root) => root.tlogs[1]],
    ['a certificate log', 'certificate transparency log 1', (root) => root.ctlogs[0]],
    ['a certificate authority', 'certificate authority 1', (root) => root.certificateAuthorities[0]],
    ['a timestamp authority', 'timestamp authority 1', (root) => root.timestampAuthorities[0]],
  ];

  test.each(services)('says from when %s holds', (_what, which, serviceOf) => {
    const holderOf = (root: Root) => serviceOf(root).publicKey ?? serviceOf(root);
    const words = `trust root: ${which} has no start of its validity`;
    expect(problemOf((root) => delete holderOf(root).validFor)).toBe(words);
    expect(problemOf((root) => Object.assign(holderOf(root), { validFor: {} }))).toBe(words);
    expect(problemOf((root) => Object.assign(holderOf(root), { validFor: null }))).toBe(words);
    for (const start of ['', 'yesterday', '2021-13-45T00:00:00Z'])
      expect(problemOf((root) => Object.assign(holderOf(root).validFor, { start }))).toMatch(/^trust root: /);
    expect(problemOf((root) => Object.assign(holderOf(root).validFor, { end: 'never' }))).toMatch(
      /^trust root: /,
    );
  });

  test.each(services)('says where %s is', (_what, which, serviceOf) => {
    expect(
      problemOf((root) => {
        const service = serviceOf(root);
        service[service.baseUrl === undefined ? 'uri' : 'baseUrl'] = '';
      }),
    ).toBe(`trust root: ${which} has no address`);
  });

  test('has a log of each kind, and a certificate authority', () => {
    expect(problemOf((root) => root.tlogs.splice(0))).toBe('trust root: it has no transparency log');
    expect(problemOf((root) => root.ctlogs.splice(0))).toBe(
      'trust root: it has no certificate transparency log',
    );
    expect(problemOf((root) => delete root.certificateAuthorities)).toBe(
      'trust root: it has no certificate authority',
    );
    expect(problemOf((root) => root.timestampAuthorities.splice(0))).toBe(null);
  });

  test('has keys and certificates that can be read', () => {
    expect(problemOf((root) => delete root.tlogs[0].publicKey)).toMatch(/has no public key/);
    expect(problemOf((root) => delete root.tlogs[0].publicKey.rawBytes)).toMatch(/has no public key/);
    expect(problemOf((root) => Object.assign(root.tlogs[0].publicKey, { rawBytes: 'AAAA' }))).toMatch(
      /cannot be read/,
    );
    expect(problemOf((root) => Object.assign(root.tlogs[0].publicKey, { keyDetails: 'ROT13' }))).toMatch(
      /cannot be read/,
    );
    expect(problemOf((root) => Object.assign(root.tlogs[0].logId, { keyId: 'AAAA' }))).toMatch(/no id of 32/);
    expect(problemOf((root) => delete root.ctlogs[0].logId)).toMatch(/no id of 32/);
    const chainOf = (root: Root) => root.certificateAuthorities[0].certChain.certificates;
    expect(problemOf((root) => Object.assign(chainOf(root)[0], { rawBytes: 'AAAA' }))).toMatch(
      /cannot be read/,
    );
    expect(problemOf((root) => chainOf(root).splice(0))).toMatch(/does not have one to 8 certificates/);
    expect(problemOf((root) => chainOf(root).push(...Array(8).fill(chainOf(root)[0])))).toMatch(/one to 8/);
  });

  test('is of one instance', () => {
    const elsewhere = (uri: string) =>
      problemOf((root) => Object.assign(root.timestampAuthorities[0], { uri }));
    for (const uri of [
      'https://timestamp.sigstore.example/api',
      'timestamp.sigstore.example',
      'https://sigstore.example:8443',
      // These name no instance.
      'http://localhost:3000',
      'https://127.0.0.1',
      'https://[::1]:3000',
      'http://timestamp',
    ])
      expect(elsewhere(uri)).toBe(null);
    for (const uri of [
      'https://timestamp.sigstage.example',
      'timestamp.sigstage.example',
      'https://sigstore.example.evil.test',
      'https://evilsigstore.example',
    ])
      expect(elsewhere(uri)).toMatch(/^trust root: it mixes services of sigstore\.example and /);
    expect(elsewhere('https://')).toBe('trust root: it has an address that cannot be read');
  });

  test('is bounded, and says nothing twice or that is not known', () => {
    const text = Buffer.from(bytes.root).toString();
    expect(problem({ root: Buffer.from(text.replace('{', '{"mediaType":"x",')) })).toBe(
      'trust root: it says a thing twice',
    );
    expect(problemOf((root) => Object.assign(root, { valid: 'x' }))).toBe(
      'trust root: it has members that are not known',
    );
    expect(
      problemOf((root) => Object.assign(root.tlogs[0].publicKey.validFor, { until: '2022-01-01T00:00:00Z' })),
    ).toBe('trust root: it has members that are not known');
    expect(problem({ root: Buffer.from(text + ' '.repeat(1024 * 1024)) })).toBe(
      'trust root: it is larger than any such document',
    );
    expect(problemOf((root) => root.tlogs.push(...Array(64).fill(root.tlogs[0])))).toMatch(/more than 64/);
    for (const root of ['', '{}', '[]', 'null', '<html>', text.slice(0, -1)])
      expect(problem({ root: Buffer.from(root) })).toMatch(/^trust root: /);
  });
});

describe('the rest of what is trusted', () => {
  test('is an instant, and an origin', () => {
    for (const proofSince of [Number.NaN, Infinity, -1, 0.5])
      expect(problem({ proofSince })).toBe('the instant from which log entries need a proof is none');
    for (const npmRegistry of [
      '',
      'registry.example',
      'https://registry.example/',
      'https://registry.example/npm',
    ])
      expect(problem({ npmRegistry })).toBe('the npm registry is not named by its origin');
    expect(problem({ npmKeys: Buffer.from('{}') })).not.toBe(null);
  });

  test('goes into the digest, each part by itself', () => {
    const digest = (changes: Partial<TrustBytes>) => openTrust({ ...bytes, ...changes }).digest;
    const root = Buffer.concat([bytes.root, Buffer.from(' ')]);
    const npmKeys = Buffer.concat([Buffer.from(' '), bytes.npmKeys]);
    const digests = [
      digest({}),
      digest({ root }),
      digest({ npmKeys }),
      digest({ root, npmKeys }),
      digest({ proofSince: 1 }),
      digest({ npmRegistry: 'https://other.example' }),
    ];
    expect(new Set(digests).size).toBe(digests.length);
    expect(digest({})).toBe(digests[0]);
    expect(digests[0]).toMatch(/^sha256:[0-9a-f]{64}$/);
    // The same octets in a row, divided at another place.
    const moved = { root: Buffer.concat([bytes.root, Buffer.from(' ')]), npmKeys: bytes.npmKeys };
    expect(digest(moved)).not.toBe(digest({ npmKeys }));
  });
});

describe.skipIf(reasonForNoFixtures)(`the roots that are in use ${reasonForNoFixtures ?? ''}`, () => {
  const root = (name: string) => fixture('trust', `${name}-trusted_root.json`);

  test('pass', () => {
    for (const name of ['prod', 'staging']) expect(problem({ root: root(name) })).toBe(null);
  });

  test('do not pass with a service of the other', () => {
    const staging = JSON.parse(root('staging').toString());
    for (const kind of ['tlogs', 'ctlogs', 'certificateAuthorities', 'timestampAuthorities'])
      expect(problem({ root: changedRoot((own) => own[kind].push(staging[kind][0]), root('prod')) })).toMatch(
        /it mixes services of/,
      );
  });
});

describe('the document of what is trusted', () => {
  /** A part with its length before it, as the document has them. */
  const part = (of: Uint8Array | string): Buffer => {
    const length = Buffer.alloc(8);
    length.writeUInt32BE(Buffer.from(of).length, 4);
    return Buffer.concat([length, Buffer.from(of)]);
  };
  const written = (proofSince: string, ...more: string[]) =>
    Buffer.concat(
      [bytes.root, bytes.npmKeys, proofSince, bytes.npmRegistry, ...more].map((one) => part(one)),
    );

  test('is named by the digest of the trust, and read it is the same trust', () => {
    const trust = openTrust(bytes);
    const document = trustDocument(bytes);
    expect(Buffer.from(document)).toEqual(written(String(bytes.proofSince)));
    expect(sha256(document)).toBe(trust.digest);
    const read = openTrustDocument(document);
    expect(read.digest).toBe(trust.digest);
    expect(Buffer.from(read.bytes.root)).toEqual(Buffer.from(bytes.root));
    expect(Buffer.from(read.bytes.npmKeys)).toEqual(Buffer.from(bytes.npmKeys));
    expect(read.bytes).toMatchObject({ proofSince: bytes.proofSince, npmRegistry: bytes.npmRegistry });
  });

  test('anything else is none', () => {
    const good = written(String(bytes.proofSince));
    const lengthened = Buffer.from(good);
    lengthened.fill(0xff, 0, 8);
    for (const [what, document] of Object.entries({
      empty: Buffer.alloc(0),
      json: Buffer.from('{"attestations":[]}'),
      short: good.subarray(0, -1),
      long: Buffer.concat([good, Buffer.from('x')]),
      'half a length': Buffer.concat([good, Buffer.alloc(7)]),
      'three parts': good.subarray(0, -part(bytes.npmRegistry).length),
      'five parts': written(String(bytes.proofSince), ''),
      'a length beyond all': lengthened,
      'a number in another way': written(`0${bytes.proofSince}`),
      'a number with a space': written(`${bytes.proofSince} `),
      'no number': written('soon'),
    }))
      expect(() => openTrustDocument(document), what).toThrow(TrustError);
  });

  test('a root that does not pass the lint is none either', () => {
    const root = changedRoot((one) => Object.assign(one, { mediaType: 'application/json' }));
    expect(() => openTrustDocument(trustDocument({ ...bytes, root }))).toThrow(/media type/);
  });
});
