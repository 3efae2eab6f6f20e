import { generateKeyPairSync, sign } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { EvidenceJob, EvidenceKind } from '../../src/model/evidence.ts';
import { openTrust, type Trust } from '../../src/verify/trust.ts';
import type { LogEntry } from '../harness/sigstore-log.ts';
import type { Statement } from '../harness/sigstore-seal.ts';
import { mintWorld, type NpmDocument, type PypiDocument, type World } from '../harness/sigstore-world.ts';
import { checked, NPM, PYPI } from '../verify/checking.ts';

// Documents of evidence that took a thread for seconds, or gigabytes. Anybody between us and a registry can write
// them: they are read before it is known who signed anything.

/** Of the processor, whatever is in a document, ms. */
const LIMIT = 1_000;

let world: World;
let trust: Trust;
beforeAll(async () => {
  world = await mintWorld();
  trust = openTrust(world.trust);
});

describe('a bundle that nobody signed so costs little', () => {
  test.each([
    [
      'a payload',
      (_entry: LogEntry, bundle: object) => Object.assign(bundle, { dsseEnvelope: { payload: MANY } }),
    ],
    ['an entry', (entry: LogEntry) => Object.assign(entry, { canonicalizedBody: MANY })],
    ['a hash', (entry: LogEntry) => Object.assign(proofOf(entry), { hashes: [MANY] })],
  ])('%s of as many octets as it says', async (_, change) => {
    const { cause, cost, memory } = check('npm-attestations', NPM, await npm(change));
    expect(cause).toBe('malformed');
    expect(memory).toBeLessThan(5_000_000);
    expect(cost).toBeLessThan(LIMIT / 2);
  });

  test.each([
    ['entries', (material: object, items: object[]) => Object.assign(material, { tlogEntries: items })],
    [
      'timestamps',
      (material: object, items: object[]) =>
        Object.assign(material, { timestampVerificationData: { rfc3161Timestamps: items } }),
    ],
  ])('half a million %s', async (_, change) => {
    const items = Array.from({ length: 500_000 }, () => ({}));
    const document = await npm((_entry, { verificationMaterial }) => change(verificationMaterial, items));
    const { cause, cost } = check('npm-attestations', NPM, document);
    expect(cause).toBe('malformed');
    expect(cost).toBeLessThan(LIMIT);
  });

  test('a checkpoint with a hundred thousand signatures that name the log', async () => {
    const line = `— x ${Buffer.concat([world.log.keyId.subarray(0, 4), ONES]).toString('base64')}\n`;
    const document = await npm((entry) => {
      const { checkpoint } = proofOf(entry);
      checkpoint.envelope = checkpoint.envelope.replace('\n\n', `\n\n${line.repeat(80_000)}`);
    });
    expect(check('npm-attestations', NPM, document)).toMatchObject({ cause: 'malformed' });
    expect(check('npm-attestations', NPM, document).cost).toBeLessThan(LIMIT);
  });

  test('as many signatures as a checkpoint may have, in as many attestations as there may be', async () => {
    const line = `— x ${Buffer.concat([world.log.keyId.subarray(0, 4), ONES]).toString('base64')}\n`;
    const { cause, cost } = check(
      'pypi-provenance',
      PYPI,
      await pypi((attestation) => {
        for (const entry of attestation.verification_material.transparency_entries) {
          const { checkpoint } = proofOf(entry);
          checkpoint.envelope = checkpoint.envelope.replace('\n\n', `\n\n${line.repeat(26)}`);
        }
      }),
    );
    expect(cause).toBeUndefined();
    expect(cost).toBeLessThan(LIMIT);
  });

  test('a certificate that anybody made, with an object identifier as long as it can be', async () => {
    for (const octets of [13_000, 62_000]) {
      const { der, privateKey } = certificateWith(
        Buffer.concat([Buffer.of(0x2a), Buffer.alloc(octets, 0xff), ONE]),
      );
      const document = await pypi((attestation) => {
        const payload = Buffer.from(attestation.envelope.statement, 'base64');
        const type = 'application/vnd.in-toto+json';
        const encoding = Buffer.concat([
          Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `),
          payload,
        ]);
        attestation.envelope.signature = sign('sha256', encoding, privateKey).toString('base64');
        attestation.verification_material.certificate = der.toString('base64');
      });
      const { cause, cost } = check('pypi-provenance', PYPI, document);
      expect(cause).toBe(octets < 16_000 ? 'certificate' : 'malformed');
      expect(cost).toBeLessThan(LIMIT / 2);
    }
  });
});

test('a statement that its publisher signed, with a number of half a million digits for a runner', async () => {
  const document = await world.npmAttestations({
    ...NPM,
    predicate: 'v0.2',
    statement: (statement: Statement, what) =>
      what === 'publish'
        ? statement
        : {
            ...statement,
            predicate: {
              buildType: 'https://github.com/npm/cli/gitlab/v0alpha1',
              builder: { id: `${'1'.repeat(500_000)}x` },
            },
          },
  });
  const { cause, cost } = check('npm-attestations', NPM, document);
  expect(cause).toBe('certificate-predicate');
  expect(cost).toBeLessThan(LIMIT);
});

describe('two megabytes of JSON', () => {
  test.each([
    ['objects', `[${'{"":0},'.repeat(298_000)}{}]`],
    ['arrays', `[${'[],'.repeat(690_000)}[]]`],
    ['names', `{${Array.from({ length: 150_000 }, (_, n) => `"${n}":0`)}}`],
    ['escaped names', `{${Array.from({ length: 100_000 }, (_, n) => `"\\u0061${n}":0`)}}`],
    ['brackets', '['.repeat(2_000_000)],
    ['blanks', `{"attestations"${' '.repeat(2_000_000)}:0}`],
    ['escapes', `"${'\\"'.repeat(1_000_000)}"`],
  ])('of %s', (_, text) => {
    const { cause, cost } = check('npm-attestations', NPM, Buffer.from(text));
    expect(cause).toBe('malformed');
    expect(cost).toBeLessThan(LIMIT);
  });
});

/** Read as bytes by whoever takes an object for an array. */
const MANY = { length: 30_000_000 };

const ONE = Buffer.of(1);

/** An ECDSA signature (DER) whose r and s are 1. */
const ONES = Buffer.of(0x30, 6, 2, 1, 1, 2, 1, 1);

type Material = NpmDocument['attestations'][number]['bundle'];

/** Attestations that verify, but for what is changed in the first log entry of the publish attestation's bundle. */
function npm(change: (entry: LogEntry, bundle: Material) => unknown): Promise<Uint8Array> {
  return world.npmAttestations({
    ...NPM,
    document(document) {
      const bundle = document.attestations[0]?.bundle;
      const entry = bundle?.verificationMaterial.tlogEntries[0];
      if (!bundle || !entry) throw new Error('no attestation');
      change(entry, bundle);
      return document;
    },
  });
}

/** Sixteen times the same attestation. */
function pypi(
  change: (attestation: PypiDocument['attestation_bundles'][number]['attestations'][number]) => void,
): Promise<Uint8Array> {
  return world.pypiProvenance({
    ...PYPI,
    document(document) {
      for (const bundle of document.attestation_bundles) {
        bundle.attestations.forEach(change);
        bundle.attestations = Array.from({ length: 16 }, () => bundle.attestations).flat();
      }
      return document;
    },
  });
}

function proofOf({ inclusionProof }: LogEntry): NonNullable<LogEntry['inclusionProof']> {
  if (!inclusionProof) throw new Error('no proof');
  return inclusionProof;
}

/** The cause, and what it took: ms of the processor, octets outside of the heap. */
function check(kind: EvidenceKind, artifact: EvidenceJob['artifact'], bytes: Uint8Array) {
  const before = { cpu: process.threadCpuUsage(), memory: process.memoryUsage().arrayBuffers };
  const { cause } = checked(trust, world.now, kind, artifact, bytes);
  const { user, system } = process.threadCpuUsage(before.cpu);
  const memory = process.memoryUsage().arrayBuffers - before.memory;
  return { cause, cost: (user + system) / 1000, memory };
}

/** A certificate for code signing that nobody else vouches for, with an extension of this object identifier. */
function certificateWith(identifier: Buffer) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(0x30, der(6, Buffer.from('2a8648ce3d040302', 'hex')));
  const name = (text: string) =>
    der(0x30, der(0x31, der(0x30, der(6, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from(text)))));
  const extension = (id: Buffer, value: Buffer) => der(0x30, der(6, id), der(4, value));
  const body = der(
    0x30,
    der(0xa0, der(2, Buffer.of(2))),
    der(2, ONE),
    algorithm,
    name('issuer'),
    der(0x30, der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('490101000000Z'))),
    name('subject'),
    publicKey.export({ format: 'der', type: 'spki' }),
    der(
      0xa3,
      der(
        0x30,
        extension(identifier, der(5)),
        extension(Buffer.from('551d25', 'hex'), der(0x30, der(6, Buffer.from('2b06010505070303', 'hex')))),
      ),
    ),
  );
  return {
    der: der(0x30, body, algorithm, der(3, Buffer.of(0), sign('sha256', body, privateKey))),
    privateKey,
  };
}

function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(content);
  const size = [bytes.length >> 16, (bytes.length >> 8) & 255, bytes.length & 255];
  while (size[0] === 0 && size.length > 1) size.shift();
  return Buffer.concat([Buffer.of(tag, ...(bytes.length > 127 ? [128 + size.length] : []), ...size), bytes]);
}
