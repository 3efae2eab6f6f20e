import { beforeAll, describe, expect, test } from 'vitest';
import type { PackageName } from '../../../src/model/artifact.ts';
import { sha256, sriOf } from '../../../src/model/digest.ts';
import type { EvidenceJob, RegistrySignature } from '../../../src/model/evidence.ts';
import { checkEvidence } from '../../../src/verify/evidence.ts';
import { verifiedSignatures } from '../../../src/verify/npm/registry-signature.ts';
import { servedKeys } from '../../../src/verify/npm/served-keys.ts';
import { openTrust, type Trust } from '../../../src/verify/trust.ts';
import { mintWorld, type RegistryKeyName, type World } from '../../harness/sigstore-world.ts';

const DAY = 86_400_000;
const ARTIFACT = {
  ecosystem: 'npm',
  name: '@acme/widget' as PackageName,
  version: '1.2.3',
  filename: 'widget-1.2.3.tgz',
  sha256: `sha256:${'2b'.repeat(32)}`,
  sha512: `sha512:${'5a'.repeat(64)}`,
} as const;

let world: World;
let trust: Trust;
beforeAll(async () => {
  world = await mintWorld();
  trust = openTrust(world.trust);
});

interface Signed {
  readonly name?: string;
  readonly version?: string;
  readonly integrity?: string;
}

const by = (key: RegistryKeyName, signed: Signed = {}): RegistrySignature =>
  world.registrySignature({
    name: ARTIFACT.name,
    version: ARTIFACT.version,
    integrity: sriOf(ARTIFACT.sha512),
    key,
    ...signed,
  });

function check(signatures: unknown, job: Partial<EvidenceJob> = {}, now = world.now) {
  const bytes = Buffer.from(JSON.stringify({ signatures }));
  const verdict = checkEvidence(
    trust,
    { artifact: ARTIFACT, kind: 'npm-signatures', bytes, claimedAt: null, neverAbsent: false, ...job },
    now,
  );
  expect(verdict.check).toBe('registry-signature');
  expect(verdict.documents).toEqual([sha256(job.bytes ?? bytes)]);
  expect(verdict.signers).toEqual([]);
  return [verdict.result, verdict.cause, verdict.code];
}

const GOOD = ['verified', undefined, undefined];
const WRONG = ['failed', 'signature', 'SIGNATURE_INVALID'];
const unchecked = (cause: string) => ['unchecked', cause, 'SIGNATURE_UNCHECKED'];

describe('one signature', () => {
  test('by the current key verifies', () => {
    expect(check([by('current')])).toEqual(GOOD);
    expect(check([by('signaturesOnly')])).toEqual(GOOD);
  });

  test.each<[string, Signed]>([
    ['another package', { name: '@acme/other' }],
    ['another version', { version: '1.2.4' }],
    ['other bytes', { integrity: sriOf(`sha512:${'5b'.repeat(64)}`) }],
    ['another algorithm', { integrity: sriOf(ARTIFACT.sha256) }],
    ['another spelling of its integrity', { integrity: `${sriOf(ARTIFACT.sha512)}?x` }],
  ])('over %s fails', (_what, signed) => {
    expect(check([by('current', signed)])).toEqual(WRONG);
  });

  test('that is not base64, or is cut, fails', () => {
    const { keyid, sig } = by('current');
    for (const other of [
      '',
      '=',
      `${sig}=`,
      `${sig} `,
      sig.slice(4),
      sig.replace(/=*$/, ''),
      'MAYCAQACAQA=',
    ]) {
      if (other !== sig) expect(check([{ keyid, sig: other }]), other).toEqual(WRONG);
    }
  });

  test('under the id of another key fails', () => {
    expect(check([{ ...by('signaturesOnly'), keyid: by('current').keyid }])).toEqual(WRONG);
  });

  test('by a key that is not pinned, is revoked, or is for attestations, is unchecked', () => {
    expect(check([by('unknown')])).toEqual(unchecked('key-unknown'));
    expect(check([by('revoked')])).toEqual(unchecked('key-unknown'));
    expect(check([by('attestationsOnly')])).toEqual(unchecked('key-usage'));
  });

  test('by a key whose time has not begun is unchecked', () => {
    const start = trust.keys.find(by('current').keyid, 'npm:signatures')?.start ?? Number.NaN;
    expect(check([by('current')], {}, start - 1)).toEqual(unchecked('key-time'));
    expect(check([by('current')], {}, start)).toEqual(GOOD);
  });
});

describe('a retired key', () => {
  let end: number;
  beforeAll(() => {
    end = trust.keys.find(by('retired').keyid, 'npm:signatures')?.end ?? Number.NaN;
  });

  test('counts for a version from before its end that we never saw absent, and that is recorded', () => {
    const job = { claimedAt: end - 1, neverAbsent: true };
    expect(check([by('retired')], job)).toEqual(['verified', 'key-retired', undefined]);
    expect(check([by('retired')], {}, end - 1)).toEqual(GOOD);
  });

  test('else is unchecked', () => {
    for (const job of [
      { claimedAt: end, neverAbsent: true },
      { claimedAt: end - 1, neverAbsent: false },
      { claimedAt: null, neverAbsent: true },
      { claimedAt: Number.NaN, neverAbsent: true },
    ]) {
      expect(check([by('retired')], job), JSON.stringify(job)).toEqual(unchecked('key-retired'));
    }
    expect(check([by('retired')], {}, end)).toEqual(unchecked('key-retired'));
  });

  test('whose signature does not verify fails all the same', () => {
    const job = { claimedAt: end - DAY, neverAbsent: true };
    expect(check([by('retired', { version: '9.9.9' })], job)).toEqual(WRONG);
  });
});

describe('several signatures', () => {
  test('one good one is enough beside keys that say nothing', () => {
    for (const other of ['unknown', 'revoked', 'attestationsOnly', 'retired', 'signaturesOnly'] as const) {
      expect(check([by(other), by('current')]), other).toEqual(GOOD);
      expect(check([by('current'), by(other)]), other).toEqual(GOOD);
    }
  });

  test('but not beside a pinned key that did not sign this', () => {
    for (const other of ['current', 'signaturesOnly', 'retired'] as const) {
      expect(check([by('current'), by(other, { version: '6.6.6' })]), other).toEqual(WRONG);
    }
  });

  test('none of which counts: the nearest cause is told', () => {
    expect(check([by('unknown'), by('attestationsOnly')])).toEqual(unchecked('key-usage'));
    expect(check([by('attestationsOnly'), by('retired')])).toEqual(unchecked('key-retired'));
  });
});

describe('documents', () => {
  const MALFORMED = ['failed', 'malformed', 'SIGNATURE_INVALID'];

  test.each<[unknown]>([
    [undefined],
    [null],
    [[]],
    [{}],
    ['x'],
    [[null]],
    [[{}]],
    [[{ keyid: 'x' }]],
    [[{ sig: 'x' }]],
    [[{ keyid: 1, sig: 2 }]],
    [[{ keyid: ['x'], sig: ['x'] }]],
  ])('%j is malformed', (signatures) => {
    expect(check(signatures)).toEqual(MALFORMED);
  });

  test('a malformed signature beside a good one is malformed', () => {
    expect(check([by('current'), null])).toEqual(MALFORMED);
    expect(check(Array.from({ length: 9 }, () => by('current')))).toEqual(MALFORMED);
  });

  test('a list that is there twice is refused', () => {
    const good = JSON.stringify([by('current')]);
    const bytes = Buffer.from(`{"signatures":[],"signatures":${good}}`);
    expect(check(null, { bytes })).toEqual(['failed', 'duplicate-keys', 'SIGNATURE_INVALID']);
  });

  test('of another ecosystem is about something else', () => {
    const job = { artifact: { ...ARTIFACT, ecosystem: 'pypi' } };
    expect(check([by('current')], job)).toEqual(['failed', 'subject-name', 'SIGNATURE_INVALID']);
  });
});

test('passed on is what verifies, a retired key among it', () => {
  const start = trust.keys.find(by('current').keyid, 'npm:signatures')?.start ?? Number.NaN;
  const good = [by('current'), by('retired'), by('signaturesOnly')];
  const bad = [
    by('unknown'),
    by('revoked'),
    by('attestationsOnly'),
    by('current', { version: '1.2.4' }),
    by('retired', { name: 'other' }),
    { ...by('current'), sig: 'x' },
  ];
  expect(verifiedSignatures(trust, ARTIFACT, [...bad, ...good], world.now)).toEqual(good);
  expect(verifiedSignatures(trust, ARTIFACT, good, start - 1)).toEqual([]);
});

test('the keys are served as npm reads them: each id once, none that is revoked', () => {
  const { keys } = JSON.parse(Buffer.from(servedKeys(trust)).toString());
  const { current, retired, signaturesOnly, attestationsOnly } = world.keys;
  expect(keys.map((key: { keyid: string }) => key.keyid)).toEqual(
    [current, retired, signaturesOnly, attestationsOnly].map((key) => key.keyid),
  );
  expect(keys[0]).toEqual({
    expires: null,
    keyid: current.keyid,
    keytype: 'ecdsa-sha2-nistp256',
    scheme: 'ecdsa-sha2-nistp256',
    key: current.spki.toString('base64'),
  });
  expect(keys[1].expires).toBe(new Date(world.time.getTime() - 60 * DAY).toISOString());
  // What is served can be pinned again, for signatures.
  const again = openTrust({ ...world.trust, npmKeys: servedKeys(trust) });
  const signatures = [by('current')];
  expect(verifiedSignatures(again, ARTIFACT, signatures, world.now)).toEqual(signatures);
});
