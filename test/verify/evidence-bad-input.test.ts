import { beforeAll, describe, expect, test } from 'vitest';
import { sriOf } from '../../src/model/digest.ts';
import { EVIDENCE_KINDS, type EvidenceJob, type EvidenceKind } from '../../src/model/evidence.ts';
import { checkEvidence } from '../../src/verify/evidence.ts';
import { openTrust, type Trust } from '../../src/verify/trust.ts';
import { mintWorld, type World } from '../harness/sigstore-world.ts';
import { checked, NPM, PYPI, words } from './checking.ts';

const KINDS = Object.keys(EVIDENCE_KINDS) as EvidenceKind[];
const ARTIFACTS: Record<EvidenceKind, EvidenceJob['artifact']> = {
  'npm-signatures': NPM,
  'npm-attestations': NPM,
  'pypi-provenance': PYPI,
};

let world: World;
let trust: Trust;
let valid: Record<EvidenceKind, string>;
beforeAll(async () => {
  world = await mintWorld();
  trust = openTrust(world.trust);
  const { name, version, sha512 } = NPM;
  const signature = world.registrySignature({ name, version, integrity: sriOf(sha512) });
  const { filename, sha256 } = PYPI;
  const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
  valid = {
    'npm-signatures': JSON.stringify({ signatures: [signature] }),
    'npm-attestations': textOf(await world.npmAttestations({ name, version, sha512 })),
    'pypi-provenance': textOf(
      await world.pypiProvenance({ filename, sha256, predicates: ['publish', 'slsa'] }),
    ),
  };
});

const check = (kind: EvidenceKind, document: string | Uint8Array): string =>
  words(checked(trust, world.now, kind, ARTIFACTS[kind], Buffer.from(document)));

describe.each(KINDS)('%s', (kind) => {
  test('as it is verifies, and so does its every spelling in JSON', () => {
    expect(check(kind, valid[kind])).toBe('verified');
    expect(check(kind, JSON.stringify(JSON.parse(valid[kind]), null, 2))).toBe('verified');
  });

  test('cut anywhere is malformed', () => {
    for (let end = 0; end < valid[kind].length; end += 97) {
      expect(check(kind, valid[kind].slice(0, end))).toBe('failed malformed');
    }
    expect(check(kind, valid[kind].slice(0, -1))).toBe('failed malformed');
  });

  test.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['white space', ' \n'],
    ['a page', '<!doctype html><title>404</title>'],
    ['a word', 'not found'],
    ['null', 'null'],
    ['a number', '1e999'],
    ['a list', '[]'],
    ['an object', '{}'],
    ['an object of another sort', '{"__proto__":{"attestations":[]}}'],
    ['bytes that are no text', new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])],
    ['a byte order mark', '\ufeff{}'],
    ['depth', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['depth without an end', '{"attestations":'.repeat(100_000)],
  ])('%s is malformed', (_what, document) => {
    expect(check(kind, document)).toMatch(/^failed (malformed|too-large)$/);
  });

  test('ten million bytes are too many, whatever they are', () => {
    expect(check(kind, ' '.repeat(10_000_000))).toBe('failed too-large');
    expect(check(kind, `${valid[kind]}${' '.repeat(10_000_000)}`)).toBe('failed too-large');
    expect(check(kind, '['.repeat(10_000_000))).toBe('failed too-large');
  });

  test('any member twice is refused', () => {
    const text = valid[kind];
    let seen = 0;
    for (const { index } of text.matchAll(/\{"/g)) {
      const name = /^"(?:[^"\\]|\\.)*"/.exec(text.slice(index + 1))?.[0];
      const doubled = `${text.slice(0, index + 1)}${name}:null,${text.slice(index + 1)}`;
      expect(check(kind, doubled)).toBe('failed duplicate-keys');
      seen += 1;
    }
    expect(seen).toBeGreaterThan(1);
  });

  test('is not any of the others', () => {
    for (const other of KINDS.filter((one) => one !== kind))
      expect(check(kind, valid[other])).toMatch(/^failed /);
  });

  test('is not of another ecosystem', () => {
    const artifact = { ...ARTIFACTS[kind], ecosystem: 'cargo' };
    expect(words(checked(trust, world.now, kind, artifact, Buffer.from(valid[kind])))).toBe(
      'failed subject-name',
    );
  });

  test('is not of bytes of which we know no digest', () => {
    const { sha256: _256, sha512: _512, ...artifact } = ARTIFACTS[kind];
    expect(words(checked(trust, world.now, kind, artifact, Buffer.from(valid[kind])))).toBe(
      'failed subject-digest',
    );
  });

  test('with base64 that is none, anywhere, is refused', () => {
    const text = valid[kind];
    let seen = 0;
    for (const { index, 0: quoted } of text.matchAll(/"[A-Za-z0-9+/]{40,}={0,2}"/g)) {
      const middle = index + Math.floor(quoted.length / 2);
      for (const wrong of ['*', ' ', '=', '-', '\\u0000']) {
        const other = `${text.slice(0, middle)}${wrong}${text.slice(middle + 1)}`;
        expect(check(kind, other)).not.toBe('verified');
      }
      expect(
        check(kind, `${text.slice(0, index + quoted.length - 1)}=${text.slice(index + quoted.length - 1)}`),
      ).not.toBe('verified');
      seen += 1;
    }
    expect(seen).toBeGreaterThan(0);
  });

  test('in another world is none', async () => {
    const other = await mintWorld();
    const verdict = checked(
      openTrust(other.trust),
      other.now,
      kind,
      ARTIFACTS[kind],
      Buffer.from(valid[kind]),
    );
    expect(verdict.result).not.toBe('verified');
  });

  test('does not throw where trust itself cannot be used, and does not verify', () => {
    const job = {
      artifact: ARTIFACTS[kind],
      kind,
      bytes: Buffer.from(valid[kind]),
      claimedAt: null,
      neverAbsent: true,
    };
    expect(words(checkEvidence({} as Trust, job, world.now))).toBe('unchecked malformed');
  });
});

describe('a certificate that has run out', () => {
  const { name, version, sha512 } = NPM;

  test('without any time of signing is no signature', async () => {
    const bytes = await world.npmAttestations({ name, version, sha512, promise: false, timestamp: false });
    expect(check('npm-attestations', bytes)).toBe('failed timestamp');
  });

  test('before the signing was logged is none either', async () => {
    const loggedAt = new Date(world.time.getTime() + 3_600_000);
    const bytes = await world.npmAttestations({ name, version, sha512, loggedAt });
    expect(check('npm-attestations', bytes)).toBe('failed certificate-time');
    const { filename, sha256 } = PYPI;
    const provenance = await world.pypiProvenance({ filename, sha256, loggedAt });
    expect(check('pypi-provenance', provenance)).toBe('failed certificate-time');
  });
});
