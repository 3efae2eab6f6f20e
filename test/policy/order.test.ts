import { describe, expect, test } from 'vitest';
import { NO_FACTS } from '../../src/model/facts.ts';
import { REASONS } from '../../src/model/reason-codes.ts';
import { decide, ORDER, type Step } from '../../src/policy/decide.ts';
import type { ListingQuestion } from '../../src/policy/policy.ts';
import { B256, B512, codes, downloadOf, listingOf, nameOf, policyOf } from './questions.ts';

/** For each step of ORDER: what makes it refuse, alone, and the code that it then gives. */
const BREAKS: Record<
  Step['step'],
  { policy?: string; question?: (q: ListingQuestion) => ListingQuestion; code: string }
> = {
  internal: { policy: 'internal: [pkg]', code: 'NOT_ALLOWLISTED' },
  integrity: { question: (q) => ({ ...q, quarantined: true }), code: 'QUARANTINED_UPSTREAM' },
  deny: { policy: 'deny: [{ npm: pkg, versions: "1.0.0" }]', code: 'DENIED' },
  'first-digest': {
    question: (q) => ({ ...q, facts: { ...NO_FACTS, first: { sha256: B256, sha512: B512 } } }),
    code: 'DIGEST_CHANGED',
  },
  admit: { policy: 'allow: [{ npm: pkg, versions: ">=2" }]', code: 'VERSION_NOT_ALLOWED' },
  requirements: {
    question: (q) => ({ ...q, file: { ...q.file, installScripts: true } }),
    code: 'INSTALL_SCRIPTS',
  },
};

/** The same step's other way to refuse. */
const MALWARE: (typeof BREAKS)[Step['step']] = {
  question: (q) => ({ ...q, advisories: [{ id: 'MAL-1', kind: 'malware', severity: null }] }),
  code: 'MALWARE',
};

const POSITION = Object.fromEntries(ORDER.map(({ step }, i) => [step, i])) as Record<Step['step'], number>;

const SUBSETS = Array.from({ length: 2 ** ORDER.length }, (_, bits) =>
  ORDER.filter((_step, i) => bits & (2 ** i)),
);

describe('the order', () => {
  test('is the one of the policy language', () => {
    expect(ORDER.map((step) => step.step)).toEqual([
      'internal',
      'integrity',
      'deny',
      'first-digest',
      'admit',
      'requirements',
    ]);
  });

  test.each(SUBSETS.map((steps) => ({ steps, title: steps.map((s) => s.step).join(' + ') || 'nothing' })))(
    'what $title refuses has its reasons in this order',
    ({ steps }) => {
      const breaks = steps.map(({ step }) => BREAKS[step]);
      const texts = breaks.flatMap(({ policy }) => policy ?? []);
      if (!texts.some((text) => text.startsWith('allow'))) texts.push('allow: [{ npm: pkg }]');
      const policy = policyOf(texts.join('\n'));
      const question = breaks.reduce((q, { question }) => question?.(q) ?? q, listingOf('pkg', '1.0.0'));
      // An internal name gets the one answer that an unlisted one gets.
      const expected = steps[0]?.step === 'internal' ? ['NOT_ALLOWLISTED'] : breaks.map(({ code }) => code);
      expect(codes(policy, question)).toEqual(expected);
      const named = MALWARE.question?.(question) ?? question;
      const between = steps.filter(({ step }) => POSITION[step] <= POSITION.deny).length;
      const malicious =
        expected[0] === 'NOT_ALLOWLISTED' ? expected : expected.toSpliced(between, 0, 'MALWARE');
      expect(codes(policy, named)).toEqual(malicious);
      const downloaded = codes(policy, downloadOf(question));
      expect(downloaded).toEqual(expected);
      for (const [i, step] of steps.entries()) {
        if (expected[i]) expect(step.codes).toContain(expected[i]);
      }
    },
  );

  test.each(ORDER.map((step) => ({ step })))(
    '$step.step is the headline of whatever the steps after it refuse',
    ({ step }) => {
      const later = ORDER.filter((other) => POSITION[other.step] >= POSITION[step.step]);
      const breaks = later.map((other) => BREAKS[other.step]);
      const texts = breaks.flatMap(({ policy }) => policy ?? []);
      if (!texts.some((text) => text.startsWith('allow'))) texts.push('allow: [{ npm: pkg }]');
      let question = listingOf('pkg', '1.0.0');
      for (const { question: broken } of breaks) question = broken?.(question) ?? question;
      const [headline] = codes(policyOf(texts.join('\n')), question);
      expect(headline).toBe(BREAKS[step.step].code);
      // In observe it is the first that is let pass, or it refuses.
      const { reasons, observed } = decide(
        policyOf(`mode: observe\nuntil: 2026-07-01\n${texts.join('\n')}`),
        'default',
        question,
      );
      expect((reasons[0] ?? observed[0])?.code).toBe(headline);
      const passes = step.observed.some((code) => code === headline);
      expect(reasons.length === 0).toBe(passes);
    },
  );

  test('observe lets pass what lacks a rule or a requirement, and nothing that a pin or a digest says', () => {
    expect(
      ORDER.map(({ step, codes, observed }) => [step, codes.filter((code) => !observed.includes(code))]),
    ).toEqual([
      ['internal', ['NOT_ALLOWLISTED']],
      ['integrity', ORDER[1]?.codes],
      ['deny', ['DENIED', 'MALWARE', 'FEED_MISSING']],
      ['first-digest', ['DIGEST_CHANGED']],
      ['admit', ['PIN_MISMATCH']],
      ['requirements', []],
    ]);
    for (const { codes, observed } of ORDER) {
      expect(observed.filter((code) => !codes.includes(code))).toEqual([]);
    }
  });

  test('has every code that is a decision, but those that are given elsewhere', () => {
    const given = new Set<string>(ORDER.flatMap(({ codes }) => codes));
    const others = Object.entries(REASONS).filter(([code, [status]]) => status === 403 && !given.has(code));
    expect(others.map(([code]) => code)).toEqual([
      'WITHDRAWN_UPSTREAM',
      'UNKNOWN_VERSION',
      'TOO_LARGE',
      'AGENT_ONLY',
      'AUDITOR_ONLY',
    ]);
  });

  test('by name alone: internal, deny of every version, then the rule', () => {
    const allow = 'allow: [{ npm: pkg, versions: ">=2" }]';
    expect(codes(policyOf(allow), nameOf('pkg'))).toEqual([]);
    expect(codes(policyOf(`${allow}\ndeny: [{ npm: pkg, versions: "1.0.0" }]`), nameOf('pkg'))).toEqual([]);
    expect(codes(policyOf(`${allow}\ndeny: [{ npm: pkg }]`), nameOf('pkg'))).toEqual(['DENIED']);
    expect(codes(policyOf(`${allow}\ndeny: [{ npm: pkg, versions: "*" }]`), nameOf('pkg'))).toEqual([
      'DENIED',
    ]);
    expect(codes(policyOf(`${allow}\ndeny: [{ npm: "*" }]`), nameOf('pkg'))).toEqual(['DENIED']);
    expect(codes(policyOf(`${allow}\ndeny: [{ npm: pkg }]\ninternal: ["p*"]`), nameOf('pkg'))).toEqual([
      'NOT_ALLOWLISTED',
    ]);
    expect(codes(policyOf('deny: [{ npm: pkg }]'), nameOf('pkg'))).toEqual(['DENIED', 'NOT_ALLOWLISTED']);
  });

  test('of an unlisted name nothing is said that the upstream says of it', () => {
    const policy = policyOf('allow: [{ npm: other }]');
    const worst = ORDER.reduce((q, { step }) => BREAKS[step].question?.(q) ?? q, listingOf('pkg', '1.0.0'));
    expect(codes(policy, worst)).toEqual(['NOT_ALLOWLISTED']);
    expect(codes(policy, downloadOf(worst, { verdicts: [] }))).toEqual(['NOT_ALLOWLISTED']);
  });
});
