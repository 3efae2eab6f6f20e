import { describe, expect, test } from 'vitest';
import { sriOf } from '../../src/model/digest.ts';
import { NO_FACTS } from '../../src/model/facts.ts';
import type { CheckName, CheckResult, Verdict } from '../../src/model/verdict.ts';
import { A256, A512, B256, B512, codes, downloadOf, listingOf, policyOf, VERIFIED } from './questions.ts';

const ALLOW = policyOf('allow: [{ npm: pkg }]');
const PINNED = policyOf(`pins: [{ npm: pkg@1.0.0, integrity: "${sriOf(A512)}" }]`);
const LISTING = listingOf('pkg', '1.0.0');

function verdicts(...changes: readonly Verdict[]): Verdict[] {
  const changed = new Set(changes.map(({ check }) => check));
  return [...VERIFIED.filter(({ check }) => !changed.has(check)), ...changes];
}

function without(...checks: readonly CheckName[]): Verdict[] {
  return VERIFIED.filter(({ check }) => !checks.includes(check));
}

describe('a download', () => {
  test('with every check verified is allowed', () => {
    expect(codes(ALLOW, downloadOf(LISTING))).toEqual([]);
    expect(
      codes(PINNED, downloadOf(LISTING, { verdicts: verdicts({ check: 'pin', result: 'verified' }) })),
    ).toEqual([]);
  });

  const CODES: [CheckName, string][] = [
    ['declared-digest', 'DIGEST_MISMATCH'],
    ['archive', 'ARCHIVE_UNSAFE'],
    ['metadata', 'METADATA_MISMATCH'],
  ];
  test.each(CODES)('needs %s', (check, code) => {
    expect(codes(ALLOW, downloadOf(LISTING, { verdicts: without(check) }))).toEqual([code]);
    for (const result of ['failed', 'unchecked', 'absent', 'VERIFIED', ''] as CheckResult[]) {
      expect(codes(ALLOW, downloadOf(LISTING, { verdicts: verdicts({ check, result }) }))).toEqual([code]);
    }
    const both: Verdict[] = [...VERIFIED, { check, result: 'failed' }];
    expect(codes(ALLOW, downloadOf(LISTING, { verdicts: both }))).toEqual([code]);
    expect(codes(ALLOW, downloadOf(LISTING, { verdicts: both.toReversed() }))).toEqual([code]);
  });

  const CLAIMS: [CheckName, string][] = [
    ['first-digest', 'DIGEST_CHANGED'],
    ['pin', 'PIN_MISMATCH'],
    ['size', 'SIZE_MISMATCH'],
  ];
  test.each(CLAIMS)('needs %s to have been looked at, though there was no such claim', (check, code) => {
    expect(codes(ALLOW, downloadOf(LISTING, { verdicts: verdicts({ check, result: 'absent' }) }))).toEqual(
      [],
    );
    expect(codes(ALLOW, downloadOf(LISTING, { verdicts: without(check) }))).toEqual([code]);
    for (const result of ['failed', 'unchecked'] as const) {
      expect(codes(ALLOW, downloadOf(LISTING, { verdicts: verdicts({ check, result }) }))).toEqual([code]);
    }
  });

  test('needs it verified where there was a claim', () => {
    const first = { ...NO_FACTS, findings: [], first: { sha256: A256, sha512: A512 } };
    const sized = downloadOf(listingOf('pkg', '1.0.0', { file: { size: 10 } }));
    expect(codes(ALLOW, downloadOf(LISTING, { facts: first }))).toEqual(['DIGEST_CHANGED']);
    expect(codes(ALLOW, sized)).toEqual(['SIZE_MISMATCH']);
    expect(codes(ALLOW, { ...sized, verdicts: verdicts({ check: 'size', result: 'verified' }) })).toEqual([]);
    expect(codes(PINNED, downloadOf(LISTING))).toEqual(['PIN_MISMATCH']);
  });

  test("a verdict's own code is the one that is given", () => {
    const failed = verdicts({ check: 'metadata', result: 'unchecked', code: 'ARCHIVE_UNSAFE' });
    expect(codes(ALLOW, downloadOf(LISTING, { verdicts: failed }))).toEqual(['ARCHIVE_UNSAFE']);
  });

  test('without any verdict is refused', () => {
    expect(codes(ALLOW, downloadOf(LISTING, { verdicts: [] }))).toEqual([
      'DIGEST_MISMATCH',
      'SIZE_MISMATCH',
      'ARCHIVE_UNSAFE',
      'METADATA_MISMATCH',
      'DIGEST_CHANGED',
      'PIN_MISMATCH',
    ]);
  });

  test('whose findings nobody gathered is refused', () => {
    expect(codes(ALLOW, downloadOf(LISTING, { facts: NO_FACTS }))).toEqual(['ARCHIVE_UNSAFE']);
  });
});

describe('no verdict is believed where the digests say otherwise', () => {
  test('declared', () => {
    expect(codes(ALLOW, downloadOf(LISTING, { sha512: B512 }))).toEqual(['DIGEST_MISMATCH']);
    const other = listingOf('pkg', '1.0.0', { file: { digests: [A256] } });
    expect(codes(ALLOW, downloadOf(other, { sha256: B256 }))).toEqual(['DIGEST_MISMATCH']);
  });

  test('declared twice in one algorithm: an index that names two files names none', () => {
    const twice = listingOf('pkg', '1.0.0', { file: { digests: [A256, B256] } });
    expect(codes(ALLOW, downloadOf(twice))).toEqual(['DIGEST_MISMATCH']);
    expect(codes(ALLOW, downloadOf(twice, { sha256: B256 }))).toEqual(['DIGEST_MISMATCH']);
  });

  test('pinned', () => {
    const undeclared = listingOf('pkg', '1.0.0', { file: { digests: [] } });
    const pin = verdicts(
      { check: 'pin', result: 'verified' },
      { check: 'declared-digest', result: 'absent' },
    );
    expect(codes(PINNED, downloadOf(undeclared, { verdicts: pin }))).toEqual([]);
    expect(codes(PINNED, downloadOf(undeclared, { verdicts: pin, sha512: B512 }))).toEqual(['PIN_MISMATCH']);
    expect(codes(PINNED, downloadOf(undeclared, { verdicts: without('pin') }))).toEqual(['PIN_MISMATCH']);
    expect(codes(PINNED, downloadOf(undeclared))).toEqual(['PIN_MISMATCH']);
    // A pin by the other algorithm than the declared digest's can only be compared now.
    const by256 = policyOf(`pins: [{ npm: pkg@1.0.0, hashes: ["${B256}"] }]`);
    expect(codes(by256, LISTING)).toEqual([]);
    const believed = verdicts({ check: 'pin', result: 'verified' });
    expect(codes(by256, downloadOf(LISTING, { verdicts: believed }))).toEqual(['PIN_MISMATCH']);
  });

  test('first admitted, in either algorithm', () => {
    const first = (sha256: typeof A256, sha512: typeof A512) =>
      downloadOf(
        { ...listingOf('pkg', '1.0.0'), facts: { ...NO_FACTS, first: { sha256, sha512 } } },
        { verdicts: verdicts({ check: 'first-digest', result: 'verified' }) },
      );
    expect(codes(ALLOW, first(A256, A512))).toEqual([]);
    expect(codes(ALLOW, first(B256, A512))).toEqual(['DIGEST_CHANGED']);
    expect(codes(ALLOW, first(A256, B512))).toEqual(['DIGEST_CHANGED']);
  });
});

test('what the listing step refuses, the download refuses', () => {
  const young = policyOf('requirements: { npm: { age: 7d } }\nallow: [{ npm: pkg }]');
  expect(codes(young, downloadOf({ ...LISTING, now: LISTING.file.claimedAt ?? 0 }))).toEqual(['TOO_YOUNG']);
  expect(codes(ALLOW, downloadOf({ ...LISTING, quarantined: true }))).toEqual(['QUARANTINED_UPSTREAM']);
  const script = downloadOf(LISTING, {
    facts: { ...NO_FACTS, findings: [{ code: 'INSTALL_SCRIPT', place: 'x' }] },
  });
  expect(codes(ALLOW, script)).toEqual(['INSTALL_SCRIPTS']);
  expect(codes(policyOf('allow: [{ npm: pkg, requirements: { install-scripts: allow } }]'), script)).toEqual(
    [],
  );
});
