import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EvidenceFault } from '../../src/verify/fault.ts';
import { TrustError } from '../../src/verify/trust.ts';
import { fixturePath, reasonForNoFixtures } from '../harness/fixtures.ts';
import { type ConformanceCase, conformanceCases } from './cases.ts';
import { prehashed } from './prehashed.ts';
import { type VerifyRequest, verifyRequest } from './request.ts';

const FOLDER = fixturePath('conformance', 'bundle-verify');
const TRUST = join(import.meta.dirname, '..', '..', 'trust');
const CLIENT = join(import.meta.dirname, 'client.sh');

const cases = reasonForNoFixtures ? [] : conformanceCases(FOLDER);
const named = new Map(cases.map((one) => [one.name, one]));

type By = 'path' | 'digest';

function requestOf(
  { bundle, artifact, sha256, trustedRoot, signer }: ConformanceCase,
  by: By,
): VerifyRequest {
  return {
    bundle: readFileSync(bundle),
    trustedRoot: readFileSync(trustedRoot ?? join(TRUST, 'trusted_root.json')),
    npmKeys: readFileSync(join(TRUST, 'npm-keys.json')),
    artifact: by === 'path' ? { bytes: readFileSync(artifact) } : { sha256 },
    signer: 'keyFile' in signer ? { key: readFileSync(signer.keyFile, 'utf8') } : signer,
  };
}

/** `verified`, or why not. */
function outcome(request: VerifyRequest): string {
  try {
    verifyRequest(request, Date.now());
    return 'verified';
  } catch (error) {
    if (error instanceof EvidenceFault) return error.cause;
    if (error instanceof TrustError) return error.message;
    // A key that is none, of which one case is made.
    if (error instanceof Error && 'code' in error && error.code === 'ERR_OSSL_EVP_DECODE_ERROR')
      return 'no key';
    throw error;
  }
}

function caseOf(name: string): ConformanceCase {
  const found = named.get(name);
  if (!found) throw new Error(`no case ${name}`);
  return found;
}

describe.skipIf(reasonForNoFixtures)(`sigstore-conformance ${reasonForNoFixtures ?? ''}`, () => {
  test('140 of 140: each case by path and by digest, and refused are just those that must be', () => {
    const runs = cases.flatMap((one) =>
      (['path', 'digest'] as const).map((by) => ({ ...one, by, said: outcome(requestOf(one, by)) })),
    );
    expect(runs).toHaveLength(140);
    const wrong = runs.filter(({ said, mustFail }) => (said !== 'verified') !== mustFail);
    expect(wrong.map(({ name, by, said }) => `${name} by ${by}: ${said}`)).toEqual([]);
    expect(runs.filter(({ mustFail }) => mustFail)).toHaveLength(98);
  }, 60_000);

  test.each([
    ['bundle-with-root-cert_fail', 'certificate'],
    ['checkpoint-wrong-roothash_fail', 'log-proof'],
    ['dsse-invalid-sig_fail', 'signature'],
    ['intoto-expired-certificate_fail', 'certificate-time'],
    ['intoto-log-entry-mismatch_fail', 'log-entry'],
    ['rekor2-no-timestamp_fail', 'timestamp'],
    ['rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail', 'timestamp'],
    ['message-digest-mismatch_fail', 'subject-digest'],
    ['bundle-unknown-version_fail', 'media-type'],
    ['managed-key-wrong-key_fail', 'no key'],
    [
      'trust-root-tlog-missing-validity-start_fail',
      'trust root: transparency log 2 has no start of its validity',
    ],
  ])('%s is refused for what it is made of: %s', (name, cause) => {
    expect(outcome(requestOf(caseOf(name), 'path'))).toBe(cause);
  });

  test('what is refused for the form of its base64 is refused for its matter, too', () => {
    const request = requestOf(caseOf('rekor2-timestamp-with-incorrect-time_fail'), 'path');
    const bundle = Buffer.from(Buffer.from(request.bundle).toString().replaceAll('\\n', ''));
    expect(outcome(request)).toBe('malformed');
    expect(outcome({ ...request, bundle })).toBe('certificate-time');
  });

  test('another identity, another issuer, and another key are refused', () => {
    const request = requestOf(caseOf('happy-path-v0.3'), 'path');
    if (!('identity' in request.signer)) throw new Error('signed by an identity');
    const { identity, issuer } = request.signer;
    expect(outcome(request)).toBe('verified');
    for (const signer of [
      { identity: `${identity}x`, issuer },
      { identity: identity.slice(0, -1), issuer },
      { identity: identity.toUpperCase(), issuer },
      { identity: '.*', issuer },
      { identity: '', issuer: '' },
      { identity, issuer: `${issuer}/` },
    ])
      expect(outcome({ ...request, signer })).toBe('issuer');
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = publicKey.export({ format: 'pem', type: 'spki' }).toString();
    expect(outcome({ ...requestOf(caseOf('managed-key-happy-path'), 'path'), signer: { key } })).toBe(
      'signature',
    );
    expect(outcome({ ...request, signer: { key } })).toBe('key-id');
  });

  test('through the executable that the suite is pointed at', async () => {
    const names = [
      'happy-path-v0.3',
      'rekor2-dsse-happy-path',
      'managed-key-and-trusted-root',
      'signature-mismatch_fail',
      'managed-key-no-key_fail',
    ];
    for (const one of names.map(caseOf))
      for (const subject of [one.artifact, `sha256:${one.sha256}`]) {
        const { code, words } = await client(argumentsOf(one, subject));
        expect(`${one.name} ${code}`).toBe(`${one.name} ${one.mustFail ? 1 : 0}`);
        expect(words === '').toBe(!one.mustFail);
      }
    const wrong = caseOf('bundle-from-wrong-instance_fail');
    const [command = '', ...rest] = argumentsOf(wrong, wrong.artifact);
    expect((await client([command, '--staging', ...rest])).code).toBe(0);
    expect((await client([command, '--unknown', ...rest])).code).toBe(2);
    expect((await client([])).code).toBe(2);
  }, 60_000);
});

test('a signature over a digest verifies as Node verifies it over the bytes', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  const digestOf = (text: string) => createHash('sha256').update(text).digest();
  for (const text of ['', 'a', 'b'.repeat(1000)]) {
    const signature = sign('sha256', Buffer.from(text), privateKey);
    const message = prehashed(digestOf(text));
    expect(message.verify(publicKey, signature, 'sha256')).toBe(true);
    expect(message.verify(other, signature, 'sha256')).toBe(false);
    expect(message.verify(publicKey, signature, 'sha512')).toBe(false);
    expect(prehashed(digestOf(`${text}.`)).verify(publicKey, signature, 'sha256')).toBe(false);
    const altered = Buffer.from(signature);
    altered.writeUInt8(altered.readUInt8(altered.length - 1) ^ 1, altered.length - 1);
    expect(message.verify(publicKey, altered, 'sha256')).toBe(false);
  }
  const { publicKey: large, privateKey: largeKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const signature = sign('sha256', Buffer.from('a'), largeKey);
  expect(prehashed(digestOf('a')).verify(large, signature, 'sha256')).toBe(false);
});

function argumentsOf({ bundle, trustedRoot, signer }: ConformanceCase, subject: string): string[] {
  return [
    'verify-bundle',
    '--bundle',
    bundle,
    ...('keyFile' in signer
      ? ['--key', signer.keyFile]
      : ['--certificate-identity', signer.identity, '--certificate-oidc-issuer', signer.issuer]),
    ...(trustedRoot === null ? [] : ['--trusted-root', trustedRoot]),
    subject,
  ];
}

function client(args: readonly string[]): Promise<{ readonly code: unknown; readonly words: string }> {
  return new Promise((done) => {
    execFile(CLIENT, args, (error, _out, words) => {
      done({ code: error ? error.code : 0, words });
    });
  });
}
