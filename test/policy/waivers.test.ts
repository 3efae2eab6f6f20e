import { describe, expect, test } from 'vitest';
import type { Advisory } from '../../src/model/advisory.ts';
import { type Digest, sriOf } from '../../src/model/digest.ts';
import type { EvidenceVerdict } from '../../src/model/evidence.ts';
import { type FileFacts, NO_FACTS } from '../../src/model/facts.ts';
import type { Finding, FindingCode } from '../../src/model/finding.ts';
import { LIFTABLE, LIFTED_BY, type Liftable } from '../../src/model/liftable.ts';
import type { ReasonCode } from '../../src/model/reason-codes.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import { decide, ORDER } from '../../src/policy/decide.ts';
import type { DownloadQuestion, ListingQuestion } from '../../src/policy/policy.ts';
import {
  A256,
  A512,
  B256,
  B512,
  codes,
  DAY,
  downloadOf,
  listingOf,
  NOW,
  policyOf,
  VERIFIED,
} from './questions.ts';

const RULES = `
requirements:
  npm: { age: 7d, registry-signature: required, provenance: required, malware: deny, vulnerability: low, floor: line, changes: deny, licence: { allow: [MIT], otherwise: deny } }
allow: [{ npm: pkg }]
`;

interface Said {
  readonly version?: string;
  readonly digest?: Digest;
  readonly expires?: string;
}

/** The rules with one waiver, at line 5 of p.yaml. */
function waiving(lifts: Liftable, { version = '1.0.0', digest = A512, expires = '2026-12-31' }: Said = {}) {
  const waiver = {
    npm: `pkg@${version}`,
    integrity: sriOf(digest),
    lifts,
    reason: 'x',
    approver: 'ana',
    expires,
  };
  return policyOf(`${RULES}waivers: [${JSON.stringify(waiver)}]`);
}

const finding = (code: FindingCode): Finding => ({ code, place: 'x' });
const shown = (...found: FindingCode[]): FileFacts => ({
  ...NO_FACTS,
  findings: found.map(finding),
  licence: 'MIT',
});
const PROVEN: readonly EvidenceVerdict[] = [
  { check: 'registry-signature', result: 'verified', signers: [], documents: [] },
  {
    check: 'provenance',
    result: 'verified',
    documents: [],
    signers: [
      {
        predicate: 'slsa',
        issuer: 'https://token.actions.githubusercontent.com',
        subject: 'https://github.com/a/b/.github/workflows/r.yml@refs/heads/main',
        repository: 'github.com/a/b',
        repositoryId: '1',
        ownerId: '1',
        workflow: '.github/workflows/r.yml',
        ref: 'refs/heads/main',
        commit: null,
        trigger: 'push',
        runner: 'github-hosted',
        environment: null,
        builder: null,
      },
    ],
  },
];
/** All that the rules ask for is there. */
const GOOD = listingOf('pkg', '1.0.0', {
  facts: shown(),
  feed: { digest: A256, at: NOW - DAY, staleAt: NOW + DAY },
  file: { evidence: { signed: true, signatures: [], attestations: 'https://files.example/attestations' } },
});
const BYTES = downloadOf(GOOD, { evidence: PROVEN });
const failed = (check: EvidenceVerdict['check']): EvidenceVerdict[] => [
  ...PROVEN.filter((verdict) => verdict.check !== check),
  { check, result: 'failed', cause: 'signature', signers: [], documents: [] },
];
const advisory = (kind: Advisory['kind']): Pick<ListingQuestion, 'advisories'> => ({
  advisories: [{ id: 'X-1', kind, severity: 'high' }],
});
const metadata: Verdict = { check: 'metadata', result: 'failed', code: 'METADATA_MISMATCH' };
const verdicts = (...changed: Verdict[]): Verdict[] => [
  ...VERIFIED.filter(({ check }) => !changed.some((c) => c.check === check)),
  ...changed,
];

/** For each requirement: what does not meet it, of bytes that are here, and the code that it then has. */
const UNMET: Record<Liftable, { change: Partial<DownloadQuestion>; code: ReasonCode }> = {
  age: { change: { file: { ...GOOD.file, claimedAt: NOW - DAY } }, code: 'TOO_YOUNG' },
  'install-scripts': { change: { facts: shown('INSTALL_SCRIPT') }, code: 'INSTALL_SCRIPTS' },
  sdist: { change: { file: { ...GOOD.file, kind: 'sdist' } }, code: 'SDIST' },
  'startup-hooks': { change: { facts: shown('STARTUP_HOOK') }, code: 'STARTUP_HOOK' },
  'foreign-places': { change: { facts: shown('FOREIGN_PLACE') }, code: 'FOREIGN_PLACE' },
  'direct-urls': { change: { facts: shown('DIRECT_URL') }, code: 'DIRECT_URL' },
  'registry-signature': { change: { evidence: failed('registry-signature') }, code: 'SIGNATURE_INVALID' },
  provenance: { change: { evidence: failed('provenance') }, code: 'PROVENANCE_INVALID' },
  malware: { change: advisory('malware'), code: 'MALWARE' },
  vulnerability: { change: advisory('vulnerability'), code: 'VULNERABLE' },
  licence: { change: { facts: { ...shown(), licence: 'ISC' } }, code: 'LICENCE' },
  floor: { change: { above: { line: '1.1.0', any: '1.1.0' } }, code: 'BELOW_FLOOR' },
  changes: {
    change: { change: { before: { version: '0.9.0', runs: false, kinds: [] }, dependencies: null } },
    code: 'NEW_DEPENDENCY',
  },
  metadata: {
    change: { facts: shown('METADATA_MISMATCH'), verdicts: verdicts(metadata) },
    code: 'METADATA_MISMATCH',
  },
};

describe('a waiver', () => {
  test('is needed for none of what is good', () => {
    expect(codes(policyOf(RULES), GOOD)).toEqual([]);
    expect(codes(policyOf(RULES), BYTES)).toEqual([]);
  });

  test.each(LIFTABLE)('of %s lifts it, and nothing else', (lifts) => {
    for (const other of LIFTABLE) {
      const { change, code } = UNMET[other];
      const question = { ...BYTES, ...change };
      expect(codes(policyOf(RULES), question)).toEqual([code]);
      const decision = decide(waiving(lifts), 'default', question);
      expect({ other, reasons: decision.reasons.map((r) => r.code), waived: decision.waived }).toEqual(
        other === lifts
          ? { other, reasons: [], waived: [{ code, place: 'p.yaml:5' }] }
          : { other, reasons: [code], waived: [] },
      );
    }
  });

  test.each(LIFTABLE)('of %s leaves all others, where everything is wrong', (lifts) => {
    const worst: DownloadQuestion = {
      ...BYTES,
      ...UNMET.floor.change,
      ...UNMET.changes.change,
      file: { ...GOOD.file, kind: 'sdist', claimedAt: NOW - DAY },
      verdicts: verdicts(metadata),
      facts: {
        ...shown('INSTALL_SCRIPT', 'STARTUP_HOOK', 'FOREIGN_PLACE', 'DIRECT_URL', 'METADATA_MISMATCH'),
        licence: 'ISC',
      },
      advisories: [
        ...(UNMET.malware.change.advisories ?? []),
        ...(UNMET.vulnerability.change.advisories ?? []),
      ],
      evidence: [...failed('provenance').slice(1), ...failed('registry-signature').slice(1)],
    };
    const before = codes(policyOf(RULES), worst);
    expect(new Set(before)).toEqual(new Set(Object.values(UNMET).map(({ code }) => code)));
    expect(codes(waiving(lifts), worst)).toEqual(before.filter((code) => code !== UNMET[lifts].code));
  });

  const SCRIPTS = downloadOf(GOOD, { facts: shown('INSTALL_SCRIPT'), evidence: PROVEN });
  const LISTED = { ...GOOD, facts: shown('INSTALL_SCRIPT') };
  test.each<[string, Said]>([
    ['another digest', { digest: B512 }],
    ['another version', { version: '1.0.1' }],
    ['a time that has passed', { expires: '2026-05-30' }],
    ['a time that passes now', { expires: '2026-06-01T00:00Z' }],
  ])('of %s lifts nothing', (_, said) => {
    expect(codes(waiving('install-scripts', said), SCRIPTS)).toEqual(['INSTALL_SCRIPTS']);
    expect(codes(waiving('install-scripts', said), LISTED)).toEqual(['INSTALL_SCRIPTS']);
  });

  test('of another name lifts nothing', () => {
    const other = {
      npm: 'other@1.0.0',
      integrity: sriOf(A512),
      lifts: 'install-scripts',
      reason: 'x',
      approver: 'y',
      expires: '2027-01-01',
    };
    expect(codes(policyOf(`${RULES}waivers: [${JSON.stringify(other)}]`), SCRIPTS)).toEqual([
      'INSTALL_SCRIPTS',
    ]);
  });

  test('is compared with what the index declares, and then with the bytes', () => {
    const by512 = waiving('install-scripts');
    const by256 = waiving('install-scripts', { digest: A256 });
    const declares = (...digests: Digest[]) => ({ ...LISTED, file: { ...LISTED.file, digests } });
    expect(codes(by512, declares(A512))).toEqual([]);
    expect(codes(by512, declares(B512))).toEqual(['INSTALL_SCRIPTS']);
    // What cannot be compared yet is not the same.
    expect(codes(by512, declares(A256))).toEqual(['INSTALL_SCRIPTS']);
    expect(codes(by512, declares())).toEqual(['NO_DIGEST', 'INSTALL_SCRIPTS']);
    expect(codes(by256, declares(A256))).toEqual([]);
    expect(codes(by256, SCRIPTS)).toEqual([]);
    // The index may say what it likes: these are other bytes.
    expect(codes(by512, { ...SCRIPTS, sha512: B512 })).toEqual(['DIGEST_MISMATCH', 'INSTALL_SCRIPTS']);
    expect(codes(by256, { ...SCRIPTS, sha256: B256 })).toEqual(['INSTALL_SCRIPTS']);
  });

  test('is found by every spelling of its version', () => {
    const waiver = {
      pypi: 'pkg==1.0',
      hashes: [A512],
      lifts: 'sdist',
      reason: 'x',
      approver: 'y',
      expires: '2027-01-01',
    };
    const policy = policyOf(`allow: [{ pypi: pkg }]\nwaivers: [${JSON.stringify(waiver)}]`);
    const sdist = (version: string) =>
      listingOf('pkg', version, { ecosystem: 'pypi', file: { kind: 'sdist' } });
    for (const version of ['1.0', '1', '1.0.0']) expect(codes(policy, sdist(version))).toEqual([]);
    for (const version of ['1.0.1', '10', '0.1.0']) expect(codes(policy, sdist(version))).toEqual(['SDIST']);
  });

  test('admits no name, no version and no other bytes than a pin does', () => {
    const waiver = (npm: string) =>
      JSON.stringify({
        npm,
        integrity: sriOf(A512),
        lifts: 'age',
        reason: 'x',
        approver: 'y',
        expires: '2027-01-01',
      });
    expect(codes(policyOf(`waivers: [${waiver('pkg@1.0.0')}]`), GOOD)).toEqual(['NOT_ALLOWLISTED']);
    expect(
      codes(policyOf(`allow: [{ npm: pkg, versions: "2" }]\nwaivers: [${waiver('pkg@1.0.0')}]`), GOOD),
    ).toEqual(['VERSION_NOT_ALLOWED']);
    expect(
      codes(policyOf(`mode: frozen\nallow: [{ npm: pkg }]\nwaivers: [${waiver('pkg@1.0.0')}]`), GOOD),
    ).toEqual(['NOT_PINNED']);
    expect(
      codes(policyOf(`deny: [{ npm: pkg }]\nallow: [{ npm: pkg }]\nwaivers: [${waiver('pkg@1.0.0')}]`), GOOD),
    ).toEqual(['DENIED']);
  });

  test('counts in frozen', () => {
    const more = JSON.stringify({
      npm: 'pkg@1.0.0',
      integrity: sriOf(A512),
      lifts: 'install-scripts',
      reason: 'x',
      approver: 'y',
      expires: '2027-01-01',
    });
    const pins = `mode: frozen\npins: [{ npm: pkg@1.0.0, integrity: "${sriOf(A512)}" }]\n`;
    expect(codes(policyOf(pins), LISTED)).toEqual(['INSTALL_SCRIPTS']);
    expect(codes(policyOf(`${pins}waivers: [${more}]`), LISTED)).toEqual([]);
  });

  test('ends, and the answer says when', () => {
    const policy = waiving('install-scripts', { expires: '2026-06-03' });
    const end = Date.parse('2026-06-04T00:00Z');
    expect(decide(policy, 'default', LISTED)).toMatchObject({ verdict: 'allow', until: end });
    expect(codes(policy, { ...LISTED, now: end - 1 })).toEqual([]);
    expect(codes(policy, { ...LISTED, now: end })).toEqual(['INSTALL_SCRIPTS']);
    // One that lifts nothing changes nothing when it ends.
    expect(decide(policy, 'default', GOOD).until).toBeNull();
  });

  test('nothing is promised for a day on which it will have ended', () => {
    const young = { ...LISTED, file: { ...LISTED.file, claimedAt: NOW } };
    const eligible = (expires: string) =>
      decide(waiving('install-scripts', { expires }), 'default', young).eligibleAt;
    expect(eligible('2026-06-20')).toBe(NOW + 7 * DAY);
    expect(eligible('2026-06-03')).toBeNull();
  });
});

describe('no waiver lifts', () => {
  const METADATA = waiving('metadata');
  test('a comparison of metadata that nobody made', () => {
    const made: [Verdict[], string[]][] = [
      [verdicts().filter(({ check }) => check !== 'metadata'), ['METADATA_MISMATCH']],
      [
        verdicts({ check: 'metadata', result: 'unchecked', code: 'METADATA_MISMATCH' }),
        ['METADATA_MISMATCH'],
      ],
      [verdicts({ check: 'metadata', result: 'absent' }), ['METADATA_MISMATCH']],
      [verdicts({ check: 'metadata', result: 'failed' }), ['METADATA_MISMATCH']],
      [verdicts({ check: 'metadata', result: 'failed', code: 'ARCHIVE_UNSAFE' }), ['ARCHIVE_UNSAFE']],
      [
        verdicts(metadata, { check: 'metadata', result: 'unchecked', code: 'METADATA_MISMATCH' }),
        ['METADATA_MISMATCH'],
      ],
      [verdicts(metadata, { check: 'metadata', result: 'absent' }), ['METADATA_MISMATCH']],
      // Another check that borrows the code
      [verdicts({ check: 'archive', result: 'failed', code: 'METADATA_MISMATCH' }), ['METADATA_MISMATCH']],
      [verdicts({ check: 'pin', result: 'failed', code: 'METADATA_MISMATCH' }), ['METADATA_MISMATCH']],
      [verdicts({ check: 'size', result: 'failed', code: 'METADATA_MISMATCH' }), ['METADATA_MISMATCH']],
    ];
    for (const [verdicts, expected] of made)
      expect(codes(METADATA, { ...BYTES, verdicts })).toEqual(expected);
    expect(codes(METADATA, { ...BYTES, verdicts: verdicts(metadata, metadata) })).toEqual([]);
  });

  test('what else an archive shows beside it', () => {
    for (const other of ['ARCHIVE_UNSAFE', 'INSTALL_SCRIPT', 'STARTUP_HOOK', 'DIRECT_URL'] as const) {
      const facts = shown('METADATA_MISMATCH', other);
      const expected = other === 'INSTALL_SCRIPT' ? 'INSTALL_SCRIPTS' : other;
      expect(codes(METADATA, { ...GOOD, facts })).toEqual([expected]);
      expect(codes(METADATA, { ...BYTES, facts, verdicts: verdicts(metadata) })).toEqual([expected]);
    }
  });

  test('a feed that is missing', () => {
    const text = `${RULES.replace('malware: deny', 'malware: required')}waivers: [${JSON.stringify({ npm: 'pkg@1.0.0', integrity: sriOf(A512), lifts: 'malware', reason: 'x', approver: 'y', expires: '2027-01-01' })}]`;
    expect(codes(policyOf(text), { ...GOOD, ...advisory('malware'), feed: null })).toEqual([
      'FEED_MISSING',
      'VULNERABILITY_UNCHECKED',
    ]);
  });

  test('anything that is not in the table of what is lifted', () => {
    const table = Object.keys(LIFTED_BY);
    const given = ORDER.flatMap(({ codes }) => codes);
    expect(table.filter((code) => !given.some((c) => c === code))).toEqual([]);
    expect([...new Set(Object.values(LIFTED_BY).flat())].sort()).toEqual([...LIFTABLE].sort());
    expect([...new Set(given.filter((code) => LIFTED_BY[code] === undefined))].sort()).toEqual([
      'ARCHIVE_UNSAFE',
      'DENIED',
      'DIGEST_CHANGED',
      'DIGEST_MISMATCH',
      'FEED_MISSING',
      'NOT_ALLOWLISTED',
      'NOT_PINNED',
      'NO_DIGEST',
      'PIN_MISMATCH',
      'QUARANTINED_UPSTREAM',
      'SIZE_MISMATCH',
      'VERSION_NOT_ALLOWED',
    ]);
  });
});

test('a pin that keeps age is asked for it, and a waiver lifts it', () => {
  const policy = policyOf(
    `requirements: { npm: { age: 7d } }\npins: [{ npm: pkg@1.0.0, integrity: "${sriOf(A512)}" }]`,
  );
  const young = listingOf('pkg', '1.0.0', { file: { claimedAt: NOW } });
  expect(codes(policy, young)).toEqual([]);
  const profile = policy.profiles.get('default');
  const rules = profile?.ecosystems.get('npm');
  const pin = rules?.pins.get(young.name)?.get('1.0.0');
  if (!profile || !rules || !pin) throw new Error('no pin');
  const keeping = (waivers: typeof rules.waivers) => ({
    ...policy,
    profiles: new Map([
      [
        'default',
        {
          ...profile,
          ecosystems: new Map([
            [
              'npm',
              {
                ...rules,
                waivers,
                pins: new Map([[young.name, new Map([['1.0.0', { ...pin, keepsAge: true }]])]]),
              },
            ],
          ]),
        },
      ],
    ]),
  });
  expect(decide(keeping(new Map()), 'default', young)).toMatchObject({
    verdict: 'refuse',
    reasons: [{ code: 'TOO_YOUNG' }],
    by: 'pin',
    eligibleAt: NOW + 7 * DAY,
  });
  const waivers = waiving('age').profiles.get('default')?.ecosystems.get('npm')?.waivers;
  expect(codes(keeping(waivers ?? new Map()), young)).toEqual([]);
});
