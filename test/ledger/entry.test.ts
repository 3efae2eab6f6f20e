import { expect, test } from 'vitest';
import { entryBytes } from '../../src/ledger/canonical.ts';
import {
  alarmEntry,
  policyEntry,
  servedEntry,
  startEntry,
  stopEntry,
  tallyEntry,
  trustEntry,
} from '../../src/ledger/entry.ts';
import { type DecisionInput, decisionEntry } from '../../src/ledger/entry-decision.ts';
import { sha256, sha512 } from './samples.ts';

const stamp = { id: 'r1', time: 5 };
const bare: DecisionInput = {
  ...stamp,
  agent: 'ana',
  profile: 'default',
  mode: 'enforce',
  route: 'gate',
  method: 'GET',
  verdict: 'refuse',
  reasons: ['BAD_PATH'],
  policy: 'sha256:p',
  engine: '1',
};

test('a refusal of the gate: what is not known is left out', () => {
  const input = { ...bare, client: null, ecosystem: null, facts: null, checks: [], place: null };
  expect(decisionEntry({ ...input, path: { length: 4096, sha256: sha256('path') } })).toEqual({
    type: 'decision',
    ...stamp,
    agent: 'ana',
    profile: 'default',
    mode: 'enforce',
    route: 'gate',
    method: 'GET',
    path: { length: 4096, sha256: sha256('path') },
    verdict: 'refuse',
    reasons: [{ code: 'BAD_PATH' }],
    policy: 'sha256:p',
    engine: '1',
  });
});

test('a whole decision has everything that it was made from', () => {
  const entry = decisionEntry({
    ...bare,
    client: 'npm/11',
    route: 'artifact',
    ecosystem: 'npm',
    name: '@acme/x',
    version: '1.0.0',
    file: 'x-1.0.0.tgz',
    purl: 'pkg:npm/%40acme/x@1.0.0',
    size: 10,
    digests: { sha256: sha256('x'), sha512: sha512('x') },
    reasons: ['DIGEST_CHANGED', { code: 'TOO_YOUNG', place: 'npm.yaml:3' }, { code: 'SDIST', place: null }],
    place: 'npm.yaml:1',
    by: 'exact',
    checks: [
      { check: 'declared-digest', result: 'verified' },
      { check: 'first-digest', result: 'failed', code: 'DIGEST_CHANGED' },
    ],
    facts: {
      index: sha256('index'),
      quarantined: true,
      firstSeen: 0,
      lastAbsent: null,
      claimedAt: 3,
      first: { sha256: sha256('w'), sha512: sha512('w') },
      findings: [
        { code: 'ARCHIVE_UNSAFE', place: 'a' },
        { code: 'ARCHIVE_UNSAFE', place: 'b' },
      ],
      kind: 'npm-tarball',
      declared: [sha512('x')],
      yanked: false,
      installScripts: true,
      directUrls: false,
    },
    nearestAllowed: '0.9.0',
    eligibleAt: 0,
  });
  expect(entry).toMatchObject({
    sha256: sha256('x'),
    sha512: sha512('x'),
    reasons: [{ code: 'DIGEST_CHANGED' }, { code: 'TOO_YOUNG', place: 'npm.yaml:3' }, { code: 'SDIST' }],
    checks: [
      { check: 'declared-digest', result: 'verified' },
      { check: 'first-digest', result: 'failed', code: 'DIGEST_CHANGED' },
    ],
    nearestAllowed: '0.9.0',
    eligibleAt: 0,
  });
  expect(entry['facts']).toEqual({
    index: sha256('index'),
    quarantined: 'yes',
    firstSeen: 0,
    claimedAt: 3,
    first: { sha256: sha256('w'), sha512: sha512('w') },
    findings: [{ code: 'ARCHIVE_UNSAFE', place: 'a' }],
    kind: 'npm-tarball',
    declared: [sha512('x')],
    installScripts: 'yes',
  });
  expect(() => entryBytes(entry)).not.toThrow();
});

test('bytes that were inspected and showed nothing are told from bytes that were not', () => {
  expect(decisionEntry({ ...bare, facts: { findings: [] } })['facts']).toEqual({ findings: [] });
  expect(decisionEntry({ ...bare, facts: { findings: null } })['facts']).toEqual({});
});

test('untrusted text cannot make an entry that is refused', () => {
  const entry = decisionEntry({
    ...bare,
    client: `\ud800${'x'.repeat(50_000)}`,
    name: '__proto__',
    facts: {
      findings: Array.from({ length: 10_000 }, () => ({ code: 'ARCHIVE_UNSAFE', place: '\udfff' }) as const),
    },
  });
  expect(() => entryBytes(entry)).not.toThrow();
  expect(String(entry['client'])).toHaveLength(200);
});

test('the other shapes', () => {
  const drafts = [
    servedEntry({ ...stamp, decision: 7, served: true, bytes: 10 }),
    servedEntry({ ...stamp, decision: 7, served: false, bytes: 3 }),
    alarmEntry({
      ...stamp,
      code: 'file-origin',
      source: 'npm',
      expected: 'https://a.test',
      found: 'https://b.test',
    }),
    policyEntry({ ...stamp, outcome: 'rejected', policy: 'sha256:p', problems: 2 }),
    trustEntry({ ...stamp, trust: 'sha256:new', previous: 'sha256:old' }),
    startEntry({
      ...stamp,
      release: '0.1.0',
      engine: '1',
      policy: 'sha256:p',
      trust: 'sha256:t',
      config: 'sha256:c',
    }),
    stopEntry({
      ...stamp,
      code: 'shutdown',
      since: 0,
      answers: { allow: 1, refuse: 2, summed: 3 },
      files: { served: 1, aborted: 0, bytes: 10 },
      unwritten: 0,
    }),
    tallyEntry({
      ...stamp,
      since: 2,
      answers: { allow: 1, refuse: 0, summed: 0 },
      files: { served: 0, aborted: 1, bytes: 7 },
      unwritten: 1,
    }),
  ];
  expect(drafts.map((draft) => entryBytes(draft))).toEqual([
    '{"bytes":10,"decision":7,"id":"r1","time":5,"type":"served","v":1}',
    '{"bytes":3,"decision":7,"id":"r1","time":5,"type":"aborted","v":1}',
    '{"code":"file-origin","expected":"https://a.test","found":"https://b.test","id":"r1","source":"npm","time":5,"type":"alarm","v":1}',
    '{"id":"r1","outcome":"rejected","policy":"sha256:p","problems":2,"time":5,"type":"policy","v":1}',
    '{"code":"trust-changed","id":"r1","previous":"sha256:old","time":5,"trust":"sha256:new","type":"admin","v":1}',
    '{"config":"sha256:c","engine":"1","id":"r1","policy":"sha256:p","release":"0.1.0","time":5,"trust":"sha256:t","type":"start","v":1}',
    '{"answers":{"allow":1,"refuse":2,"summed":3},"code":"shutdown","files":{"aborted":0,"bytes":10,"served":1},"id":"r1","since":0,"time":5,"type":"stop","v":1}',
    '{"answers":{"allow":1,"refuse":0,"summed":0},"files":{"aborted":1,"bytes":7,"served":0},"id":"r1","since":2,"time":5,"type":"tally","unwritten":1,"v":1}',
  ]);
});
