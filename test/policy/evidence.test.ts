import { describe, expect, test } from 'vitest';
import type { Reason } from '../../src/model/decision.ts';
import { type Digest, sriOf } from '../../src/model/digest.ts';
import {
  type Baseline,
  CAUSES,
  type Cause,
  codeOfCause,
  EVIDENCE,
  type EvidenceName,
  type EvidenceOutcome,
  type EvidenceVerdict,
  NO_BASELINE,
  NO_LISTED_EVIDENCE,
} from '../../src/model/evidence.ts';
import { NO_FACTS } from '../../src/model/facts.ts';
import type { CheckResult } from '../../src/model/verdict.ts';
import { decide, ORDER } from '../../src/policy/decide.ts';
import { carriedBy, evidenceAsked, isAboutEvidence, LOOK_AGAIN } from '../../src/policy/judge/evidence.ts';
import type { DownloadQuestion, ListingQuestion, Policy } from '../../src/policy/policy.ts';
import {
  A256,
  A512,
  B256,
  B512,
  DAY,
  downloadOf,
  listingOf,
  NO_VERDICTS,
  NOW,
  nameOf,
  policyOf,
  SIGNER,
  VERIFIED,
} from './questions.ts';

/** A policy that asks for one kind of evidence only. */
function asking(check: EvidenceName, level: string, more = ''): Policy {
  const other = check === 'provenance' ? 'registry-signature' : 'provenance';
  return policyOf(
    `requirements: { npm: { ${check}: ${level}, ${other}: off } }\nallow: [{ npm: pkg }]\n${more}`,
  );
}

function verdict(
  check: EvidenceName,
  result: CheckResult,
  more: Partial<EvidenceVerdict> = {},
): EvidenceVerdict {
  const signers = check === 'provenance' && result === 'verified' ? [SIGNER] : [];
  return { check, result, signers, documents: [], ...more };
}

const LISTING = listingOf('pkg', '1.0.0');
const reasonsOf = (policy: Policy, question: ListingQuestion | DownloadQuestion): readonly Reason[] =>
  decide(policy, 'default', question).reasons;
const codesOf = (policy: Policy, question: ListingQuestion | DownloadQuestion): string[] =>
  reasonsOf(policy, question).map(({ code }) => code);

const IDENTITY = '{ repository: github.com/acme/tool, workflow: release.yml }';
const WORD = { 'registry-signature': 'SIGNATURE', provenance: 'PROVENANCE' } as const;

/** level → what a check came to → the code of the refusal, `X` for SIGNATURE or PROVENANCE; null for none. */
const DOWNLOAD: Record<string, Record<string, string | null>> = {
  off: { verified: null, absent: null, lost: null, failed: null, unchecked: null, missing: null, odd: null },
  'if-present': {
    verified: null,
    absent: null,
    lost: null,
    failed: 'X_INVALID',
    unchecked: 'X_UNCHECKED',
    missing: 'X_UNCHECKED',
    odd: 'X_UNCHECKED',
  },
  'no-downgrade': {
    verified: null,
    absent: null,
    lost: 'EVIDENCE_DOWNGRADE',
    failed: 'X_INVALID',
    unchecked: 'X_UNCHECKED',
    missing: 'X_UNCHECKED',
    odd: 'X_UNCHECKED',
  },
  required: {
    verified: null,
    absent: 'X_MISSING',
    lost: 'X_MISSING',
    failed: 'X_INVALID',
    unchecked: 'X_UNCHECKED',
    missing: 'X_UNCHECKED',
    odd: 'X_UNCHECKED',
  },
};
DOWNLOAD[IDENTITY] = DOWNLOAD['required'] ?? {};

/** What earlier versions, or this very file, were seen to have. */
const pasts = (check: EvidenceName): Record<string, Partial<ListingQuestion>> => ({
  baseline: { baseline: { ...NO_BASELINE, [check]: true } },
  claimed: { facts: { ...NO_FACTS, claimed: { ...NO_FACTS.claimed, [check]: true } } },
  carried: {
    facts: {
      ...NO_FACTS,
      carried: { 'registry-signature': false, provenance: false, signer: null, [check]: true },
    },
  },
});

const ROWS = EVIDENCE.flatMap((check) =>
  Object.entries(DOWNLOAD)
    .filter(([level]) => check === 'provenance' || level !== IDENTITY)
    .flatMap(([level, results]) =>
      Object.entries(results).map(([result, code]) => ({
        check,
        level,
        result,
        code: code?.replace('X', WORD[check]) ?? null,
      })),
    ),
);

describe('a download', () => {
  test.each(ROWS)('$check: $level, $result: $code', ({ check, level, result, code }) => {
    const policy = asking(check, level);
    const evidence = {
      verified: [verdict(check, 'verified')],
      absent: [verdict(check, 'absent')],
      lost: [verdict(check, 'absent')],
      failed: [verdict(check, 'failed', { cause: 'signature', code: codeOfCause(check, 'signature') })],
      unchecked: [
        verdict(check, 'unchecked', { cause: 'unreachable', code: codeOfCause(check, 'unreachable') }),
      ],
      missing: [],
      odd: [verdict(check, 'VERIFIED' as CheckResult)],
    }[result];
    const seen = result === 'lost' ? Object.values(pasts(check)) : [{}];
    for (const past of seen) {
      const question = downloadOf({ ...LISTING, ...past }, evidence ? { evidence } : {});
      expect(codesOf(policy, question)).toEqual(code === null ? [] : [code]);
      for (const reason of reasonsOf(policy, question)) {
        expect(reason).toMatchObject({ place: 'p.yaml:3', detail: { check } });
        expect(isAboutEvidence(reason)).toBe(true);
        expect(ORDER.at(-1)?.codes).toContain(reason.code);
      }
    }
  });

  test('of which the other kind of evidence was lost is refused for that kind alone', () => {
    for (const check of EVIDENCE) {
      const other = check === 'provenance' ? 'registry-signature' : 'provenance';
      for (const past of Object.values(pasts(other))) {
        expect(codesOf(asking(check, 'no-downgrade'), downloadOf({ ...LISTING, ...past }))).toEqual([]);
      }
    }
    const both = policyOf(
      'requirements: { npm: { registry-signature: no-downgrade, provenance: no-downgrade } }\nallow: [{ npm: pkg }]',
    );
    const baseline = { 'registry-signature': true, provenance: true, signer: null };
    expect(reasonsOf(both, downloadOf({ ...LISTING, baseline }))).toEqual([
      { code: 'EVIDENCE_DOWNGRADE', place: 'p.yaml:3', detail: { check: 'registry-signature' } },
      { code: 'EVIDENCE_DOWNGRADE', place: 'p.yaml:3', detail: { check: 'provenance' } },
    ]);
  });

  test.each(['if-present', 'no-downgrade', 'required', IDENTITY])(
    '%s: provenance that nobody signed is none',
    (level) => {
      const evidence = [verdict('provenance', 'verified', { signers: [] })];
      expect(codesOf(asking('provenance', level), downloadOf(LISTING, { evidence }))).toEqual([
        'PROVENANCE_UNCHECKED',
      ]);
    },
  );

  test.each(EVIDENCE.flatMap((check) => (Object.keys(CAUSES) as Cause[]).map((cause) => ({ check, cause }))))(
    '$check with the cause $cause is refused with its code, whether the verdict names it or not',
    ({ check, cause }) => {
      for (const result of ['failed', 'unchecked'] as const) {
        for (const code of [undefined, codeOfCause(check, cause)]) {
          const evidence = [verdict(check, result, { cause, ...(code ? { code } : {}) })];
          for (const level of ['if-present', 'no-downgrade', 'required']) {
            expect(reasonsOf(asking(check, level), downloadOf(LISTING, { evidence }))).toEqual([
              { code: codeOfCause(check, cause), place: 'p.yaml:3', detail: { check, cause } },
            ]);
          }
        }
      }
    },
  );

  test('whose index announces evidence that is called absent is refused under every level but off', () => {
    const announced = {
      'registry-signature': { ...NO_LISTED_EVIDENCE, signed: true },
      provenance: { ...NO_LISTED_EVIDENCE, attestations: 'x' },
    };
    for (const check of EVIDENCE) {
      const listed = listingOf('pkg', '1.0.0', { file: { evidence: announced[check] } });
      const held = { ...LISTING, held: { 'registry-signature': false, provenance: false, [check]: true } };
      for (const level of ['if-present', 'no-downgrade', 'required']) {
        for (const question of [listed, held]) {
          expect(reasonsOf(asking(check, level), downloadOf(question))).toEqual([
            { code: `${WORD[check]}_UNCHECKED`, place: 'p.yaml:3', detail: { check, cause: 'not-there' } },
          ]);
        }
      }
      expect(codesOf(asking(check, 'off'), downloadOf(listed))).toEqual([]);
    }
  });

  test('with two verdicts of one kind needs both', () => {
    const policy = asking('provenance', 'required');
    const good = verdict('provenance', 'verified');
    for (const result of ['failed', 'unchecked', 'absent'] as const) {
      const bad = verdict('provenance', result);
      expect(codesOf(policy, downloadOf(LISTING, { evidence: [good, bad] }))).toHaveLength(1);
      expect(codesOf(policy, downloadOf(LISTING, { evidence: [bad, good] }))).toHaveLength(1);
    }
  });

  test('a verdict of one kind says nothing of the other', () => {
    const both = policyOf(
      'requirements: { npm: { registry-signature: required, provenance: required } }\nallow: [{ npm: pkg }]',
    );
    const evidence = [verdict('registry-signature', 'verified', { signers: [SIGNER] })];
    expect(codesOf(both, downloadOf(LISTING, { evidence }))).toEqual(['PROVENANCE_UNCHECKED']);
    expect(codesOf(both, downloadOf(LISTING, { evidence: [verdict('provenance', 'verified')] }))).toEqual([
      'SIGNATURE_UNCHECKED',
    ]);
  });

  test('a key that has been retired since is recorded, and counts', () => {
    const evidence = [verdict('registry-signature', 'verified', { cause: 'key-retired' })];
    expect(codesOf(asking('registry-signature', 'required'), downloadOf(LISTING, { evidence }))).toEqual([]);
  });

  test('pinned, frozen or by a rule: evidence is asked for all the same', () => {
    const pin = `pins: [{ npm: pkg@1.0.0, integrity: "${sriOf(A512)}" }]`;
    const verdicts = [
      ...VERIFIED.filter(({ check }) => check !== 'pin'),
      { check: 'pin', result: 'verified' } as const,
    ];
    for (const more of [pin, `${pin}\nmode: frozen`]) {
      for (const level of ['required', IDENTITY]) {
        const policy = asking('provenance', level, more);
        expect(codesOf(policy, downloadOf(LISTING, { verdicts }))).toEqual(['PROVENANCE_MISSING']);
        const evidence = [verdict('provenance', 'verified')];
        expect(codesOf(policy, downloadOf(LISTING, { verdicts, evidence }))).toEqual([]);
        const stranger = [
          verdict('provenance', 'verified', { signers: [{ ...SIGNER, trigger: 'issue_comment' }] }),
        ];
        expect(codesOf(policy, downloadOf(LISTING, { verdicts, evidence: stranger }))).toEqual([
          'PROVENANCE_SIGNER',
        ]);
      }
    }
  });
});

describe('a listing without a last look', () => {
  test.each(
    EVIDENCE.flatMap((check) =>
      ['off', 'if-present', 'no-downgrade', 'required', IDENTITY]
        .filter((level) => check === 'provenance' || level !== IDENTITY)
        .map((level) => ({ check, level })),
    ),
  )('$check: $level, by what is claimed and kept', ({ check, level }) => {
    const policy = asking(check, level);
    const missing = level === 'required' || level === IDENTITY;
    expect(codesOf(policy, LISTING)).toEqual(missing ? [`${WORD[check]}_MISSING`] : []);
    for (const past of Object.values(pasts(check))) {
      const expected =
        { 'no-downgrade': ['EVIDENCE_DOWNGRADE'] }[level] ?? (missing ? [`${WORD[check]}_MISSING`] : []);
      expect(codesOf(policy, { ...LISTING, ...past })).toEqual(expected);
      const evidence =
        check === 'provenance'
          ? { ...NO_LISTED_EVIDENCE, attestations: 'x' }
          : { ...NO_LISTED_EVIDENCE, signed: true };
      expect(codesOf(policy, { ...LISTING, ...past, file: { ...LISTING.file, evidence } })).toEqual([]);
      const held = { 'registry-signature': false, provenance: false, [check]: true };
      expect(codesOf(policy, { ...LISTING, ...past, held })).toEqual([]);
    }
    expect(decide(policy, 'default', LISTING).until).toBeNull();
  });
});

describe('a listing after a last look', () => {
  const CLAIMED = listingOf('pkg', '1.0.0', {
    file: { digests: [A256], evidence: { ...NO_LISTED_EVIDENCE, attestations: 'x' } },
  });
  const REQUIRED = asking('provenance', 'required');
  const outcome = (
    verdicts: readonly EvidenceVerdict[],
    more: Partial<EvidenceOutcome> = {},
  ): EvidenceOutcome => ({
    sha256: A256,
    sha512: A512,
    at: NOW - 1,
    trust: B256,
    verdicts,
    ...more,
  });
  const lookedAt = (question: ListingQuestion, evidence: EvidenceOutcome): ListingQuestion => ({
    ...question,
    facts: { ...question.facts, evidence },
  });
  const failed = [verdict('provenance', 'failed', { cause: 'signature', code: 'PROVENANCE_INVALID' })];

  test('that refuses, refuses for an hour and says until when', () => {
    const at = (now: number) =>
      decide(REQUIRED, 'default', { ...lookedAt(CLAIMED, outcome(failed, { at: NOW })), now });
    for (const now of [NOW, NOW + LOOK_AGAIN - 1]) {
      expect(at(now)).toMatchObject({
        verdict: 'refuse',
        reasons: [{ code: 'PROVENANCE_INVALID', detail: { check: 'provenance', cause: 'signature' } }],
        until: NOW + LOOK_AGAIN,
        eligibleAt: null,
      });
    }
    expect(at(NOW + LOOK_AGAIN)).toMatchObject({ verdict: 'allow', until: null });
    expect(LOOK_AGAIN).toBe(3_600_000);
  });

  test('is the sooner of two instants, where the file is too young as well', () => {
    const policy = policyOf(
      'requirements: { npm: { age: 7d, provenance: required } }\nallow: [{ npm: pkg }]',
    );
    const young = (age: number) =>
      decide(policy, 'default', {
        ...lookedAt(CLAIMED, outcome(failed, { at: NOW })),
        file: { ...CLAIMED.file, claimedAt: NOW - age },
      });
    expect(young(DAY)).toMatchObject({ until: NOW + LOOK_AGAIN, eligibleAt: null });
    expect(young(7 * DAY - 1)).toMatchObject({ until: NOW + 1, eligibleAt: null });
  });

  test('is judged by each policy for itself', () => {
    const seen = lookedAt(CLAIMED, outcome([verdict('provenance', 'verified')]));
    expect(codesOf(asking('provenance', IDENTITY), seen)).toEqual([]);
    expect(codesOf(asking('provenance', '{ repository: github.com/acme/other }'), seen)).toEqual([
      'PROVENANCE_SIGNER',
    ]);
    expect(codesOf(asking('provenance', 'off'), lookedAt(CLAIMED, outcome(failed)))).toEqual([]);
  });

  test('that passes is as good as a claim, for as long as it is of these bytes', () => {
    const unclaimed = listingOf('pkg', '1.0.0', { file: { digests: [A256] } });
    const passed = outcome([verdict('provenance', 'verified')], { at: NOW - 1000 * DAY });
    expect(codesOf(REQUIRED, lookedAt(unclaimed, passed))).toEqual([]);
    const first = { ...NO_FACTS, first: { sha256: A256, sha512: A512 } };
    const undeclared = { ...unclaimed, facts: first, file: { ...unclaimed.file, digests: [] } };
    const codes = codesOf(REQUIRED, lookedAt(undeclared, passed));
    expect(codes).toEqual(['NO_DIGEST']);
    expect(codesOf(REQUIRED, lookedAt(undeclared, { ...passed, sha256: B256 }))).toEqual([
      'NO_DIGEST',
      'PROVENANCE_MISSING',
    ]);
  });

  test.each<[string, Digest[], Partial<EvidenceOutcome>, boolean]>([
    ['its sha256 is declared', [A256], { sha512: B512 }, true],
    ['its sha512 is declared', [A512], { sha256: B256 }, true],
    ['both are declared', [A256, A512], {}, true],
    ['another sha256 is declared', [A256], { sha256: B256 }, false],
    ['another sha512 is declared', [A512], { sha512: B512 }, false],
    ['one of two is another', [A256, A512], { sha512: B512 }, false],
    ['nothing is declared', [], {}, false],
  ])('counts where it is of this artifact: %s', (_, digests, digest, counts) => {
    const question = (verdicts: readonly EvidenceVerdict[], evidence = NO_LISTED_EVIDENCE): ListingQuestion =>
      lookedAt(listingOf('pkg', '1.0.0', { file: { digests, evidence } }), outcome(verdicts, digest));
    const none = digests.length === 0 ? ['NO_DIGEST'] : [];
    const announced = { ...NO_LISTED_EVIDENCE, attestations: 'x' };
    expect(codesOf(REQUIRED, question(failed, announced))).toEqual([
      ...none,
      ...(counts ? ['PROVENANCE_INVALID'] : []),
    ]);
    expect(codesOf(REQUIRED, question([verdict('provenance', 'verified')]))).toEqual([
      ...none,
      ...(counts ? [] : ['PROVENANCE_MISSING']),
    ]);
  });

  test('that did not look at this kind, or found nobody to announce what is announced now, is no look', () => {
    expect(codesOf(REQUIRED, lookedAt(CLAIMED, outcome([verdict('registry-signature', 'failed')])))).toEqual(
      [],
    );
    expect(codesOf(REQUIRED, lookedAt(CLAIMED, outcome([verdict('provenance', 'absent')])))).toEqual([]);
    expect(codesOf(REQUIRED, lookedAt(CLAIMED, outcome([])))).toEqual([]);
  });

  test('at an instant that is no number is ignored', () => {
    expect(codesOf(REQUIRED, lookedAt(CLAIMED, outcome(failed, { at: Number.NaN })))).toEqual([]);
  });

  test('is nothing to a download, which has verdicts of its own', () => {
    const passed = outcome([verdict('provenance', 'verified')]);
    const first = { ...NO_FACTS, findings: [], evidence: passed };
    const plain = listingOf('pkg', '1.0.0', { facts: first });
    expect(codesOf(REQUIRED, downloadOf(plain, { evidence: [] }))).toEqual(['PROVENANCE_UNCHECKED']);
    expect(codesOf(REQUIRED, downloadOf(plain, { evidence: NO_VERDICTS }))).toEqual(['PROVENANCE_MISSING']);
  });
});

describe('what is asked for', () => {
  const policy = policyOf(`
requirements: { npm: { registry-signature: off, provenance: no-downgrade } }
allow:
  - npm: pkg
  - { npm: lax, versions: ">=2", requirements: { provenance: off } }
  - { npm: "s*", requirements: { registry-signature: if-present } }
pins: [{ npm: lax@1.0.0, integrity: "${sriOf(A512)}" }]
`);
  test.each([
    ['pkg', '1.0.0', false, true],
    ['lax', '2.0.0', false, false],
    ['lax', '1.0.0', false, true],
    ['some', '1.0.0', true, true],
  ])(
    'of %s@%s: signature %s, provenance %s, by the rule that wins',
    (name, version, signature, provenance) => {
      expect(evidenceAsked(policy, 'default', listingOf(name, version))).toEqual({
        'registry-signature': signature,
        provenance,
      });
    },
  );

  test('under no rules at all: everything', () => {
    const all = { 'registry-signature': true, provenance: true };
    expect(evidenceAsked(policy, 'other', LISTING)).toEqual(all);
    expect(evidenceAsked(policy, 'default', { ...LISTING, ecosystem: 'cargo' })).toEqual(all);
    expect(evidenceAsked(policyOf('allow: [{ npm: pkg }]'), 'default', LISTING)).toEqual(all);
  });

  test('by name alone nothing of it is judged', () => {
    expect(decide(asking('provenance', 'required'), 'default', nameOf('pkg')).verdict).toBe('allow');
  });
});

describe('what an admission adds to the baseline', () => {
  const PASSED = [verdict('registry-signature', 'verified'), verdict('provenance', 'verified')];
  const carried = (level: string, verdicts = PASSED, baseline: Baseline = NO_BASELINE) =>
    carriedBy(asking('provenance', level), 'default', { ...LISTING, baseline }, verdicts);

  test.each(['off', 'if-present'])('%s: the kinds that verified, and no signer', (level) => {
    expect(carried(level)).toEqual({ 'registry-signature': true, provenance: true, signer: null });
  });

  test.each(['no-downgrade', 'required', IDENTITY])('%s: and the signer', (level) => {
    expect(carried(level)).toEqual({ 'registry-signature': true, provenance: true, signer: SIGNER });
    expect(carried(level, [verdict('provenance', 'verified')])).toEqual({
      'registry-signature': false,
      provenance: true,
      signer: SIGNER,
    });
    expect(carried(level, [verdict('registry-signature', 'verified')])).toEqual({
      'registry-signature': true,
      provenance: false,
      signer: null,
    });
  });

  test('of several signers the one that was wanted, and the one who built it before the one who uploaded it', () => {
    const other = { ...SIGNER, repository: 'github.com/acme/other', repositoryId: '2' };
    const upload = { ...SIGNER, predicate: 'publish' as const };
    const signed = (...signers: (typeof SIGNER)[]) => [verdict('provenance', 'verified', { signers })];
    expect(carried(IDENTITY, signed(other, SIGNER))?.signer).toBe(SIGNER);
    expect(carried('no-downgrade', signed(upload, SIGNER))?.signer).toBe(SIGNER);
    const baseline = { ...NO_BASELINE, provenance: true, signer: other };
    expect(carried('no-downgrade', signed(SIGNER, other), baseline)?.signer).toBe(other);
    // Nobody whom the policy does not want becomes a baseline, even were such a file admitted.
    expect(carried('no-downgrade', signed(SIGNER), baseline)?.signer).toBeNull();
    expect(carried(IDENTITY, signed(other))?.signer).toBeNull();
  });

  test('nothing where nothing verified', () => {
    for (const result of ['absent', 'failed', 'unchecked'] as const) {
      expect(carried('no-downgrade', [verdict('provenance', result, { signers: [SIGNER] })])).toBeNull();
    }
    expect(carried('no-downgrade', [verdict('provenance', 'verified', { signers: [] })])).toBeNull();
    expect(carried('no-downgrade', [])).toBeNull();
  });

  test('under no rules at all no signer', () => {
    expect(carriedBy(policyOf('allow: []'), 'other', LISTING, PASSED)).toEqual({
      'registry-signature': true,
      provenance: true,
      signer: null,
    });
  });
});
