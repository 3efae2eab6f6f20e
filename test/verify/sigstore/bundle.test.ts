import { beforeAll, describe, expect, test } from 'vitest';
import { verifySigstoreBundle } from '../../../src/verify/sigstore/artifact.ts';
import { type VerifiedBundle, verifyBundle } from '../../../src/verify/sigstore/bundle.ts';
import { messageOf } from '../../../src/verify/sigstore/message.ts';
import { readStrictJson } from '../../../src/verify/strict-json.ts';
import { openTrust, type Trust, type TrustBytes } from '../../../src/verify/trust.ts';
import {
  type BundleJson,
  type BundleVersion,
  bundleOf,
  type EntryKind,
} from '../../harness/sigstore-seal.ts';
import {
  mintWorld,
  type NpmAttestationsWanted,
  type Tweaks,
  type World,
} from '../../harness/sigstore-world.ts';
import { said } from './faults.ts';

const STATEMENT = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [],
  predicateType: 'x',
  predicate: {},
};
const KINDS: readonly EntryKind[] = ['dsse', 'intoto', 'dsse-v2', 'hashedrekord-v2'];

let world: World;
let trust: Trust;

beforeAll(async () => {
  world = await mintWorld();
  trust = openTrust(world.trust);
});

async function minted(tweaks: Tweaks = {}, version: BundleVersion = 'v0.3'): Promise<BundleJson> {
  return bundleOf(await world.seal(STATEMENT, tweaks), version);
}

/** What the registry signs with a key of its own. */
async function published(wanted: Partial<NpmAttestationsWanted> = {}): Promise<BundleJson> {
  const bytes = await world.npmAttestations({
    name: 'widget',
    version: '1.2.3',
    sha512: `sha512:${'ab'.repeat(64)}`,
    ...wanted,
  });
  const { attestations } = JSON.parse(Buffer.from(bytes).toString());
  return attestations[0].bundle;
}

function verified(bundle: unknown, bytes: TrustBytes | null = null, now = world.now): VerifiedBundle {
  return verifyBundle(bytes ? openTrust(bytes) : trust, overTheWire(bundle), { now });
}

const outcome = (bundle: unknown, bytes: TrustBytes | null = null, now = world.now): string =>
  said(() => verified(bundle, bytes, now));

function overTheWire(bundle: unknown): unknown {
  return readStrictJson(Buffer.from(JSON.stringify(bundle)));
}

function changed(bundle: BundleJson, change: (copy: BundleJson) => unknown): BundleJson {
  const copy = structuredClone(bundle);
  change(copy);
  return copy;
}

/** The entry of a bundle that has one. */
function entryOf({ verificationMaterial: { tlogEntries } }: BundleJson) {
  const [entry] = tlogEntries;
  if (!entry) throw new Error('no entry');
  return entry;
}

function proofOf(bundle: BundleJson) {
  const { inclusionProof } = entryOf(bundle);
  if (!inclusionProof) throw new Error('no proof');
  return inclusionProof;
}

/** The same base64 with one bit of its bytes turned. */
function turned(base64: string, at = 0): string {
  const bytes = Buffer.from(base64, 'base64');
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return bytes.toString('base64');
}

describe('what holds', () => {
  test.each(KINDS)('a bundle signed by a certificate and logged as %s', async (entry) => {
    const bundle = await minted({ entry });
    const seal = verified(bundle);
    expect(seal).toMatchObject({
      keyId: null,
      certificate: {
        issuer: 'https://token.actions.githubusercontent.com',
        repository: 'github.com/acme/widget',
        workflow: '.github/workflows/release.yml',
      },
    });
    expect(Buffer.from(seal.payload).toString()).toBe(JSON.stringify(STATEMENT));
  });

  test.each(KINDS)('a bundle signed by the registry and logged as %s', async (entry) => {
    const { keyid } = world.keys.current;
    expect(verified(await published({ entry }))).toMatchObject({ keyId: keyid, certificate: null });
  });

  test('a chain that ends in a root of the trust root, in bundles that have chains', async () => {
    expect(outcome(await minted({}, 'v0.1'))).toBe('verified');
    expect(outcome(await minted({}, 'v0.2'))).toBe('verified');
  });

  test('the other name of the third media type, and no other', async () => {
    const bundle = await minted();
    for (const [mediaType, words] of [
      ['application/vnd.dev.sigstore.bundle+json;version=0.3', 'verified'],
      ['application/vnd.dev.sigstore.bundle+json;version=0.9', 'unchecked media-type'],
      ['application/vnd.dev.sigstore.bundle.v0.4+json', 'unchecked media-type'],
      ['application/vnd.dev.sigstore.bundle.v0.3+json ', 'unchecked media-type'],
      ['application/json', 'unchecked media-type'],
      ['', 'unchecked media-type'],
      ['application/vnd.dev.sigstore.bundle+json;version=0.2', 'failed malformed'],
      ['application/vnd.dev.sigstore.bundle+json;version=0.1', 'failed malformed'],
    ] as const)
      expect(`${mediaType} ${outcome({ ...bundle, mediaType })}`).toBe(`${mediaType} ${words}`);
  });

  test('a timestamp beside the promise of a log', async () => {
    const bundle = await minted({ timestamp: true });
    expect(outcome(bundle)).toBe('verified');
    expect(bundle.verificationMaterial.timestampVerificationData?.rfc3161Timestamps).toHaveLength(1);
  });
});

test('a chain of a bundle that is no attestation must not end in a root', async () => {
  const options = { now: world.now, artifact: messageOf(Buffer.alloc(0)), key: null };
  const general = async (version: BundleVersion) => {
    const bundle = overTheWire(await minted({}, version));
    return said(() => verifySigstoreBundle(trust, bundle, options));
  };
  expect(await general('v0.3')).toBe('verified');
  expect(await general('v0.2')).toBe('failed certificate');
});

describe('what is altered is refused', () => {
  const ALTERATIONS: Record<string, [cause: string, change: (bundle: BundleJson) => unknown]> = {
    payload: ['failed signature', (b) => (b.dsseEnvelope.payload = turned(b.dsseEnvelope.payload))],
    'payload type': ['failed payload-type', (b) => (b.dsseEnvelope.payloadType = 'text/plain')],
    'no payload': ['failed malformed', (b) => (b.dsseEnvelope.payload = '')],
    signature: [
      'failed signature',
      (b) => edit(b.dsseEnvelope.signatures[0], 'sig', (sig) => turned(sig, 40)),
    ],
    'two signatures': [
      'failed signature-count',
      (b) => b.dsseEnvelope.signatures.push(...b.dsseEnvelope.signatures),
    ],
    'no signature': ['failed signature-count', (b) => b.dsseEnvelope.signatures.splice(0)],
    'a key id': ['failed key-id', (b) => edit(b.dsseEnvelope.signatures[0], 'keyid', () => 'SHA256:abc')],
    'base64 with a line break': ['failed malformed', (b) => (b.dsseEnvelope.payload += '\n')],
    'base64 without its padding': [
      'failed malformed',
      (b) => edit(b.dsseEnvelope.signatures[0], 'sig', (sig) => sig.replace(/=*$/, '.')),
    ],
    certificate: [
      'failed signature',
      async (b) => {
        const { certificate } = (await minted()).verificationMaterial;
        if (certificate) b.verificationMaterial.certificate = certificate;
      },
    ],
    'no certificate': ['failed malformed', (b) => delete b.verificationMaterial.certificate],
    'an empty certificate': [
      'failed certificate',
      (b) => (b.verificationMaterial.certificate = { rawBytes: '' }),
    ],
    'half a certificate': [
      'failed certificate',
      (b) => edit(b.verificationMaterial.certificate, 'rawBytes', (raw) => raw.slice(0, 400)),
    ],
    'a certificate with octets after it': [
      'failed certificate',
      (b) =>
        edit(b.verificationMaterial.certificate, 'rawBytes', (raw) =>
          Buffer.concat([Buffer.from(raw, 'base64'), Buffer.of(0)]).toString('base64'),
        ),
    ],
    'a certificate that may issue others': [
      'failed certificate',
      (b) => (b.verificationMaterial.certificate = { rawBytes: rootCertificate() }),
    ],
    'a certificate altered where its authority signed': [
      'failed certificate',
      (b) =>
        edit(b.verificationMaterial.certificate, 'rawBytes', (raw) =>
          Buffer.from(
            Buffer.from(raw, 'base64').toString('latin1').replaceAll('widget', 'gadget'),
            'latin1',
          ).toString('base64'),
        ),
    ],
    'both a certificate and a key': [
      'failed malformed',
      (b) => (b.verificationMaterial.publicKey = { hint: world.keys.current.keyid }),
    ],
    'no log entry': ['failed log-proof', (b) => b.verificationMaterial.tlogEntries.splice(0)],
    'one log entry twice': [
      'failed timestamp',
      (b) => b.verificationMaterial.tlogEntries.push(...b.verificationMaterial.tlogEntries),
    ],
    'a hundred log entries': [
      'failed malformed',
      (b) => b.verificationMaterial.tlogEntries.push(...Array(100).fill(entryOf(b))),
    ],
    'log index': ['failed log-proof', (b) => (entryOf(b).logIndex = '7')],
    'a negative log index': ['failed log-entry', (b) => (entryOf(b).logIndex = '-1')],
    'a log index that is no number': ['failed log-entry', (b) => (entryOf(b).logIndex = '0x10')],
    'a log index too large for JavaScript': [
      'failed log-entry',
      (b) => (entryOf(b).logIndex = '9007199254740993'),
    ],
    'log id': ['failed log-proof', (b) => (entryOf(b).logId.keyId = turned(entryOf(b).logId.keyId))],
    'kind of entry': ['failed log-entry', (b) => (entryOf(b).kindVersion.kind = 'intoto')],
    'version of entry': ['failed log-entry', (b) => (entryOf(b).kindVersion.version = '0.0.2')],
    'a kind of entry that nobody knows': [
      'failed log-entry',
      (b) => (entryOf(b).kindVersion.kind = 'toString'),
    ],
    'integrated a second later': ['failed log-proof', (b) => later(b, 1)],
    'integrated a day later': ['failed certificate-time', (b) => later(b, 86_400)],
    'integrated never': ['failed timestamp', (b) => (entryOf(b).integratedTime = '0')],
    'without promise': ['failed timestamp', (b) => delete entryOf(b).inclusionPromise],
    'with another promise': [
      'failed log-proof',
      (b) => edit(entryOf(b).inclusionPromise, 'signedEntryTimestamp', (set) => turned(set, 40)),
    ],
    'without proof': ['failed log-proof', (b) => delete entryOf(b).inclusionProof],
    'without promise and proof': [
      'failed log-proof',
      (b) => {
        delete entryOf(b).inclusionProof;
        delete entryOf(b).inclusionPromise;
      },
    ],
    'index in the tree': ['failed log-proof', (b) => (proofOf(b).logIndex = '3')],
    'size of the tree': ['failed log-proof', (b) => (proofOf(b).treeSize = '6')],
    'hash of the tree': ['failed log-proof', (b) => (proofOf(b).rootHash = turned(proofOf(b).rootHash))],
    'a hash of the proof': [
      'failed log-proof',
      (b) => proofOf(b).hashes.splice(1, 1, turned(proofOf(b).hashes[1] ?? '')),
    ],
    'a hash less': ['failed log-proof', (b) => proofOf(b).hashes.pop()],
    'a thousand hashes': [
      'failed malformed',
      (b) => proofOf(b).hashes.push(...Array(1000).fill(proofOf(b).rootHash)),
    ],
    'a checkpoint of another tree': [
      'failed log-proof',
      (b) => edit(proofOf(b).checkpoint, 'envelope', (text) => text.replace('\n5\n', '\n6\n')),
    ],
    'a checkpoint that nobody signed': [
      'failed log-proof',
      (b) => edit(proofOf(b).checkpoint, 'envelope', (text) => text.slice(0, text.indexOf('—'))),
    ],
    'no checkpoint': ['failed log-proof', (b) => Reflect.deleteProperty(proofOf(b), 'checkpoint')],
    'a body that is no JSON': [
      'failed log-entry',
      (b) => (entryOf(b).canonicalizedBody = Buffer.from('{').toString('base64')),
    ],
    'a body with another space': [
      'failed log-proof',
      (b) =>
        edit(entryOf(b), 'canonicalizedBody', (body) =>
          Buffer.from(` ${Buffer.from(body, 'base64')}`).toString('base64'),
        ),
    ],
    'a member that nobody knows': [
      'failed malformed',
      (b) => Reflect.set(b.verificationMaterial, 'note', 'x'),
    ],
    'a message signature beside the envelope': [
      'failed malformed',
      (b) =>
        Reflect.set(b, 'messageSignature', {
          messageDigest: { algorithm: 'SHA2_256', digest: 'AAAA' },
          signature: 'AAAA',
        }),
    ],
    'a timestamp that is none': [
      'failed timestamp',
      (b) =>
        (b.verificationMaterial.timestampVerificationData = {
          rfc3161Timestamps: [{ signedTimestamp: 'AAAA' }],
        }),
    ],
    'five timestamps': [
      'failed malformed',
      (b) => {
        b.verificationMaterial.timestampVerificationData = {
          rfc3161Timestamps: Array(5).fill({ signedTimestamp: 'MAA=' }),
        };
      },
    ],
    'a timestamp of 64 KiB and one octet': [
      'failed malformed',
      (b) => {
        const signedTimestamp = Buffer.alloc(64 * 1024 + 1).toString('base64');
        b.verificationMaterial.timestampVerificationData = { rfc3161Timestamps: [{ signedTimestamp }] };
      },
    ],
    'an empty timestamp': [
      'failed timestamp',
      (b) =>
        (b.verificationMaterial.timestampVerificationData = {
          rfc3161Timestamps: [{ signedTimestamp: 'MAA=' }],
        }),
    ],
  };

  test.each(Object.entries(ALTERATIONS))('%s', async (_what, [cause, change]) => {
    const bundle = await minted();
    expect(outcome(bundle)).toBe('verified');
    const copy = structuredClone(bundle);
    await change(copy);
    expect(outcome(copy)).toBe(cause);
  });

  test.each([null, 1, 'x', [], {}, { mediaType: 1 }, [{ mediaType: 'x' }]])(
    '%j in place of a bundle',
    (bundle) => {
      expect(outcome(bundle)).toMatch(/^(failed malformed|unchecked media-type)$/);
    },
  );

  test('a bundle of a message signature is no attestation', async () => {
    const { dsseEnvelope: _, ...rest } = await minted();
    const messageSignature = {
      messageDigest: { algorithm: 'SHA2_256', digest: Buffer.alloc(32).toString('base64') },
      signature: 'AAAA',
    };
    expect(outcome({ ...rest, messageSignature })).toBe('failed payload-type');
  });

  test('a statement of another payload type, however well it is signed', async () => {
    expect(outcome(await minted({ payloadType: 'application/json' }))).toBe('failed payload-type');
  });
});

describe('any value in any place', () => {
  const VALUES = [
    null,
    0,
    -1,
    1.5,
    1e300,
    '',
    '0',
    '-1',
    'x',
    'AAAA',
    '99999999999',
    true,
    false,
    [],
    [null],
    {},
    { a: 1 },
  ];

  test.each([
    ['a certificate', () => minted()],
    ['a chain', () => minted({}, 'v0.2')],
    ['the registry', () => published()],
    ['a certificate, with a timestamp', () => minted({ entry: 'dsse-v2' })],
  ])(
    'of a bundle signed by %s is refused with a cause',
    async (_who, mint) => {
      const bundle = await mint();
      const wrong: string[] = [];
      for (const path of pathsOf(bundle))
        for (const value of VALUES) {
          const copy = structuredClone(bundle);
          // What is empty is nothing to proto3, however it is written.
          if (isEmpty(replace(copy, path, value)) && isEmpty(value)) continue;
          if (outcome(copy) === 'verified') wrong.push(`.${path.join('.')} ${JSON.stringify(value)}`);
        }
      expect(wrong).toEqual([]);
    },
    60_000,
  );
});

describe('the log', () => {
  test.each(KINDS)('recorded another certificate for the same key, as %s', async (entry) => {
    const bundle = await minted({ entry, loggedAs: { repository: 'evil/widget' } });
    expect(outcome(bundle)).toBe('failed log-certificate');
  });

  test('recorded another signature', async () => {
    const other = await minted();
    const bundle = changed(await minted(), (b) => {
      b.verificationMaterial.tlogEntries = other.verificationMaterial.tlogEntries;
    });
    expect(outcome(bundle)).toBe('failed log-entry');
  });

  test('wants a proof for entries from an instant on, whatever the bundle calls itself', async () => {
    const at = world.time.getTime();
    const bundle = await minted({ proof: false }, 'v0.1');
    expect(outcome(bundle, { ...world.trust, proofSince: at + 1 })).toBe('verified');
    expect(outcome(bundle, { ...world.trust, proofSince: at })).toBe('failed log-proof');
    const relabelled = changed(await minted({}, 'v0.2'), (b) => {
      b.mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.1';
      delete entryOf(b).inclusionProof;
    });
    expect(outcome(relabelled)).toBe('failed log-proof');
    expect(outcome(await minted({ proof: false }, 'v0.2'), { ...world.trust, proofSince: at + 1 })).toBe(
      'failed log-proof',
    );
  });

  test('of the second version gives no times: what an entry says of one is nobody’s word', async () => {
    const bundle = await minted({ entry: 'dsse-v2' });
    const seconds = String(world.time.getTime() / 1000);
    expect(outcome(changed(bundle, (b) => (entryOf(b).integratedTime = seconds)))).toBe('failed timestamp');
    expect(outcome(changed(bundle, (b) => (entryOf(b).logIndex = '1')))).toBe('failed log-entry');
    expect(outcome(changed(bundle, (b) => delete entryOf(b).inclusionProof))).toBe('failed log-proof');
    expect(outcome(await minted({ entry: 'dsse-v2', timestamp: false }))).toBe('failed timestamp');
  });

  test('of the second version counts only while it is in force', async () => {
    const bundle = await minted({ entry: 'dsse-v2' });
    const ending = (end: number) => ({
      ...world.trust,
      root: changedRoot((root) => {
        root.tlogs[1].publicKey.validFor.end = new Date(end).toISOString();
      }),
    });
    const at = world.time.getTime();
    expect(outcome(bundle, ending(at))).toBe('verified');
    expect(outcome(bundle, ending(at - 1))).toBe('failed log-proof');
  });
});

describe('time', () => {
  test('is that of the certificate', async () => {
    const loggedAt = new Date(world.time.getTime() + 3_600_000);
    expect(outcome(await minted({ loggedAt }))).toBe('failed certificate-time');
    expect(outcome(await minted({ loggedAt, entry: 'dsse-v2' }))).toBe('failed certificate-time');
    const before = new Date(world.time.getTime() - 1000);
    expect(outcome(await minted({ loggedAt: before }))).toBe('failed certificate-time');
  });

  test('is not the future, but for clocks that go slow', async () => {
    const at = world.time.getTime();
    const bundle = await minted();
    expect(outcome(bundle, null, at - 5 * 60_000)).toBe('verified');
    expect(outcome(bundle, null, at - 5 * 60_000 - 1)).toBe('failed timestamp');
    expect(outcome(await minted({ entry: 'dsse-v2' }), null, at - 5 * 60_000 - 1)).toBe('failed timestamp');
  });

  test('of a timestamp is that of this signature', async () => {
    const other = await minted({ entry: 'dsse-v2' });
    const bundle = changed(await minted({ entry: 'dsse-v2' }), (b) => {
      b.verificationMaterial.timestampVerificationData = other.verificationMaterial
        .timestampVerificationData ?? {
        rfc3161Timestamps: [],
      };
    });
    expect(outcome(bundle)).toBe('failed timestamp');
  });
});

describe('the trust root', () => {
  test('of another instance vouches for nothing of this', async () => {
    const other = await mintWorld();
    for (const entry of KINDS)
      expect(outcome(await minted({ entry }), other.trust)).toMatch(/^failed (certificate|timestamp)$/);
  });

  test.each([
    ['certificateAuthorities', 'failed certificate'],
    ['ctlogs', 'failed certificate'],
    ['tlogs', 'failed log-proof'],
  ] as const)('needs its own %s', async (kind, cause) => {
    const other = JSON.parse(Buffer.from((await mintWorld()).trust.root).toString());
    const root = changedRoot((own) => {
      own[kind] = other[kind];
    });
    expect(outcome(await minted(), { ...world.trust, root })).toBe(cause);
  });

  test('has what stands in a chain beside the leaf', async () => {
    const stranger = (await minted()).verificationMaterial.certificate;
    const bundle = changed(await minted({}, 'v0.2'), (b) => {
      if (stranger) b.verificationMaterial.x509CertificateChain?.certificates.push(stranger);
    });
    expect(outcome(bundle)).toBe('failed certificate');
  });
});

describe('the registry’s key', () => {
  test('is one that is pinned for attestations, in its time', async () => {
    expect(outcome(await published({ key: 'attestationsOnly' }))).toBe('verified');
    expect(outcome(await published({ key: 'signaturesOnly' }))).toBe('unchecked key-usage');
    expect(outcome(await published({ key: 'revoked' }))).toBe('unchecked key-unknown');
    expect(outcome(await published({ key: 'unknown' }))).toBe('unchecked key-unknown');
    expect(outcome(await published({ key: 'retired' }))).toBe('unchecked key-time');
    const long = new Date(world.time.getTime() - 4 * 365 * 86_400_000);
    expect(outcome(await published({ loggedAt: long }))).toBe('unchecked key-time');
    expect(outcome(await published({ key: 'retired', loggedAt: world.earlier }))).toBe('verified');
  });

  test('is the one that the envelope names, and the one that signed', async () => {
    const bundle = await published();
    const { keyid } = world.keys.attestationsOnly;
    for (const name of ['', keyid])
      expect(outcome(changed(bundle, (b) => edit(b.dsseEnvelope.signatures[0], 'keyid', () => name)))).toBe(
        'failed key-id',
      );
    const renamed = changed(bundle, (b) => {
      b.verificationMaterial.publicKey = { hint: keyid };
    });
    expect(outcome(renamed)).toBe('failed key-id');
    expect(outcome(changed(renamed, (b) => edit(b.dsseEnvelope.signatures[0], 'keyid', () => keyid)))).toBe(
      'failed signature',
    );
  });

  test('is the one in the log', async () => {
    const bundle = await published({
      body: (body) =>
        JSON.parse(JSON.stringify(body).replace(/"verifier":"[^"]*"/, `"verifier":"${pemOfOther()}"`)),
    });
    expect(outcome(bundle)).toBe('failed log-certificate');
  });
});

function edit<K extends string>(
  object: Partial<Record<K, string>> | undefined,
  key: K,
  change: (old: string) => string,
): void {
  const old = object?.[key];
  if (object === undefined || old === undefined) throw new Error(`no ${key}`);
  Object.assign(object, { [key]: change(old) });
}

function later(bundle: BundleJson, seconds: number): void {
  const entry = entryOf(bundle);
  entry.integratedTime = String(Number(entry.integratedTime) + seconds);
}

// biome-ignore lint/suspicious/noExplicitAny: a trusted root, as JSON
function changedRoot(change: (root: any) => unknown): Buffer {
  const root = JSON.parse(Buffer.from(world.trust.root).toString());
  change(root);
  return Buffer.from(JSON.stringify(root));
}

function rootCertificate(): string {
  const root = JSON.parse(Buffer.from(world.trust.root).toString());
  return root.certificateAuthorities[0].certChain.certificates[0].rawBytes;
}

function pemOfOther(): string {
  const lines = world.keys.attestationsOnly.spki.toString('base64').match(/.{1,64}/g) ?? [];
  const pem = `-----BEGIN PUBLIC KEY-----\n${lines.join('\n')}\n-----END PUBLIC KEY-----\n`;
  return Buffer.from(pem).toString('base64');
}

/** Every member and item, at every depth. */
function pathsOf(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    [key],
    ...pathsOf(inner).map((path) => [key, ...path]),
  ]);
}

/** Gives what was there before. */
function replace(value: object, [key = '', ...rest]: readonly string[], by: unknown): unknown {
  const before = Reflect.get(value, key);
  if (rest.length > 0) return replace(before, rest, by);
  Reflect.set(value, key, by);
  return before;
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isEmpty);
  return value === null || value === '' || value === 0 || value === '0';
}
