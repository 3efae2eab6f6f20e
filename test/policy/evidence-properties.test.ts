import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Baseline,
  EVIDENCE,
  type EvidenceName,
  type EvidenceOutcome,
  type EvidenceSet,
  type EvidenceVerdict,
  type Signer,
} from '../../src/model/evidence.ts';
import { NO_FACTS } from '../../src/model/facts.ts';
import type { CheckResult } from '../../src/model/verdict.ts';
import { decide } from '../../src/policy/decide.ts';
import { evidenceAsked } from '../../src/policy/judge/evidence.ts';
import type { DownloadQuestion, ListingQuestion, Policy } from '../../src/policy/policy.ts';
import { A256, A512, B256, B512, downloadOf, listingOf, NOW, policyOf, SIGNER } from './questions.ts';

type Asked = ListingQuestion | DownloadQuestion;

/** From loose to strict, as the schema lists them. */
const LEVELS = ['off', 'if-present', 'no-downgrade', 'required'] as const;
const IDENTITY =
  '{ repository: github.com/acme/tool, workflow: release.yml, ref: "refs/tags/*", owner-id: "77" }';
const POLICIES = new Map<string, Policy>();

function policyWith(signature: string, provenance: string): Policy {
  const text = `requirements: { npm: { registry-signature: ${signature}, provenance: ${provenance} } }\nallow: [{ npm: pkg }]`;
  const policy = POLICIES.get(text) ?? policyOf(text);
  POLICIES.set(text, policy);
  return policy;
}

const allowed = (policy: Policy, question: Asked): boolean =>
  decide(policy, 'default', question).verdict === 'allow';

// Mostly the ordinary signer, so that much is admitted.
const or = <T>(usual: T, ...others: readonly T[]) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
const signer: fc.Arbitrary<Signer> = fc.record({
  predicate: or<Signer['predicate']>('slsa', 'publish'),
  issuer: or(SIGNER.issuer, 'https://gitlab.com', 'https://accounts.example'),
  subject: or(SIGNER.subject, 'x'),
  repository: or<string | null>(SIGNER.repository, 'github.com/evil/tool', null),
  repositoryId: or<string | null>(SIGNER.repositoryId, '2', null),
  ownerId: or<string | null>(SIGNER.ownerId, '2', null),
  workflow: or<string | null>(SIGNER.workflow, 'release.yml', null),
  ref: or<string | null>(SIGNER.ref, 'refs/heads/main', null),
  commit: fc.constant(null),
  trigger: or<string | null>('push', 'release', 'pull_request_target', null),
  runner: or<string | null>('github-hosted', 'self-hosted', null),
  environment: fc.constant(null),
  builder: or<string | null>(SIGNER.builder, null),
});
const result = fc.constantFrom<CheckResult>('verified', 'verified', 'absent', 'failed', 'unchecked');
const verdictOf = (check: EvidenceName): fc.Arbitrary<EvidenceVerdict> =>
  fc.record({
    check: fc.constant(check),
    result,
    signers: fc.array(signer, { maxLength: 2 }),
    documents: fc.constant([]),
  });
const verdicts = fc
  .tuple(
    fc.array(verdictOf('registry-signature'), { maxLength: 1 }),
    fc.array(verdictOf('provenance'), { maxLength: 1 }),
  )
  .map(([a, b]): readonly EvidenceVerdict[] => [...a, ...b]);
const set: fc.Arbitrary<EvidenceSet> = fc.record({
  'registry-signature': fc.boolean(),
  provenance: fc.boolean(),
});
const baseline: fc.Arbitrary<Baseline> = fc.record({
  'registry-signature': fc.boolean(),
  provenance: fc.boolean(),
  signer: fc.option(signer, { nil: null }),
});
const outcome: fc.Arbitrary<EvidenceOutcome> = fc.record({
  sha256: or(A256, B256),
  sha512: or(A512, B512),
  at: fc.constantFrom(NOW, NOW - 1000, NOW - 3_600_000, 0),
  trust: fc.constant(B256),
  verdicts,
});

const listing: fc.Arbitrary<ListingQuestion> = fc
  .record({
    held: set,
    baseline,
    claimed: set,
    carried: fc.option(baseline, { nil: null }),
    evidence: fc.option(outcome, { nil: null }),
    first: fc.option(fc.constant({ sha256: A256, sha512: A512 }), { nil: null }),
    listed: set,
  })
  .map(({ held, baseline, claimed, carried, evidence, first, listed }) =>
    listingOf('pkg', '1.0.0', {
      held,
      baseline,
      facts: { ...NO_FACTS, claimed, carried, evidence, first },
      file: { evidence: evidenceOf(listed) },
    }),
  );

const evidenceOf = (claims: EvidenceSet): ListingQuestion['file']['evidence'] => ({
  signed: claims['registry-signature'],
  signatures: [],
  attestations: claims.provenance ? 'x' : null,
});

const download: fc.Arbitrary<DownloadQuestion> = fc.tuple(listing, verdicts).map(([question, evidence]) => {
  const verdicts = downloadOf(question).verdicts.map((verdict) =>
    verdict.check === 'first-digest' && question.facts.first
      ? { ...verdict, result: 'verified' as const }
      : verdict,
  );
  return downloadOf(question, { evidence, verdicts });
});
const asked: fc.Arbitrary<Asked> = fc.oneof(listing, download);
const values = fc.constantFrom<string>(...LEVELS, IDENTITY);

describe('for all evidence', () => {
  test('much is admitted under every level, so the properties below are not about nothing', () => {
    for (const level of [...LEVELS, IDENTITY]) {
      const policy = policyWith('off', level);
      for (const questions of [listing, download]) {
        const sample = fc.sample<Asked>(questions, { numRuns: 400, seed: 1 });
        const admitted = sample.filter((question) => allowed(policy, question)).length;
        expect(admitted).toBeGreaterThan(4);
        if (level !== 'off') expect(admitted).toBeLessThan(400);
      }
    }
  });

  test('a stricter level never admits more', () => {
    fc.assert(
      fc.property(asked, fc.nat({ max: 2 }), fc.constantFrom(...LEVELS), (question, at, other) => {
        const [loose = '', strict = ''] = [LEVELS[at], LEVELS[at + 1]];
        if (allowed(policyWith(strict, other), question))
          expect(allowed(policyWith(loose, other), question)).toBe(true);
        if (allowed(policyWith(other, strict), question))
          expect(allowed(policyWith(other, loose), question)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('an identity admits nothing that is not there, or does not verify, or is not of that signer', () => {
    fc.assert(
      fc.property(download, (question) => {
        if (!allowed(policyWith('off', IDENTITY), question)) return;
        const [own, ...others] = question.evidence.filter(({ check }) => check === 'provenance');
        expect(others).toEqual([]);
        expect(own?.result).toBe('verified');
        expect(own?.signers).toContainEqual(
          expect.objectContaining({
            issuer: SIGNER.issuer,
            repository: 'github.com/acme/tool',
            workflow: '.github/workflows/release.yml',
            ref: expect.stringMatching(/^refs\/tags\//),
            ownerId: '77',
            trigger: expect.stringMatching(/^(push|release)$/),
            runner: 'github-hosted',
          }),
        );
      }),
      { numRuns: 2000 },
    );
  });

  test('what was once carried or claimed, by the file or by others, never makes a refusal an admission', () => {
    fc.assert(
      fc.property(
        asked,
        values,
        fc.constantFrom(...LEVELS),
        fc.constantFrom(...EVIDENCE),
        (question, level, other, kind) => {
          const policy = policyWith(other, level);
          if (allowed(policy, question)) return;
          const { facts } = question;
          const none = { 'registry-signature': false, provenance: false, signer: null };
          for (const more of [
            { baseline: { ...question.baseline, [kind]: true } },
            { facts: { ...facts, claimed: { ...facts.claimed, [kind]: true } } },
            { facts: { ...facts, carried: { ...(facts.carried ?? none), [kind]: true } } },
          ]) {
            expect(allowed(policy, { ...question, ...more })).toBe(false);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('nor does, once the bytes are here, what the index announces or what is kept', () => {
    fc.assert(
      fc.property(
        download,
        values,
        fc.constantFrom(...LEVELS),
        fc.constantFrom(...EVIDENCE),
        (question, level, other, kind) => {
          const policy = policyWith(other, level);
          if (allowed(policy, question)) return;
          const { signed, attestations } = question.file.evidence;
          const claims = { 'registry-signature': signed, provenance: attestations !== null, [kind]: true };
          const announced = { ...question, file: { ...question.file, evidence: evidenceOf(claims) } };
          expect(allowed(policy, announced)).toBe(false);
          expect(allowed(policy, { ...question, held: { ...question.held, [kind]: true } })).toBe(false);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('a signer that is one more never becomes a refusal, and one that is none never an admission', () => {
    fc.assert(
      fc.property(download, values, fc.array(signer, { maxLength: 2 }), (question, level, more) => {
        const policy = policyWith('off', level);
        const grown = question.evidence.map((v) => ({ ...v, signers: [...v.signers, ...more] }));
        if (allowed(policy, question)) expect(allowed(policy, { ...question, evidence: grown })).toBe(true);
        const nobody = question.evidence.map((v) => ({ ...v, signers: [] }));
        if (!allowed(policy, question))
          expect(allowed(policy, { ...question, evidence: nobody })).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test('a verdict less never makes a refusal an admission, and what is asked for names every one that counts', () => {
    fc.assert(
      fc.property(
        download,
        values,
        fc.constantFrom(...LEVELS),
        fc.constantFrom(...EVIDENCE),
        (question, level, other, kind) => {
          const policy = policyWith(other, level);
          const fewer = { ...question, evidence: question.evidence.filter(({ check }) => check !== kind) };
          const asks = evidenceAsked(policy, 'default', question)[kind];
          if (asks) expect(allowed(policy, fewer)).toBe(false);
          else expect(allowed(policy, fewer)).toBe(allowed(policy, question));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('time only ever ends a remembered refusal, at the instant that the decision names', () => {
    fc.assert(
      fc.property(
        listing,
        values,
        fc.constantFrom(...LEVELS),
        fc.nat({ max: 4_000_000 }),
        (question, level, other, ms) => {
          const policy = policyWith(other, level);
          const now = decide(policy, 'default', question);
          const then = decide(policy, 'default', { ...question, now: NOW + ms });
          if (now.until === null || NOW + ms < now.until) expect(then).toEqual(now);
          if (now.verdict === 'allow') expect(then.verdict).toBe('allow');
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('an identity', () => {
  /** Every field that an identity can name, with the signer's own value. */
  const KEYS: Readonly<Record<string, { readonly field: keyof Signer; readonly value: string }>> = {
    repository: { field: 'repository', value: 'github.com/acme/tool' },
    issuer: { field: 'issuer', value: SIGNER.issuer },
    workflow: { field: 'workflow', value: '.github/workflows/release.yml' },
    ref: { field: 'ref', value: 'refs/tags/v1.0.0' },
    environment: { field: 'environment', value: 'production' },
    'owner-id': { field: 'ownerId', value: '77' },
    subject: { field: 'subject', value: SIGNER.subject },
    predicate: { field: 'predicate', value: 'slsa' },
  };
  const always = ['repository'];
  const optional = fc.subarray(Object.keys(KEYS).filter((key) => !always.includes(key)));

  test('is not met by a signer of which any one field that it names is changed, and by none other', () => {
    fc.assert(
      fc.property(
        optional,
        fc.constantFrom(...Object.keys(KEYS)),
        fc.string({ maxLength: 8 }),
        (chosen, key, text) => {
          const named = [...always, ...chosen];
          const identity = named.map((name) => `${name}: ${JSON.stringify(KEYS[name]?.value)}`).join(', ');
          const policy = policyWith('off', `{ ${identity} }`);
          const by = (signer: Signer): boolean => {
            const evidence: EvidenceVerdict[] = [
              { check: 'provenance', result: 'verified', signers: [signer], documents: [] },
            ];
            return allowed(policy, downloadOf(listingOf('pkg', '1.0.0'), { evidence }));
          };
          expect(by(SIGNER)).toBe(true);
          const { field, value } = KEYS[key] ?? { field: 'repository', value: '' };
          const changes = [
            null,
            '',
            text,
            `${value}${text || 'x'}`,
            `${text || 'x'}${value}`,
            value.toUpperCase(),
            value.slice(1),
            value.slice(0, -1),
          ];
          for (const change of changes.filter((other) => other !== value)) {
            const counts = named.includes(key) || field === 'issuer';
            expect(by({ ...SIGNER, [field]: change })).toBe(!counts);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
