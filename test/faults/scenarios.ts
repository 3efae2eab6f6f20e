import { gzipSync } from 'node:zlib';
import { NotOpen } from '../../src/admission/ports.ts';
import { LedgerError } from '../../src/ledger/ledger.ts';
import { sriOf } from '../../src/model/digest.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { UpstreamFault } from '../../src/upstream/upstream.ts';
import { VaultDamaged } from '../../src/vault/vault.ts';
import { digestsOf } from '../admission/evidence-house.ts';
import { DAY, START, tarballPath } from '../admission/harness.ts';
import { makeNpmTarball, makeWheel } from '../verify/archives.ts';
import type { Script } from './inject.ts';
import type { Asking, Came, Place } from './place.ts';

/** One request as it is made for a case: of packages that nobody asked for before. */
export interface Case {
  readonly asking: Asking;
  /** What it is answered where nothing fails. */
  readonly status: number;
  /** The code of that answer, where it is a refusal. */
  readonly code?: string;
  /** The artifact that it is about: where it is answered with 200, these bytes. */
  readonly artifact?: { readonly file: string; readonly bytes: Uint8Array };
  /** Nothing is wrong with the file itself: it is not served for what happens meanwhile, and may be admitted. */
  readonly admits?: true;
  /** Other bytes of the same file, which were admitted while the case was staged. */
  readonly before?: readonly Uint8Array[];
  /** Other files, which were admitted while the case was staged. */
  readonly beside?: readonly { readonly file: string; readonly bytes: Uint8Array }[];
  /** What is wrong with an answer of 200 or 206, whatever failed; null for nothing. */
  wrong?(came: Came): string | null;
  /** What other ports do besides, in every passage. */
  readonly script?: Script;
}

/** `good`: it is served where nothing fails. */
export interface Scenario {
  readonly name: string;
  readonly good: boolean;
  stage(place: Place, number: number): Promise<Case>;
}

const RELEASED = new Date(START - 20 * DAY).toISOString();
/** A day before now, by the house's clock. */
const lately = ({ house }: Place) => new Date(house.clock.now() - DAY).toISOString();

const whl = (name: string) => `${name.replaceAll('-', '_')}-1.0.0-py3-none-any.whl`;
const wheelPath = (name: string) => `/pypi/files/${name}/${whl(name)}`;

function npmCase(
  place: Place,
  name: string,
  more: Partial<Case> = {},
  path = tarballPath(name, '1.0.0'),
): Case {
  const bytes = place.house.registry.tarball(name, '1.0.0');
  return { asking: { path }, status: 200, artifact: { file: `${name}-1.0.0.tgz`, bytes }, ...more };
}

function wheelCase(place: Place, name: string, more: Partial<Case> = {}, path = wheelPath(name)): Case {
  const bytes = place.house.registry.file(whl(name));
  return { asking: { path }, status: 200, artifact: { file: whl(name), bytes }, ...more };
}

function addNpm(
  { house }: Place,
  name: string,
  version: Parameters<typeof house.registry.addNpm>[1][string] = {},
): void {
  house.registry.addNpm(name, { '1.0.0': { time: RELEASED, ...version } });
}

function addWheel(
  { house }: Place,
  name: string,
  file: Omit<Parameters<typeof house.registry.addPypi>[1][number], 'filename'> = {},
): void {
  house.registry.addPypi(name, [{ filename: whl(name), uploadTime: RELEASED, ...file }]);
}

const good = (name: string, stage: Scenario['stage']): Scenario => ({ name, good: true, stage });
const bad = (name: string, stage: Scenario['stage']): Scenario => ({ name, good: false, stage });

/** An index that is served lists 1.0.0 and not 2.0.0. */
function onlyFirst(came: Came): string | null {
  const text = came.body.toString();
  if (came.status !== 200 || !came.whole) return null;
  const { versions } = JSON.parse(text) as { versions: Record<string, { dist: { tarball: string } }> };
  return Object.entries(versions)
    .filter(([version]) => version !== '1.0.0')
    .every(([, { dist }]) => dist.tarball.includes('/-/blocked/'))
    ? null
    : `it lists ${Object.keys(versions)}`;
}

/** The upstream does not answer. */
const AWAY: Script = {
  'upstream.index': () => Promise.reject(new UpstreamFault('UPSTREAM_TIMEOUT', 'away')),
};

const QUICK = JSON.stringify({ name: 'p', requires: {}, dependencies: {} });

export const SCENARIOS: readonly Scenario[] = [
  good('npm index', async (place, n) => {
    addNpm(place, `plain-${n}`);
    return { asking: { path: `/npm/plain-${n}` }, status: 200 };
  }),
  good('npm tarball', async (place, n) => {
    addNpm(place, `plain-${n}`);
    return npmCase(place, `plain-${n}`);
  }),
  good('npm tarball of several pieces', async (place, n) => {
    addNpm(place, `plain-${n}`, { bulk: 3 << 20 });
    return npmCase(place, `plain-${n}`);
  }),
  good('npm tarball that is here', async (place, n) => {
    addNpm(place, `plain-${n}`);
    await place.ask({ path: tarballPath(`plain-${n}`, '1.0.0') });
    return npmCase(place, `plain-${n}`);
  }),
  good('a part of a tarball', async (place, n) => {
    addNpm(place, `plain-${n}`);
    const path = tarballPath(`plain-${n}`, '1.0.0');
    return {
      ...npmCase(place, `plain-${n}`),
      asking: { path, headers: { range: 'bytes=3-9' } },
      status: 206,
    };
  }),
  good('npm tarball with evidence', async (place, n) => {
    await place.house.add(`proven-${n}`, '1.0.0', { time: RELEASED });
    return npmCase(place, `proven-${n}`);
  }),
  good('npm attestations', async (place, n) => {
    await place.house.add(`shown-${n}`, '1.0.0', { time: RELEASED });
    return npmCase(place, `shown-${n}`, {}, `/npm/-/npm/v1/attestations/shown-${n}@1.0.0`);
  }),
  good('npm tarball whose listing left the desk', async (place, n) => {
    addNpm(place, `plain-${n}`);
    await place.ask({ path: `/npm/plain-${n}` });
    return npmCase(place, `plain-${n}`, { script: failing('desk.file', new NotOpen(), 1) });
  }),
  good('npm tarball whose listing leaves the desk again and again', async (place, n) => {
    addNpm(place, `plain-${n}`);
    await place.ask({ path: `/npm/plain-${n}` });
    return npmCase(place, `plain-${n}`, { script: failing('desk.file', new NotOpen(), 3) });
  }),
  good('npm tarball whose evidence is kept', async (place, n) => {
    await place.house.add(`proven-${n}`, '1.0.0', { time: RELEASED });
    await place.ask({ path: tarballPath(`proven-${n}`, '1.0.0') });
    // What was verified is remembered for a while.
    place.house.clock.advance(2 * DAY);
    return npmCase(place, `proven-${n}`);
  }),
  good('npm index after its time to live', async (place, n) => {
    addNpm(place, `plain-${n}`);
    await place.ask({ path: `/npm/plain-${n}` });
    place.house.clock.advance(600_000);
    return { asking: { path: `/npm/plain-${n}` }, status: 200 };
  }),
  good('npm index while the upstream is away', async (place, n) => {
    addNpm(place, `plain-${n}`);
    await place.ask({ path: `/npm/plain-${n}` });
    place.house.clock.advance(600_000);
    return { asking: { path: `/npm/plain-${n}` }, status: 200, script: AWAY };
  }),
  good('a new dependency that is old enough', (place, n) => grown(place, n, RELEASED)),
  good('npm search', async (place, n) => {
    addNpm(place, `plain-${n}`);
    await place.ask({ path: `/npm/plain-${n}` });
    return { asking: { path: `/npm/-/v1/search?text=plain-${n}` }, status: 200 };
  }),
  good('npm audit', async (place, n) => {
    addNpm(place, `plain-${n}`);
    await place.ask({ path: `/npm/plain-${n}` });
    const body = gzipSync(JSON.stringify({ [`plain-${n}`]: ['1.0.0'] }));
    const headers = { 'content-encoding': 'gzip', 'content-length': String(body.length) };
    const path = '/npm/-/npm/v1/security/advisories/bulk';
    return { asking: { path, method: 'POST', headers, body }, status: 200 };
  }),
  good('pypi index', async (place, n) => {
    addWheel(place, `plain-${n}`);
    return { asking: { path: `/pypi/simple/plain-${n}/` }, status: 200 };
  }),
  good('pypi names', async () => ({ asking: { path: '/pypi/simple/' }, status: 200 })),
  good('wheel', async (place, n) => {
    addWheel(place, `plain-${n}`, { coreMetadata: 'right' });
    return wheelCase(place, `plain-${n}`);
  }),
  good('metadata that the index declares', async (place, n) => {
    addWheel(place, `plain-${n}`, { coreMetadata: 'right' });
    return { asking: { path: `${wheelPath(`plain-${n}`)}.metadata` }, status: 200 };
  }),
  good('metadata cut from its wheel', async (place, n) => {
    addWheel(place, `plain-${n}`, { coreMetadata: 'none' });
    return { asking: { path: `${wheelPath(`plain-${n}`)}.metadata` }, status: 200 };
  }),
  good('wheel with provenance', async (place, n) => {
    const name = `shown-${n}`;
    const bytes = makeWheel({ name, version: '1.0.0' });
    addWheel(place, name, { bytes, provenance: true });
    const { registry, world } = place.house;
    const { sha256 } = digestsOf(bytes);
    registry.setEvidence(
      registry.provenancePath(name, whl(name)),
      await world.pypiProvenance({ filename: whl(name), sha256 }),
    );
    return wheelCase(place, name);
  }),
  good('why', async (place, n) => {
    const { headers } = await place.ask({ path: `/npm/unlisted-${n}` });
    return { asking: { path: `/-/why/${headers['x-sallyport-entry']}` }, status: 200 };
  }),
  good('readiness', async () => ({ asking: { path: '/readyz' }, status: 200 })),
  good('metrics', async () => ({ asking: { path: '/metrics' }, status: 200 })),
  good('an answer to an auditor', async () => {
    const headers = { 'accept-encoding': 'gzip' };
    return { asking: { path: '/api/v1/ledger/entries?limit=50', headers, auditor: true }, status: 200 };
  }),
  good('a stream for an auditor', async () => {
    const headers = { accept: 'application/jsonl' };
    return { asking: { path: '/api/v1/ledger/entries', headers, auditor: true }, status: 200 };
  }),

  bad('an upstream that is away', async (place, n) => {
    addNpm(place, `plain-${n}`);
    return npmCase(place, `plain-${n}`, {
      status: 504,
      code: 'UPSTREAM_TIMEOUT',
      admits: true,
      script: AWAY,
    });
  }),
  bad('a download that is cut', async (place, n) => {
    addNpm(place, `plain-${n}`, { bulk: 100_000 });
    place.house.registry.withFault(new RegExp(`/plain-${n}-`), { kind: 'cut', bytes: 50_000 });
    return npmCase(place, `plain-${n}`, { status: 502, code: 'UPSTREAM_FAULT', admits: true });
  }),
  bad('bytes that cannot be read back', async (place, n) => {
    addNpm(place, `plain-${n}`);
    const script: Script = { 'open.read': () => unreadable() };
    return npmCase(place, `plain-${n}`, { status: 503, code: 'STORAGE_UNAVAILABLE', admits: true, script });
  }),
  ...['', '.metadata'].map((end) =>
    bad(`a policy that changes again and again${end && ', metadata'}`, async (place, n) => {
      addWheel(place, `plain-${n}`);
      const path = wheelPath(`plain-${n}`) + end;
      return wheelCase(
        place,
        `plain-${n}`,
        { status: 503, code: 'OVERLOADED', admits: true, script: restless() },
        path,
      );
    }),
  ),
  bad('a policy that changes again and again, an index', async (place, n) => {
    addNpm(place, `plain-${n}`);
    return {
      asking: { path: `/npm/plain-${n}` },
      status: 503,
      code: 'OVERLOADED',
      admits: true,
      script: restless(),
    };
  }),
  bad('a policy that changes again and again, attestations', async (place, n) => {
    await place.house.add(`shown-${n}`, '1.0.0', { time: RELEASED });
    const path = `/npm/-/npm/v1/attestations/shown-${n}@1.0.0`;
    return npmCase(
      place,
      `shown-${n}`,
      { status: 503, code: 'OVERLOADED', admits: true, script: restless() },
      path,
    );
  }),
  bad('a name that is not listed', async (place, n) => {
    addNpm(place, `unlisted-${n}`);
    return npmCase(place, `unlisted-${n}`, { status: 403, code: 'NOT_ALLOWLISTED' });
  }),
  bad('the index of a name that is not listed', async (_place, n) => ({
    asking: { path: `/npm/unlisted-${n}` },
    status: 403,
    code: 'NOT_ALLOWLISTED',
  })),
  bad('a name that nobody has', async (_place, n) => ({
    asking: { path: tarballPath(`plain-none-${n}`, '1.0.0') },
    status: 403,
    code: 'NOT_ALLOWLISTED',
  })),
  bad('an index that nobody has', async (_place, n) => ({
    asking: { path: `/npm/plain-none-${n}` },
    status: 403,
    code: 'NOT_ALLOWLISTED',
  })),
  bad('a version that nobody has', async (place, n) => {
    addNpm(place, `plain-${n}`);
    return { asking: { path: tarballPath(`plain-${n}`, '9.9.9') }, status: 403, code: 'UNKNOWN_VERSION' };
  }),
  bad('a path that is none', async () => ({
    asking: { path: '/npm/%2e%2e/x' },
    status: 400,
    code: 'BAD_PATH',
  })),
  bad('a path in an ecosystem that is none', async () => ({
    asking: { path: '/npm/.hidden' },
    status: 400,
    code: 'BAD_PATH',
  })),
  bad('a write', async () => ({
    asking: { path: '/npm/plain-1', method: 'PUT', body: '{}' },
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
  })),
  bad('an audit that is none', async () => ({
    asking: { path: '/npm/-/npm/v1/security/advisories/bulk', method: 'POST', body: '[' },
    status: 400,
    code: 'BAD_REQUEST',
  })),
  bad('an audit of what nobody knows', async () => ({
    asking: {
      path: '/npm/-/npm/v1/security/audits/quick',
      method: 'POST',
      body: QUICK.replace('{}}', '{"x":{"version":"1.0.0"}}}'),
    },
    status: 503,
    code: 'AUDIT_UNANSWERED',
  })),
  bad('another digest than the index declares', async (place, n) => {
    addNpm(place, `plain-${n}`, { integrity: 'wrong', shasum: 'none' });
    return npmCase(place, `plain-${n}`, { status: 403, code: 'DIGEST_MISMATCH' });
  }),
  bad('an install script', async (place, n) => {
    addNpm(place, `plain-${n}`, {
      packageJson: { name: `plain-${n}`, version: '1.0.0', scripts: { postinstall: 'node x' } },
      manifest: { scripts: { postinstall: 'node x' } },
    });
    return npmCase(place, `plain-${n}`, { status: 403, code: 'INSTALL_SCRIPTS' });
  }),
  bad('another name inside', async (place, n) => {
    addNpm(place, `plain-${n}`, { tarball: makeNpmTarball({ name: 'another', version: '1.0.0' }) });
    return npmCase(place, `plain-${n}`, { status: 403, code: 'METADATA_MISMATCH' });
  }),
  bad('an archive that is none', async (place, n) => {
    addNpm(place, `plain-${n}`, { tarball: Buffer.from(`no archive ${n}`) });
    return npmCase(place, `plain-${n}`, { status: 403, code: 'ARCHIVE_UNSAFE' });
  }),
  bad('a release of yesterday', async (place, n) => {
    addNpm(place, `young-${n}`, { time: lately(place) });
    return npmCase(place, `young-${n}`, { status: 403, code: 'TOO_YOUNG' });
  }),
  bad('an index with a release of yesterday', async (place, n) => {
    place.house.registry.addNpm(`young-${n}`, {
      '1.0.0': { time: RELEASED },
      '2.0.0': { time: lately(place) },
    });
    return { asking: { path: `/npm/young-${n}` }, status: 200, wrong: onlyFirst };
  }),
  bad('the blocked path of a release of yesterday', async (place, n) => {
    place.house.registry.addNpm(`young-${n}`, { '1.0.0': { time: lately(place) } });
    const path = `/npm/young-${n}/-/blocked/TOO_YOUNG/young-${n}-1.0.0.tgz`;
    return npmCase(place, `young-${n}`, { status: 403, code: 'TOO_YOUNG' }, path);
  }),
  bad('the blocked path of what is served', async (place, n) => {
    addNpm(place, `plain-${n}`);
    const path = `/npm/plain-${n}/-/blocked/TOO_YOUNG/plain-${n}-1.0.0.tgz`;
    return npmCase(place, `plain-${n}`, { status: 403, code: 'UNKNOWN_VERSION' }, path);
  }),
  bad('an index of nothing but what is too young', async (place, n) => {
    addNpm(place, `young-${n}`, { time: lately(place) });
    return { asking: { path: `/npm/young-${n}` }, status: 200, wrong: onlyFirst };
  }),
  bad('a new dependency of yesterday', async (place, n) => {
    const one = await grown(place, n, lately(place));
    return { ...one, status: 403, code: 'NEW_DEPENDENCY' };
  }),
  bad('no signature', async (place, n) => {
    await place.house.add(`proven-${n}`, '1.0.0', { signed: false, time: RELEASED });
    return npmCase(place, `proven-${n}`, { status: 403, code: 'SIGNATURE_MISSING' });
  }),
  bad("another package's signature", async (place, n) => {
    const { sha512 } = digestsOf(makeNpmTarball({ name: `proven-${n}`, version: '1.0.0' }));
    const integrity = sriOf(sha512);
    const signature = place.house.world.registrySignature({ name: 'another', version: '1.0.0', integrity });
    await place.house.add(`proven-${n}`, '1.0.0', { signed: [signature], time: RELEASED });
    return npmCase(place, `proven-${n}`, { status: 403, code: 'SIGNATURE_INVALID' });
  }),
  bad('provenance of other bytes', async (place, n) => {
    const { sha512 } = digestsOf(Buffer.from('others'));
    await place.house.add(`proven-${n}`, '1.0.0', { provenance: { sha512 }, time: RELEASED });
    return npmCase(place, `proven-${n}`, { status: 403, code: 'PROVENANCE_MISMATCH' });
  }),
  bad('provenance that is claimed and not there', async (place, n) => {
    await place.house.add(`shown-${n}`, '1.0.0', { provenance: null, claimed: true, time: RELEASED });
    return npmCase(place, `shown-${n}`, { status: 403, code: 'PROVENANCE_UNCHECKED' });
  }),
  bad('the attestations of a file that is refused', async (place, n) => {
    const { sha512 } = digestsOf(Buffer.from('others'));
    await place.house.add(`shown-${n}`, '1.0.0', { provenance: { sha512 }, time: RELEASED });
    const path = `/npm/-/npm/v1/attestations/shown-${n}@1.0.0`;
    return npmCase(place, `shown-${n}`, { status: 403, code: 'PROVENANCE_MISMATCH' }, path);
  }),
  bad('another file than was admitted first', async (place, n) => {
    addNpm(place, `plain-${n}`);
    await place.ask({ path: tarballPath(`plain-${n}`, '1.0.0') });
    const before = [place.house.registry.tarball(`plain-${n}`, '1.0.0')];
    addNpm(place, `plain-${n}`, { files: { 'other.js': 'changed' } });
    place.house.clock.advance(600_000);
    return npmCase(place, `plain-${n}`, { status: 403, code: 'DIGEST_CHANGED', before });
  }),
  bad('another file that is admitted first meanwhile', async (place, n) => {
    addNpm(place, `plain-${n}`);
    const conflict = new LedgerError('conflict', 'another one was first');
    const script: Script = {
      'ledger.append': (real, [draft]) =>
        (draft as { verdict?: unknown }).verdict === 'allow' ? Promise.reject(conflict) : real(),
    };
    return npmCase(place, `plain-${n}`, { status: 403, code: 'DIGEST_CHANGED', admits: true, script });
  }),
  bad('a wheel of another name', async (place, n) => {
    addWheel(place, `plain-${n}`, { bytes: makeWheel({ name: 'another', version: '1.0.0' }) });
    return wheelCase(place, `plain-${n}`, { status: 403, code: 'METADATA_MISMATCH' });
  }),
  bad('a wheel with other metadata than its index declares', async (place, n) => {
    addWheel(place, `plain-${n}`, { coreMetadata: 'wrong' });
    return wheelCase(place, `plain-${n}`, { status: 403, code: 'METADATA_MISMATCH' });
  }),
  bad('metadata with another digest than its index declares', async (place, n) => {
    addWheel(place, `plain-${n}`, { coreMetadata: 'wrong' });
    return {
      asking: { path: `${wheelPath(`plain-${n}`)}.metadata` },
      status: 403,
      code: 'DIGEST_MISMATCH',
      wrong: ({ status }) => (status === 200 ? 'it serves metadata of another digest' : null),
    };
  }),
];

/** A port that fails so at its first calls, and works from then on. */
function failing(port: string, error: Error, times: number): Script {
  let left = times;
  return { [port]: (real) => (left-- > 0 ? Promise.reject(error) : real()) };
}

async function* unreadable(): AsyncGenerator<Uint8Array> {
  yield* [];
  throw new VaultDamaged('not what was admitted');
}

/** Whenever it is looked at what evidence is kept, which is once in each attempt at least, another policy is in force. */
function restless(): Script {
  let policies = 0;
  const known = new Map<number, Policy>();
  return {
    'vault.evidence.of'(real) {
      policies += 1;
      return real();
    },
    policy(real) {
      const policy = known.get(policies) ?? { ...(real() as Policy) };
      known.set(policies, policy);
      return policy;
    },
  };
}

/** A release that pulls in what the one before, which was admitted, did not; `time`: when that was published. */
async function grown(place: Place, n: number, time: string): Promise<Case> {
  const name = `grown-${n}`;
  const { registry } = place.house;
  addNpm(place, `young-${n}`, { time });
  addNpm(place, name);
  await place.ask({ path: tarballPath(name, '1.0.0') });
  registry.addNpm(name, {
    '1.0.1': { time: RELEASED, manifest: { dependencies: { [`young-${n}`]: '^1.0.0' } } },
  });
  place.house.clock.advance(600_000);
  const artifact = { file: `${name}-1.0.1.tgz`, bytes: registry.tarball(name, '1.0.1') };
  const before = [{ file: `${name}-1.0.0.tgz`, bytes: registry.tarball(name, '1.0.0') }];
  return { asking: { path: tarballPath(name, '1.0.1') }, status: 200, artifact, beside: before };
}
