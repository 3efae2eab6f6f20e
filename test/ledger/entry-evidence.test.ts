import { describe, expect, test } from 'vitest';
import { entryBytes, MAX_ENTRY_BYTES } from '../../src/ledger/canonical.ts';
import { type DecisionInput, decisionEntry, type FactsRecord } from '../../src/ledger/entry-decision.ts';
import { NO_BASELINE, NO_EVIDENCE, NO_LISTED_EVIDENCE, type Signer } from '../../src/model/evidence.ts';
import { outcome, proven, sha256, sha512, signer } from './samples.ts';

const bare: DecisionInput = {
  id: 'r1',
  time: 5,
  agent: 'ana',
  profile: 'default',
  mode: 'enforce',
  route: 'artifact',
  method: 'GET',
  verdict: 'refuse',
  reasons: [],
  policy: sha256('policy'),
  engine: '1',
};

const BOTH = { 'registry-signature': true, provenance: true };
const signed = proven({ check: 'registry-signature', signers: [], documents: [sha256('signatures')] });

/** A signer as an entry says it. */
const told = (of: Signer): Record<string, string> =>
  Object.fromEntries(Object.entries(of).filter(([, value]) => value !== null));

/** A signer whose every text is as long as `length` allows, and takes as many bytes as JSON can make of it. */
function endless(length: number, char = '\u0001'): Signer {
  const text = char.repeat(length);
  const fields = Object.keys(signer()).filter((field) => field !== 'predicate');
  return signer(Object.fromEntries(fields.map((field) => [field, text])));
}

describe('what is said of evidence', () => {
  test('of each check its documents, its signers and why it did not verify', () => {
    const unclear = proven({
      result: 'unchecked',
      code: 'PROVENANCE_UNCHECKED',
      cause: 'unreachable',
      signers: [],
      documents: [],
    });
    const entry = decisionEntry({
      ...bare,
      checks: [{ check: 'size', result: 'verified' }, signed, proven({ cause: 'key-retired' }), unclear],
    });
    expect(entry['checks']).toEqual([
      { check: 'size', result: 'verified' },
      { check: 'registry-signature', result: 'verified', documents: [sha256('signatures')] },
      {
        check: 'provenance',
        result: 'verified',
        cause: 'key-retired',
        documents: [sha256('document')],
        signers: [told(signer())],
      },
      { check: 'provenance', result: 'unchecked', code: 'PROVENANCE_UNCHECKED', cause: 'unreachable' },
    ]);
    expect(entry['evidenceCut']).toBeUndefined();
    expect(() => entryBytes(entry)).not.toThrow();
  });

  test('of each reason what was expected and found', () => {
    const entry = decisionEntry({
      ...bare,
      reasons: [
        { code: 'TOO_YOUNG', place: 'npm.yaml:1' },
        {
          code: 'PROVENANCE_SIGNER',
          place: 'npm.yaml:3',
          detail: {
            check: 'provenance',
            field: 'repository',
            expected: 'forge.test/a/b',
            found: 'forge.test/m/x',
          },
        },
        {
          code: 'SIGNATURE_INVALID',
          place: null,
          detail: { check: 'registry-signature', cause: 'signature' },
        },
        'DENIED',
      ],
    });
    expect(entry['reasons']).toEqual([
      { code: 'TOO_YOUNG', place: 'npm.yaml:1' },
      {
        code: 'PROVENANCE_SIGNER',
        place: 'npm.yaml:3',
        detail: {
          check: 'provenance',
          field: 'repository',
          expected: 'forge.test/a/b',
          found: 'forge.test/m/x',
        },
      },
      { code: 'SIGNATURE_INVALID', detail: { check: 'registry-signature', cause: 'signature' } },
      { code: 'DENIED' },
    ]);
    expect(() => entryBytes(entry)).not.toThrow();
  });

  test('of the facts all that a policy asks about evidence', () => {
    const facts: FactsRecord = {
      evidenceListed: { signed: true, attestations: '-/attestations/x' },
      trust: sha256('trust'),
      claimed: BOTH,
      carried: { ...BOTH, 'registry-signature': false },
      held: { ...BOTH, provenance: false },
      baseline: { ...BOTH, signer: signer({ ref: null }) },
      evidence: outcome('x', { verdicts: [signed, proven()] }),
    };
    const entry = decisionEntry({ ...bare, facts });
    expect(entry['facts']).toEqual({
      evidenceListed: { signed: 'yes', attestations: 'yes' },
      trust: sha256('trust'),
      claimed: { 'registry-signature': 'yes', provenance: 'yes' },
      carried: { provenance: 'yes' },
      held: { 'registry-signature': 'yes' },
      baseline: { 'registry-signature': 'yes', provenance: 'yes', signer: told(signer({ ref: null })) },
      evidence: {
        sha256: sha256('x'),
        sha512: sha512('x'),
        at: 7_000,
        trust: sha256('trust'),
        checks: [
          { check: 'registry-signature', result: 'verified', documents: [sha256('signatures')] },
          {
            check: 'provenance',
            result: 'verified',
            documents: [sha256('document')],
            signers: [told(signer())],
          },
        ],
      },
    });
    expect(() => entryBytes(entry)).not.toThrow();
  });

  test('where there is no evidence, an entry is as it was before there was any', () => {
    const without = decisionEntry({
      ...bare,
      facts: { firstSeen: 1 },
      checks: [{ check: 'size', result: 'verified' }],
    });
    const none = decisionEntry({
      ...bare,
      checks: [{ check: 'size', result: 'verified' }],
      facts: {
        firstSeen: 1,
        evidenceListed: NO_LISTED_EVIDENCE,
        trust: null,
        claimed: NO_EVIDENCE,
        carried: null,
        held: NO_EVIDENCE,
        baseline: NO_BASELINE,
        evidence: null,
      },
    });
    expect(entryBytes(none)).toBe(entryBytes(without));
  });

  test('a last look that found nothing is told from none', () => {
    const { evidence } = decisionEntry({ ...bare, facts: { evidence: outcome('x', { verdicts: [] }) } })[
      'facts'
    ] as Record<string, unknown>;
    expect(evidence).toMatchObject({ sha256: sha256('x'), checks: [] });
  });
});

describe('room', () => {
  test('what is told to people is cut to 512 characters, who signed is not, and both are well-formed', () => {
    const text = `\ud800${'x'.repeat(510)}😀${'y'.repeat(5000)}`;
    const entry = decisionEntry({
      ...bare,
      reasons: [
        {
          code: 'PROVENANCE_SIGNER',
          place: null,
          detail: { check: 'provenance', expected: text, found: '' },
        },
      ],
      checks: [proven({ signers: [signer({ ref: text })] })],
    });
    const cut = `\ufffd${'x'.repeat(510)}\ufffd`;
    expect(entry['reasons']).toEqual([
      { code: 'PROVENANCE_SIGNER', detail: { check: 'provenance', expected: cut, found: '' } },
    ]);
    expect(entry['checks']).toMatchObject([{ signers: [{ ref: text.toWellFormed() }] }]);
    expect(() => entryBytes(entry)).not.toThrow();
  });

  test.each(['\u0001', 'x', '"', 'ä', '語', '\ud800'])(
    'the worst signers of %j, everywhere and many: the entry can be written, with its documents',
    (char) => {
      const worst = endless(100_000, char);
      const many = Array.from({ length: 100 }, () => worst);
      const entry = decisionEntry({
        ...bare,
        client: char.repeat(500),
        name: 'x'.repeat(214),
        file: 'x'.repeat(1000),
        purl: 'x'.repeat(300),
        digests: { sha256: sha256('x'), sha512: sha512('x') },
        reasons: Array.from({ length: 20 }, () => ({
          code: 'PROVENANCE_SIGNER',
          place: 'npm.yaml:1',
          detail: {
            check: 'provenance',
            field: worst.subject,
            expected: worst.subject,
            found: worst.subject,
          },
        })),
        checks: [signed, proven({ signers: many })],
        facts: {
          declared: [sha512('x'), sha256('x')],
          findings: [{ code: 'ARCHIVE_UNSAFE', place: char.repeat(200) }],
          claimed: BOTH,
          held: BOTH,
          baseline: { ...BOTH, signer: worst },
          evidence: outcome('x', { verdicts: [signed, proven({ signers: many })] }),
        },
      });
      expect(Buffer.byteLength(entryBytes(entry))).toBeLessThanOrEqual(MAX_ENTRY_BYTES);
      expect(entry['evidenceCut']).toBe('yes');
      expect(entry['checks']).toMatchObject([
        { documents: [sha256('signatures')] },
        { documents: [sha256('document')] },
      ]);
      expect(entry['facts']).toMatchObject({
        baseline: { provenance: 'yes' },
        claimed: { provenance: 'yes' },
      });
    },
  );

  test('very many documents and signers: as many as there is room for, each whole', () => {
    const documents = Array.from({ length: 1000 }, (_, n) => sha256(`document ${n}`));
    const entry = decisionEntry({ ...bare, checks: [proven({ documents, signers: [signer()] })] });
    expect(() => entryBytes(entry)).not.toThrow();
    const [check] = entry['checks'] as unknown as [{ documents: string[]; signers?: unknown }];
    expect(check.documents.length).toBeGreaterThan(20);
    expect(check.documents).toEqual(documents.slice(0, check.documents.length));
    expect(entry['evidenceCut']).toBe('yes');
  });

  test('where the rest of the entry leaves no room, nothing of evidence is written but its verdicts', () => {
    const entry = decisionEntry({ ...bare, file: 'x'.repeat(15_700), checks: [proven()] });
    expect(entry['checks']).toEqual([{ check: 'provenance', result: 'verified' }]);
    expect(entry['evidenceCut']).toBe('yes');
    expect(() => entryBytes(entry)).not.toThrow();
  });

  test('ordinary evidence is never cut: two signers, a baseline and a last look', () => {
    const long = signer({
      subject: `https://forge.test/${'organisation'.repeat(3)}/${'repository'.repeat(3)}/.ci/workflows/release-and-publish.yml@refs/tags/v1.2.3`,
      builder: `https://forge.test/${'organisation'.repeat(3)}/${'repository'.repeat(3)}/.ci/workflows/release-and-publish.yml@refs/heads/main`,
      commit: '0'.repeat(40),
      environment: 'release',
    });
    const verdicts = [signed, proven({ signers: [long, { ...long, predicate: 'publish' }] })];
    const entry = decisionEntry({
      ...bare,
      checks: verdicts,
      facts: { baseline: { ...BOTH, signer: long }, evidence: outcome('x', { verdicts }) },
    });
    expect(entry['evidenceCut']).toBeUndefined();
    expect(Buffer.byteLength(entryBytes(entry))).toBeLessThan(6_000);
  });
});
