import { createHash, createPublicKey, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { envelope, IN_TOTO } from '../../src/exports/dsse.ts';
import { publicKeyPem } from '../../src/exports/public-key.ts';
import { summaryOf, verifierOf } from '../../src/exports/vsa.ts';
import type { DecisionInput } from '../../src/ledger/entry-decision.ts';
import { generateKey, signerKey } from '../../src/ledger/log/note.ts';
import { decision, proven, sha256, sha512, signer } from '../ledger/fixtures/drafts.ts';
import { LOG, logged } from './logged.ts';

// biome-ignore lint/suspicious/noExplicitAny: a test looks into the statement member by member
type Json = any;

const VERIFIER = verifierOf(LOG.origin);
const summary = (more: Partial<DecisionInput> = {}, extra: object = {}, seq = 7) =>
  summaryOf(
    logged(
      {
        ...decision({
          purl: 'pkg:npm/express@4.19.2',
          file: 'express-4.19.2.tgz',
          digests: { sha256: sha256('x'), sha512: sha512('x') },
          ...more,
        }),
        ...extra,
      },
      seq,
    ),
    VERIFIER,
  );
const statement = (...of: Parameters<typeof summary>): Json => summary(...of)?.statement;

test('a statement says what was verified, of what, by whom, under which policy, and where that is in the log', () => {
  const said = statement({ place: 'default.yaml:3', checks: [proven()] });
  expect(said).toMatchObject({
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: 'https://slsa.dev/verification_summary/v1',
    subject: [
      {
        name: 'express-4.19.2.tgz',
        digest: { sha256: sha256('x').slice(7), sha512: sha512('x').slice(7) },
        annotations: {
          mode: 'enforce',
          rule: 'default.yaml:3',
          checks: ['provenance verified'],
          entry: { seq: 7, log: LOG.origin, index: 7 },
        },
      },
    ],
    predicate: {
      verifier: { id: 'https://firewall.test/ledger/1' },
      timeVerified: '1970-01-01T00:00:01.000Z',
      resourceUri: 'pkg:npm/express@4.19.2',
      policy: {
        uri: 'https://firewall.test/ledger/1/policies/default',
        digest: { sha256: sha256('policy').slice(7) },
      },
      inputAttestations: [{ digest: { sha256: sha256('document').slice(7) } }],
      verificationResult: 'PASSED',
      verifiedLevels: ['SLSA_BUILD_LEVEL_1'],
    },
  });
});

test.each([
  ['no provenance', {}, 'UNEVALUATED'],
  [
    'a publish attestation',
    { checks: [proven({ signers: [signer({ predicate: 'publish' })] })] },
    'UNEVALUATED',
  ],
  ['provenance that failed', { checks: [proven({ result: 'failed', signers: [] })] }, 'UNEVALUATED'],
  ['provenance that was not checked', { checks: [proven({ result: 'unchecked' })] }, 'UNEVALUATED'],
  ["a registry's signature", { checks: [proven({ check: 'registry-signature' })] }, 'UNEVALUATED'],
  ['signers that did not fit', { checks: [proven({ signers: [] })] }, 'UNEVALUATED'],
  ['verified build provenance', { checks: [proven()] }, '1'],
] as const)('no more is claimed than was verified: %s', (_, more, level) => {
  expect(statement(more).predicate.verifiedLevels).toEqual([`SLSA_BUILD_LEVEL_${level}`]);
});

test('what mode observe let through in spite of the policy is FAILED; what it would have admitted anyway says its mode', () => {
  const observed = [{ code: 'TOO_YOUNG', place: 'a.yaml:1' }] as const;
  expect(statement({ mode: 'observe', observed, checks: [proven()] })).toMatchObject({
    subject: [{ annotations: { mode: 'observe', observed: ['TOO_YOUNG'] } }],
    predicate: { verificationResult: 'FAILED', verifiedLevels: ['FAILED'] },
  });
  expect(statement({ mode: 'observe' })).toMatchObject({
    subject: [{ annotations: { mode: 'observe' } }],
    predicate: { verificationResult: 'PASSED' },
  });
});

test('a waiver is told', () => {
  const waived = [{ code: 'INSTALL_SCRIPTS', place: 'a.yaml:2' }] as const;
  expect(statement({ waived })).toMatchObject({
    subject: [{ annotations: { waived } }],
    predicate: { verificationResult: 'PASSED' },
  });
});

test('the attestations are all of them, or none', () => {
  expect(statement({ checks: [proven()] }, { evidenceCut: 'yes' }).predicate).not.toHaveProperty(
    'inputAttestations',
  );
  expect(statement({}).predicate).not.toHaveProperty('inputAttestations');
});

test.each([
  ['a refusal', { verdict: 'refuse', reasons: ['DENIED'] }],
  ['an index', { route: 'index' }],
  ['no digests', { digests: null }],
  ['no package URL', { purl: null }],
  ['a policy without a digest', { policy: 'none' }],
] as const)('nothing is said of %s', (_, more) => {
  expect(summary(more)).toBeNull();
});

test('one artifact under one policy is one statement; another outcome, policy or digest is another', () => {
  const key = (...of: Parameters<typeof summary>) => summary(...of)?.key;
  const one = key({}, {}, 7);
  expect(key({ id: 'r2', time: 9_000, agent: 'bo' }, {}, 8)).toBe(one);
  const others = [
    key({ policy: sha256('other') }),
    key({ digests: { sha256: sha256('y'), sha512: sha512('y') } }),
    key({ file: 'other.tgz' }),
    key({ profile: 'strict' }),
    key({ observed: ['TOO_YOUNG'].map((code) => ({ code: code as 'TOO_YOUNG', place: null })) }),
    key({ checks: [proven()] }),
  ];
  expect(new Set([one, ...others]).size).toBe(others.length + 1);
});

test('an envelope verifies with the public key alone, over the encoding of DSSE', () => {
  const { skey, vkey } = generateKey(LOG.origin);
  const payload = Buffer.from(JSON.stringify(statement({ profile: 'ünï' })));
  const signed = envelope(IN_TOTO, payload, signerKey(skey));
  expect(signed.payloadType).toBe('application/vnd.in-toto+json');
  const [signature] = signed.signatures;
  // By hand, from the specification: "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body.
  const body = Buffer.from(signed.payload, 'base64');
  const encoded = Buffer.concat([
    Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${body.length} `),
    body,
  ]);
  const key = createPublicKey(publicKeyPem(vkey));
  const sig = Buffer.from(signature?.sig ?? '', 'base64');
  expect(verify(null, encoded, key, sig)).toBe(true);
  expect(verify(null, Buffer.concat([encoded, Buffer.from(' ')]), key, sig)).toBe(false);
  expect(verify(null, body, key, sig)).toBe(false);
  // The hint is that of C2SP signed-note: SHA-256 of name, newline, 0x01 and the key.
  const raw = key.export({ format: 'der', type: 'spki' }).subarray(-32);
  const id = createHash('sha256').update(`${LOG.origin}\n\u0001`).update(raw).digest('hex').slice(0, 8);
  expect(signature?.keyid).toBe(`${LOG.origin}+${id}`);
});
