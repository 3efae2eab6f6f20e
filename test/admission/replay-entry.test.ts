import { describe, expect, test } from 'vitest';
import { askedUnder, questionOf } from '../../src/admission/replay.ts';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { entryBytes } from '../../src/ledger/canonical.ts';
import { alarmEntry } from '../../src/ledger/entry.ts';
import { type DecisionInput, decisionEntry, refusalSumEntry } from '../../src/ledger/entry-decision.ts';
import type { Advisory } from '../../src/model/advisory.ts';
import { sriOf } from '../../src/model/digest.ts';
import type { EvidenceVerdict } from '../../src/model/evidence.ts';
import type { ListedFile } from '../../src/model/listing.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { outcome, proven, sha256, sha512, signer } from '../ledger/fixtures/drafts.ts';
import { A512, B512, codes, downloadOf, listingOf, nameOf, policyOf } from '../policy/questions.ts';
import { inputOf } from './entry-input.ts';

// An entry is written and read back as the question that it answered: nothing is lost, and nothing is guessed.

const SCHEMES = ECOSYSTEMS.map((one) => one.versions);

const stored = (input: DecisionInput): Record<string, unknown> =>
  JSON.parse(entryBytes(decisionEntry(input)));
const again = (input: DecisionInput) => questionOf(stored(input), SCHEMES);

/** A file with something to say in every field that an entry keeps. */
const FULL = listingOf('express', '4.19.2', {
  quarantined: true,
  now: 9_000,
  facts: {
    firstSeen: 1,
    lastAbsent: 2,
    claimedAt: 3,
    first: { sha256: sha256('a'), sha512: sha512('a') },
    findings: [{ code: 'INSTALL_SCRIPT', place: 'package/package.json' }],
    metadata: null,
    licence: 'MIT',
    dependencies: null,
    places: null,
    claimed: { 'registry-signature': true, provenance: false },
    carried: { 'registry-signature': true, provenance: true, signer: null },
    evidence: outcome('a', {
      verdicts: [
        proven(),
        {
          check: 'registry-signature',
          result: 'failed',
          code: 'SIGNATURE_INVALID',
          cause: 'signature',
          signers: [],
          documents: [],
        },
      ],
    }),
  },
  held: { 'registry-signature': false, provenance: true },
  baseline: { 'registry-signature': true, provenance: true, signer: signer() },
  above: { line: '4.20.0', any: '5.0.0' },
  change: {
    before: { version: '4.18.0', runs: true, kinds: ['npm-tarball'] },
    dependencies: [{ name: 'debug', born: 7 }, { name: 'send' }],
  },
  feed: { digest: sha256('feed'), at: 5, staleAt: 6 },
  advisories: [
    { id: 'MAL-2024-1', kind: 'malware', severity: null },
    { id: 'GHSA-aaaa-bbbb-cccc', kind: 'vulnerability', severity: 'high' },
  ],
  file: {
    filename: 'express-4.19.2.tgz',
    version: '4.19.2',
    kind: 'npm-tarball',
    url: '',
    digests: [sha512('a')],
    size: 7,
    claimedAt: 3,
    yanked: true,
    metadataDigest: sha256('metadata'),
    installScripts: true,
    directUrls: true,
    aliases: [nameOf('lodash').name],
    evidence: { signed: true, signatures: [], attestations: '' },
    licence: 'MIT OR Apache-2.0',
  } satisfies ListedFile,
});

const EVERY_VERDICT: readonly Verdict[] = [
  { check: 'declared-digest', result: 'verified' },
  { check: 'pin', result: 'absent', code: 'NOT_PINNED' },
  { check: 'first-digest', result: 'failed', code: 'DIGEST_CHANGED' },
  { check: 'size', result: 'unchecked', code: 'SIZE_MISMATCH' },
  { check: 'archive', result: 'verified' },
  { check: 'metadata', result: 'verified' },
];
const EVIDENCE: readonly EvidenceVerdict[] = [
  {
    check: 'registry-signature',
    result: 'verified',
    cause: 'key-retired',
    signers: [],
    documents: [sha256('s')],
  },
  proven(),
];

test('a listed file: every fact comes back', () => {
  expect(again(inputOf(FULL))).toEqual({ question: FULL, incomplete: false });
});

test('a file of which nothing is known', () => {
  const plain = listingOf('plain', '1.0.0', { file: { url: '', claimedAt: null, digests: [] } });
  expect(again(inputOf(plain))).toEqual({ question: plain, incomplete: false });
});

test('a downloaded file: with its digests and every verdict', () => {
  const question = downloadOf(FULL, {
    verdicts: EVERY_VERDICT,
    evidence: EVIDENCE,
    sha256: sha256('a'),
    sha512: sha512('a'),
  });
  expect(again(inputOf(question))).toEqual({ question, incomplete: false });
});

test('observed and waived reasons are answers, and no part of the question', () => {
  const told = inputOf(FULL, {
    mode: 'observe',
    verdict: 'allow',
    reasons: [],
    observed: [{ code: 'TOO_YOUNG', place: 'default.yaml:9' }],
    waived: [{ code: 'INSTALL_SCRIPTS', place: 'default.yaml:12' }],
    warnings: [{ code: 'VULNERABLE', place: null, about: ['GHSA-aaaa-bbbb-cccc'] }],
  });
  expect(again(told)).toEqual({ question: FULL, incomplete: false });
});

test('evidence that had no room is said to be missing', () => {
  const documents = Array.from({ length: 300 }, (_, i) => sha256(`document ${i}`));
  const question = downloadOf(FULL, { verdicts: EVERY_VERDICT, evidence: [proven({ documents })] });
  const replayed = again(inputOf(question));
  expect(replayed).toMatchObject({ incomplete: true });
  // What is left of it is proven by nobody: it can only refuse.
  expect(replayed.question).toMatchObject({ evidence: [{ check: 'provenance', signers: [] }] });
});

test('advisories beyond those that are kept decide nothing', () => {
  const advisories = Array.from(
    { length: 40 },
    (_, i): Advisory => ({ id: `MAL-2024-${i}`, kind: 'malware', severity: null }),
  );
  const question = again(inputOf({ ...FULL, advisories })).question;
  expect(question).toMatchObject({ advisories: advisories.slice(0, 32) });
});

describe('by name alone', () => {
  const bare = (more: Partial<DecisionInput>): DecisionInput => {
    const { facts: _, checks: __, file: ___, version: ____, digests: _____, ...rest } = inputOf(FULL);
    return { ...rest, route: 'index', reasons: ['NOT_ALLOWLISTED'], ...more };
  };

  test('a refused name is the question by name', () => {
    const question = { stage: 'name', ecosystem: 'npm', name: 'express', now: 9_000 };
    expect(again(bare({}))).toEqual({ question, incomplete: false });
    expect(again(bare({ reasons: ['DENIED'] }))).toEqual({ question, incomplete: false });
  });

  test.each<[string, Partial<DecisionInput>]>([
    ['the upstream does not have it', { place: 'default.yaml:3' }],
    ['nothing of it is served', { facts: { index: sha256('index') }, reasons: ['NOT_ALLOWLISTED'] }],
    ['a version is not there', { reasons: ['UNKNOWN_VERSION'] }],
    ['it is admitted', { verdict: 'allow', reasons: [] }],
    ['there was a fault', { reasons: ['UPSTREAM_FAULT'] }],
  ])('and none where %s', (_, more) => {
    expect(again(bare(more)).question).toBeNull();
  });
});

describe('no question is made of', () => {
  const whole = stored(inputOf(downloadOf(FULL, { verdicts: EVERY_VERDICT, evidence: EVIDENCE })));
  const changed = (change: object) => questionOf({ ...whole, ...change }, SCHEMES);
  const facts = whole['facts'] as Record<string, unknown>;

  test('the whole entry is one', () => {
    expect(changed({}).question).not.toBeNull();
  });

  test.each<[string, object, string]>([
    ['another version of the format', { v: 2 }, 'its v cannot be read by this version'],
    [
      'a fact that is not known here',
      { facts: { ...facts, moon: 'full' } },
      'its facts cannot be read by this version',
    ],
    [
      'a check that is not known here',
      { checks: [{ check: 'moon', result: 'verified' }] },
      'its checks.check cannot be read by this version',
    ],
    [
      'a kind of file that is not known here',
      { facts: { ...facts, kind: 'egg' } },
      'its facts.kind cannot be read by this version',
    ],
    ['a digest that is none', { sha256: 'sha256:12' }, 'its sha256 cannot be read by this version'],
    [
      'a signer without an issuer',
      {
        checks: [{ check: 'provenance', result: 'verified', signers: [{ predicate: 'slsa', subject: 'x' }] }],
      },
      'its checks.signers.issuer cannot be read by this version',
    ],
    ['verdicts without digests', { sha256: undefined }, 'it has verdicts, and no digests of the bytes'],
    ['digests without verdicts', { checks: undefined }, 'it has bytes, and no verdict on them'],
    ['an ecosystem that is none', { ecosystem: 'cargo' }, 'its ecosystem is not known here'],
    [
      'a name that is spelt otherwise',
      { ecosystem: 'pypi', name: 'Ex_Press' },
      'its name is not in canonical spelling',
    ],
    ['a version that is spelt otherwise', { version: 'v4.19.2' }, 'its version is not in normal form'],
    ['no version', { version: undefined }, 'it names no version and file'],
    [
      'a file that left its index',
      { reasons: [{ code: 'WITHDRAWN_UPSTREAM' }] },
      'it was refused for what no policy decides',
    ],
    [
      'an index that is too old',
      { reasons: [{ code: 'INDEX_TOO_OLD' }] },
      'it was refused for what no policy decides',
    ],
    ['a refusal without a reason', { reasons: [] }, 'it is a refusal without a reason'],
    [
      'a digest that another claimed first',
      { reasons: [{ code: 'DIGEST_CHANGED' }], facts: { ...facts, first: undefined } },
      'its first digest was claimed while it was decided',
    ],
    [
      'metadata that is not what was declared',
      { checks: undefined, sha256: undefined, sha512: undefined, reasons: [{ code: 'DIGEST_MISMATCH' }] },
      'it is about another document of the file',
    ],
  ])('%s', (_, change, why) => {
    expect(changed(change)).toEqual({ question: null, why });
  });

  test('what is no decision of a package', () => {
    const stamp = { id: 'r1', time: 1 };
    const counts = new Map([['DENIED', 3] as const]);
    const sum = { ...stamp, agent: 'ana', since: 0, counts, policy: sha256('p'), engine: '3' };
    for (const draft of [refusalSumEntry(sum), alarmEntry({ ...stamp, code: 'malware' })])
      expect(questionOf(JSON.parse(entryBytes(draft)), SCHEMES).question).toBeNull();
    for (const value of [null, 'text', [], {}]) expect(questionOf(value, SCHEMES).question).toBeNull();
  });
});

test('under a policy of other pins, the pin is held to the bytes of the entry', () => {
  const question = downloadOf(listingOf('pinned', '1.0.0'));
  const pin = (sri: string) => policyOf(`allow: []\npins:\n  - { npm: pinned@1.0.0, integrity: "${sri}" }`);
  const codesUnder = (policy: Policy) => codes(policy, askedUnder(policy, 'default', question));
  expect(codesUnder(pin(sriOf(A512)))).toEqual([]);
  expect(codesUnder(pin(sriOf(B512)))).toEqual(['PIN_MISMATCH']);
  expect(codesUnder(policyOf('allow: []'))).toEqual(['NOT_ALLOWLISTED']);
  const pinnedThen = askedUnder(pin(sriOf(A512)), 'default', question);
  expect(
    codes(
      policyOf('allow: [{ npm: pinned }]'),
      askedUnder(policyOf('allow: [{ npm: pinned }]'), 'default', pinnedThen),
    ),
  ).toEqual([]);
});
