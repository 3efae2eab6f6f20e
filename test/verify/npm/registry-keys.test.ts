import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readRegistryKeys } from '../../../src/verify/npm/registry-keys.ts';
import { TrustError } from '../../../src/verify/trust-error.ts';

const spki = (namedCurve = 'P-256'): string =>
  generateKeyPairSync('ec', { namedCurve })
    .publicKey.export({ format: 'der', type: 'spki' })
    .toString('base64');

const [ONE, TWO] = [spki(), spki()];

const target = (keyId = 'SHA256:one', rawBytes = ONE, more: object = {}) => ({
  keyId,
  keyUsage: 'npm:signatures',
  publicKey: {
    rawBytes,
    keyDetails: 'PKIX_ECDSA_P256_SHA_256',
    validFor: { start: '2022-12-01T00:00:00.000Z' },
  },
  ...more,
});

const api = (more: object = {}) => ({
  expires: null,
  keyid: 'SHA256:one',
  keytype: 'ecdsa-sha2-nistp256',
  scheme: 'ecdsa-sha2-nistp256',
  key: ONE,
  ...more,
});

const read = (...keys: unknown[]) => readRegistryKeys(Buffer.from(JSON.stringify({ keys })));

test('keys of the TUF target have a use and a time', () => {
  const keys = read(
    target(),
    target('SHA256:one', ONE, { keyUsage: 'npm:attestations' }),
    target('SHA256:two', TWO, {
      publicKey: {
        rawBytes: TWO,
        keyDetails: 'PKIX_ECDSA_P256_SHA_256',
        validFor: { start: '2022-12-01T00:00:00.000Z', end: '2025-01-29T00:00:00.000Z' },
      },
    }),
  );
  expect(keys.all.length).toBe(3);
  expect(keys.find('SHA256:one', 'npm:signatures')).toMatchObject({
    start: Date.UTC(2022, 11, 1),
    end: null,
    spki: ONE,
  });
  expect(keys.find('SHA256:one', 'npm:attestations')).not.toBeNull();
  expect(keys.find('SHA256:two', 'npm:signatures')?.end).toBe(Date.UTC(2025, 0, 29));
  expect(keys.find('SHA256:two', 'npm:attestations')).toBeNull();
  expect(keys.find('SHA256:three', 'npm:signatures')).toBeNull();
  expect([keys.knows('SHA256:two'), keys.knows('SHA256:three')]).toEqual([true, false]);
});

test('keys of the API count for signatures only', () => {
  const keys = read(api(), api({ keyid: 'SHA256:two', key: TWO, expires: '2025-01-29T00:00:00.000Z' }));
  expect(keys.find('SHA256:one', 'npm:signatures')).toMatchObject({ start: 0, end: null });
  expect(keys.find('SHA256:two', 'npm:signatures')?.end).toBe(Date.UTC(2025, 0, 29));
  expect(keys.all.some((key) => key.usage === 'npm:attestations')).toBe(false);
});

test('a revoked key is out, for every use and under every id', () => {
  const keys = read(
    target('SHA256:one', ONE, { revoked: true }),
    target('SHA256:one', ONE, { keyUsage: 'npm:attestations' }),
    target('SHA256:alias', ONE, { keyUsage: 'npm:attestations' }),
    target('SHA256:two', TWO, { revoked: false }),
  );
  expect(keys.all.map((key) => key.keyid)).toEqual(['SHA256:two']);
  expect(keys.knows('SHA256:one')).toBe(false);
});

test('the pinned keys can be read', () => {
  const keys = readRegistryKeys(readFileSync(new URL('../../../trust/npm-keys.json', import.meta.url)));
  expect(keys.all.map((key) => [key.usage, key.end === null])).toEqual([
    ['npm:signatures', false],
    ['npm:attestations', false],
    ['npm:signatures', true],
    ['npm:attestations', true],
  ]);
});

const withTime = (validFor: unknown) =>
  target('SHA256:one', ONE, { publicKey: { ...target().publicKey, validFor } });
const withKey = (rawBytes: unknown, keyDetails = 'PKIX_ECDSA_P256_SHA_256') =>
  target('SHA256:one', ONE, { publicKey: { ...target().publicKey, rawBytes, keyDetails } });

test.each<[string, unknown[]]>([
  ['no keys', []],
  ['only revoked keys', [api({ revoked: true })]],
  ['what is no object', [null]],
  ['a number', [7]],
  ['the same key twice for one use', [target(), target()]],
  ['one id for two keys', [target(), target('SHA256:one', TWO, { keyUsage: 'npm:attestations' })]],
  ['an unknown use', [target('SHA256:one', ONE, { keyUsage: 'npm:other' })]],
  ['no use', [target('SHA256:one', ONE, { keyUsage: undefined })]],
  ['no id', [target('')]],
  ['an id that is no text', [target(7 as unknown as string)]],
  ['a member that is not known', [target('SHA256:one', ONE, { Revoked: true })]],
  ['a member of the API that is not known', [api({ use: 'x' })]],
  ['revoked as a word', [target('SHA256:one', ONE, { revoked: 'yes' })]],
  ['no time', [withTime(undefined)]],
  ['no start', [withTime({ end: '2025-01-29T00:00:00.000Z' })]],
  ['a start in words', [withTime({ start: 'yesterday' })]],
  ['a start without a zone', [withTime({ start: '2025-01-29T00:00:00' })]],
  ['an end that is a number', [withTime({ start: '2022-12-01T00:00:00.000Z', end: 1 })]],
  [
    'an end before the start',
    [withTime({ start: '2025-01-29T00:00:00.000Z', end: '2025-01-29T00:00:00.000Z' })],
  ],
  ['no bytes', [withKey(undefined)]],
  ['bytes that are not base64', [withKey(`${ONE}!`)]],
  ['bytes that are no key', [withKey(Buffer.from('no key').toString('base64'))]],
  ['a key on another curve', [withKey(spki('P-384'))]],
  ['other details', [withKey(ONE, 'PKIX_ED25519')]],
  ['another kind in the API', [api({ keytype: 'ssh-ed25519' })]],
  ['no end in the API', [api({ expires: undefined })]],
])('%s: refused', (_what, keys) => {
  expect(() => read(...keys)).toThrow(TrustError);
});

test.each(['', '{', '[]', '{}', '{"keys":{}}', '{"keys":[],"keys":[]}', 'null'])('%j: refused', (text) => {
  expect(() => readRegistryKeys(Buffer.from(text))).toThrow(TrustError);
});
