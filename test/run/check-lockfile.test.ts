import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openLedger } from '../../src/ledger/open.ts';
import type { PackageName } from '../../src/model/artifact.ts';
import type { Digest } from '../../src/model/digest.ts';
import { ENGINE } from '../../src/model/engine.ts';
import { installManifestOf } from '../../src/model/install-manifest.ts';
import { openFileVault } from '../../src/vault/file-vault.ts';
import { type LockPlace, lockPlace, packageLock, requirements, sha256, sri } from './lockfile-place.ts';

const DAY = 86_400_000;
const POLICY = `profile: default
requirements:
  npm: { age: 7d }
  pypi: { sdist: allow }
allow:
  - { npm: left-pad, versions: ^1.0.0 }
  - npm: young
  - npm: native
  - pypi: six
  - pypi: old
`;

let place: LockPlace;
let published: number;
beforeAll(async () => {
  place = await lockPlace();
  const { registry } = place;
  published = Math.floor(Date.now() / 1000) * 1000 - DAY;
  registry.addNpm('left-pad', { '1.3.0': {}, '1.2.0': {}, '2.0.0': {} });
  registry.addNpm('young', { '1.0.0': {}, '1.1.0': { time: new Date(published).toISOString() } });
  registry.addNpm('native', { '1.0.0': { manifest: { scripts: { install: 'x' } } } });
  registry.addNpm('added', { '1.0.0': {} });
  registry.addPypi('six', [{ filename: 'six-1.16.0-py3-none-any.whl' }, { filename: 'six-1.16.0.tar.gz' }]);
  registry.addPypi('old', [{ filename: 'old-1.0.tar.gz' }]);
});
afterAll(() => place.remove());
beforeEach(async () => {
  await rm(join(place.root, 'data'), { recursive: true, force: true });
  await place.policy({ 'default.yaml': POLICY });
  place.registry.clearFaults();
  place.asked();
});

const lockOf = (entries: Parameters<typeof packageLock>[1]) =>
  place.put('app/package-lock.json', packageLock(place.registry, entries));
/** The lines of `check … --json`, the last one apart. */
async function checked(...args: string[]) {
  const { code, stdout, stderr } = await place.run('check', ...args, '--json');
  const lines = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { code, stderr, packages: lines.slice(0, -1), summary: lines.at(-1) };
}

test('says of each package whether it is admitted, why not, what would be, and from when on', async () => {
  const lock = await lockOf({
    'left-pad@1.3.0': {},
    'left-pad@2.0.0': {},
    'young@1.1.0': {},
    'native@1.0.0': {},
    'added@1.0.0': {},
  });
  const { code, stdout, stderr } = await place.run('check', lock);
  const ripe = new Date(published + 7 * DAY).toISOString();
  expect(stdout.split('\n')).toEqual([
    expect.stringMatching(
      /^refuse npm added@1\.0\.0: it is not on the allowlist \[NOT_ALLOWLISTED\] \(line \d+\); a rule or a pin would admit it$/,
    ),
    expect.stringMatching(
      /^refuse npm left-pad@2\.0\.0: it is in no version that the allowlist admits \[VERSION_NOT_ALLOWED\] \(default\.yaml:6, line \d+\); admitted instead: 1\.3\.0$/,
    ),
    expect.stringMatching(
      /^refuse npm native@1\.0\.0: it runs code of its own when it is installed \[INSTALL_SCRIPTS\].*; no version is admitted instead$/,
    ),
    expect.stringContaining(`; admitted from ${ripe} on; admitted instead: 1.0.0`),
    'package-lock.json: 5 packages: 1 admitted, 4 refused',
    '',
  ]);
  expect(stderr).toContain('evidence as it is claimed, and no bytes');
  expect(code).toBe(1);
  // What no rule names was not asked for.
  expect(place.asked()).toEqual(['left-pad', 'native', 'young']);
});

test('all admitted: a count, and 0', async () => {
  const lock = await lockOf({ 'left-pad@1.3.0': {}, 'left-pad@1.2.0': {} });
  const { code, stdout } = await place.run('check', lock);
  expect(stdout).toBe('package-lock.json: 2 packages: 2 admitted, 0 refused\n');
  expect(code).toBe(0);
});

test('JSON lines for CI', async () => {
  const { code, packages, summary } = await checked(
    await lockOf({ 'left-pad@1.3.0': {}, 'young@1.1.0': {} }),
  );
  expect(packages).toMatchObject([
    { ecosystem: 'npm', package: 'left-pad', version: '1.3.0', verdict: 'allow', codes: [] },
    {
      package: 'young',
      version: '1.1.0',
      verdict: 'refuse',
      codes: ['TOO_YOUNG'],
      eligibleAt: published + 7 * DAY,
      nearest: '1.0.0',
    },
  ]);
  expect(summary).toEqual({
    lockfile: 'package-lock.json',
    format: 'package-lock v3',
    packages: 2,
    admitted: 1,
    refused: 1,
    undecided: 0,
    notes: [],
  });
  expect(code).toBe(1);
});

describe('of PyPI', () => {
  const wheel = 'six-1.16.0-py3-none-any.whl';
  const sdist = 'six-1.16.0.tar.gz';
  const check = async (files: readonly string[], policy = POLICY) => {
    await place.policy({ 'default.yaml': policy });
    const path = await place.put(
      'app/requirements.txt',
      requirements(place.registry, { 'six==1.16.0': files }),
    );
    return (await checked(path)).packages[0];
  };

  test('the files that the lockfile names are decided on: one that is admitted is enough, and it says so', async () => {
    expect(await check([wheel, sdist])).toMatchObject({ verdict: 'allow', notes: [] });
    expect(await check([sdist])).toMatchObject({ verdict: 'allow', notes: ['a source distribution only'] });
    const strict = POLICY.replace('sdist: allow', 'sdist: deny');
    expect(await check([wheel, sdist], strict)).toMatchObject({
      verdict: 'allow',
      notes: ['1 of 2 locked files'],
    });
    expect(await check([sdist], strict)).toMatchObject({ verdict: 'refuse', codes: ['SDIST'] });
  });

  test('a digest more than the index declares is of other bytes', async () => {
    expect(await check([wheel, sha256(Buffer.from('evil'))])).toMatchObject({
      verdict: 'refuse',
      codes: ['LOCKED_DIGEST'],
    });
  });
});

test('a digest that the registry does not declare is refused', async () => {
  const { packages, code } = await checked(
    await lockOf({ 'left-pad@1.3.0': { integrity: sri(Buffer.from('evil')) } }),
  );
  expect(packages).toMatchObject([{ verdict: 'refuse', codes: ['LOCKED_DIGEST'] }]);
  expect(packages[0].words[0]).toContain('would serve other bytes');
  expect(code).toBe(1);
});

test('an address elsewhere is refused where no digest vouches for the file', async () => {
  const resolved = 'https://mirror.example/left-pad/-/left-pad-1.3.0.tgz';
  expect((await checked(await lockOf({ 'left-pad@1.3.0': { resolved } }))).code).toBe(0);
  const { packages, code } = await checked(await lockOf({ 'left-pad@1.3.0': { resolved, integrity: null } }));
  expect(packages).toMatchObject([{ verdict: 'refuse', codes: ['LOCKED_ADDRESS'] }]);
  expect(code).toBe(1);
});

test('where only what the lockfile says is wrong, its registry’s own file is named; and of one there is one', async () => {
  const { stdout } = await place.run(
    'check',
    await lockOf({ 'left-pad@1.3.0': { integrity: sri(Buffer.from('evil')) } }),
  );
  expect(stdout).toMatch(
    /; admitted instead: 1\.3\.0, as its registry has it\npackage-lock\.json: 1 package: 0 admitted, 1 refused\n$/,
  );
});

test('for a name that is denied, internal or only to be pinned, what would be is said truly', async () => {
  const lock = await lockOf({ 'added@1.0.0': {} });
  const told = async (policy: string) => {
    await place.policy({ 'default.yaml': policy });
    return (await checked(lock)).packages[0].instead;
  };
  expect(await told('profile: default\ndeny:\n  - npm: added\nallow:\n  - npm: added\n')).toBe('none');
  expect(await told('profile: default\ninternal: [added]\n')).toBe('none');
  expect(await told('profile: default\nmode: frozen\n')).not.toBe('none');
  expect(await told('profile: default\nmode: frozen\nallow:\n  - npm: added\n')).toBe('pin');
  expect(await told('profile: default\n')).toBe('rule');
});

test('a pin vouches for the digest of a lockfile, wherever its address is, and for no address without one', async () => {
  place.registry.addNpm('bare', { '1.0.0': { integrity: 'none' } });
  const integrity = sri(place.registry.tarball('bare', '1.0.0'));
  const resolved = 'https://mirror.example/bare/-/bare-1.0.0.tgz';
  const codesOf = async (entry: { integrity: string | null }) =>
    (await checked(await lockOf({ 'bare@1.0.0': { resolved, ...entry } }))).packages[0].codes;
  await place.policy({ 'default.yaml': 'profile: default\nallow:\n  - npm: bare\n' });
  expect(await codesOf({ integrity })).toEqual(['LOCKED_ADDRESS']);
  await place.policy({
    'default.yaml': `profile: default\npins:\n  - { npm: bare@1.0.0, integrity: "${integrity}" }\n`,
  });
  expect(await codesOf({ integrity })).toEqual([]);
  expect(await codesOf({ integrity: sri(Buffer.from('evil')) })).toEqual(['LOCKED_ADDRESS']);
  expect(await codesOf({ integrity: null })).toEqual(['LOCKED_ADDRESS']);
});

test('what comes from no registry is refused, and what a reader left out is not passed over', async () => {
  const git = { resolved: `git+ssh://git@host.example/a.git#${'0'.repeat(40)}`, integrity: null };
  const first = await checked(await lockOf({ 'left-pad@1.3.0': git }));
  expect(first.packages).toMatchObject([{ verdict: 'refuse', codes: ['NOT_FROM_REGISTRY'] }]);
  expect(first.code).toBe(1);
  expect(place.asked()).toEqual([]);
  const path = await place.put('app/requirements.txt', 'six==1.16.0\n-r others.txt\n');
  const second = await checked(path);
  expect(second.summary).toMatchObject({ packages: 1, refused: 0, undecided: 1 });
  expect(second.code).toBe(1);
});

test('names beside lockfiles, and what is which', async () => {
  const lock = await lockOf({ 'left-pad@1.3.0': {} });
  const both = await place.run('check', lock, 'left-pad@2.0.0');
  expect(both.stdout).toMatch(/1 admitted, 0 refused\nrefuse left-pad@2\.0\.0/);
  expect(both.code).toBe(1);
  const none = await place.run('check', join(place.root, 'none', 'package-lock.json'));
  expect(none.stderr).toContain('package-lock.json');
  expect(none.code).toBe(3);
  const profile = await place.run('check', lock, '--profile', 'none');
  expect(profile.code).toBe(2);
});

test('hostile text never reaches the terminal', async () => {
  const evil = '\u001b]0;owned\u0007\nfake line';
  const lock = await lockOf({
    [`a${evil}@1.0.0`]: { resolved: `https://x.example/${evil}`, integrity: evil },
    'left-pad@1.3.0': { resolved: `https://x.example/${evil}`, integrity: null },
  });
  const { code, stdout, stderr } = await place.run('check', lock);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that must not be there
  expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\uffff]/);
  expect((stdout + stderr).split('\n')).not.toContain('fake line');
  expect(code).toBe(1);
});

test('an index that cannot be read admits nothing', async () => {
  place.registry.withFault(/./, { kind: 'body', body: '{"name":', contentType: 'application/json' });
  const { packages, code } = await checked(await lockOf({ 'left-pad@1.3.0': {} }));
  expect(packages).toMatchObject([{ verdict: 'refuse', codes: ['INDEX_UNREADABLE'] }]);
  expect(code).toBe(1);
});

describe('what we remember', () => {
  const id = { ecosystem: 'npm', name: 'left-pad' as PackageName };
  /** A firewall was here: it saw this index then, and admitted left-pad 1.3.0 with these bytes. */
  async function remember({ seen, first }: { seen?: number; first?: Buffer }) {
    const data = join(place.root, 'data');
    const ledger = await openLedger({ dir: data });
    const vault = await openFileVault({ dir: join(data, 'vault') });
    if (seen !== undefined) {
      const bytes = Buffer.from(await (await fetch(`${place.registry.npmBase}left-pad`)).arrayBuffer());
      const digest = await vault.putDocument(bytes);
      const index = { ...id, source: 'npm', digest, at: seen, etag: null, lastModified: null };
      await ledger.memory.sawIndex(index, Buffer.from('[]'));
    }
    if (first) {
      const digests = { sha256: sha256(first) as Digest, sha512: `sha512:${'0'.repeat(128)}` as Digest };
      const artifact = { ...id, version: '1.3.0', filename: 'left-pad-1.3.0.tgz' };
      const chunks: Digest = `sha256:${'0'.repeat(64)}`;
      await ledger.append(
        { type: 'decision', time: 1, id: 'a', verdict: 'allow' },
        { artifact, ...digests, size: first.length, chunks },
      );
    }
    await vault.close();
    await ledger.close();
    place.asked();
  }

  /** And inspected the file that the registry serves, whose package.json said what `metadata` is the digest of. */
  async function inspected(metadata: string) {
    const bytes = place.registry.tarball('left-pad', '1.3.0');
    const ledger = await openLedger({ dir: join(place.root, 'data') });
    const sha512: Digest = `sha512:${createHash('sha512').update(bytes).digest('hex')}`;
    await ledger.memory.inspected({
      artifact: { ...id, version: '1.3.0', filename: 'left-pad-1.3.0.tgz' },
      ...{ sha256: sha256(bytes) as Digest, sha512, size: bytes.length },
      ...{ chunks: `sha256:${'0'.repeat(64)}`, findings: [], engine: ENGINE, metadata },
      ...{ licence: null, bundled: null, dependencies: null, places: null },
    });
    await ledger.close();
  }

  test('what its bytes said is held to what the index says, for a check and for an import', async () => {
    const lock = await lockOf({ 'left-pad@1.3.0': {} });
    const said = installManifestOf({ name: 'left-pad', version: '1.3.0' });
    await inspected(createHash('sha256').update(said).digest('hex'));
    expect((await checked(lock)).packages).toMatchObject([{ verdict: 'allow' }]);
    const agreed = await place.run('import', lock, '--json');
    expect(agreed.stderr).not.toContain('Cannot');
    expect(JSON.parse(agreed.stdout)).toMatchObject({ count: 1, flags: [] });

    await rm(join(place.root, 'data'), { recursive: true });
    await place.policy({ 'default.yaml': POLICY });
    await inspected('0'.repeat(64));
    expect((await checked(lock)).packages).toMatchObject([
      { verdict: 'refuse', codes: ['METADATA_MISMATCH'] },
    ]);
    const differs = await place.run('import', lock, '--json');
    expect(JSON.parse(differs.stdout)).toMatchObject({
      flags: [{ code: 'refused', reasons: ['METADATA_MISMATCH'], fails: true }],
    });
    expect(differs.code).toBe(1);
  });

  test('an index that is young enough is not asked for again', async () => {
    await remember({ seen: Date.now() - 60_000 });
    expect((await checked(await lockOf({ 'left-pad@1.3.0': {} }))).code).toBe(0);
    expect(place.asked()).toEqual([]);
    await remember({ seen: Date.now() - 10 * 60_000 });
    expect((await checked(await lockOf({ 'left-pad@1.3.0': {} }))).code).toBe(0);
    expect(place.asked()).toEqual(['left-pad']);
  });

  test('where the registry does not answer, an older one stands in as for a request; without one nothing is known', async () => {
    const lock = await lockOf({ 'left-pad@1.3.0': {} });
    await remember({ seen: Date.now() - 10 * 60_000 });
    place.registry.withFault(/./, { kind: 'status', status: 500 });
    expect((await checked(lock)).code).toBe(0);
    place.registry.clearFaults();
    await rm(join(place.root, 'data'), { recursive: true });
    await remember({ seen: Date.now() - 2 * DAY });
    place.registry.withFault(/./, { kind: 'status', status: 500 });
    expect((await checked(lock)).packages).toMatchObject([{ verdict: 'refuse', codes: ['INDEX_TOO_OLD'] }]);
    await rm(join(place.root, 'data'), { recursive: true });
    expect((await checked(lock)).packages).toMatchObject([{ verdict: 'refuse', codes: ['UPSTREAM_FAULT'] }]);
  });

  test('a package that is gone upstream is for exact pins alone', async () => {
    const lock = await lockOf({ 'left-pad@1.3.0': {} });
    await remember({ seen: Date.now() - 10 * 60_000 });
    place.registry.withFault(/./, { kind: 'status', status: 404 });
    expect((await checked(lock)).packages).toMatchObject([
      { verdict: 'refuse', codes: ['WITHDRAWN_UPSTREAM'] },
    ]);
    const pin = `pins:\n  - { npm: left-pad@1.3.0, integrity: "${sri(place.registry.tarball('left-pad', '1.3.0'))}" }\n`;
    await place.policy({ 'default.yaml': `${POLICY}${pin}` });
    expect((await checked(lock)).packages).toMatchObject([{ verdict: 'allow' }]);
  });

  test('another digest than the first is refused, and never pinned', async () => {
    await remember({ first: Buffer.from('the bytes of then') });
    const lock = await lockOf({ 'left-pad@1.3.0': {} });
    expect((await checked(lock)).packages).toMatchObject([{ verdict: 'refuse', codes: ['DIGEST_CHANGED'] }]);
    const { code, stdout } = await place.run('import', lock, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ count: 0, flags: [{ code: 'first-digest', fails: true }] });
    expect(code).toBe(1);
  });
});

test('round trip: a frozen profile admits what was imported, each file of it, and nothing else', async () => {
  await place.policy({
    'frozen.yaml': 'profile: default\nmode: frozen\nrequirements:\n  pypi: { sdist: allow }\n',
  });
  const lock = await lockOf({
    'left-pad@1.3.0': {},
    'left-pad@2.0.0': {},
    'young@1.1.0': {},
    'added@1.0.0': { integrity: null },
  });
  const hashed = await place.put(
    'app/requirements.txt',
    requirements(place.registry, {
      'six==1.16.0': ['six-1.16.0-py3-none-any.whl'],
      'old==1.0': ['old-1.0.tar.gz'],
    }),
  );
  expect((await checked(lock, hashed)).code).toBe(1);
  expect((await place.run('import', lock, hashed)).code).toBe(0);
  expect((await place.run('check', lock, hashed)).stdout).toMatch(
    /4 admitted, 0 refused\n.*2 admitted, 0 refused\n$/s,
  );

  const more = await lockOf({ 'left-pad@1.2.0': {}, 'native@1.0.0': {}, 'left-pad@1.3.0': {} });
  const { packages } = await checked(more);
  expect(packages.map((one) => [one.package, one.version, one.codes])).toEqual([
    ['left-pad', '1.2.0', ['NOT_PINNED']],
    ['left-pad', '1.3.0', []],
    ['native', '1.0.0', ['NOT_ALLOWLISTED']],
  ]);
  const sdist = await place.put(
    'app/requirements.txt',
    requirements(place.registry, { 'six==1.16.0': ['six-1.16.0.tar.gz'] }),
  );
  expect((await checked(sdist)).packages).toMatchObject([{ codes: ['PIN_MISMATCH'] }]);
});

test('a thousand packages take seconds', { timeout: 120_000 }, async () => {
  const many = await lockPlace();
  try {
    const names = Array.from({ length: 1000 }, (_, i) => `many-${i}`);
    const tarball = Buffer.from('the same for all');
    const versions = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`1.${i}.0`, { tarball }]));
    for (const name of names) many.registry.addNpm(name, versions);
    await many.policy({
      'default.yaml': 'profile: default\nallow:\n  - npm: many-*\ndeny:\n  - npm: many-7\n',
    });
    const lock = await many.put(
      'app/package-lock.json',
      packageLock(many.registry, Object.fromEntries(names.map((name) => [`${name}@1.3.0`, {}]))),
    );
    const began = performance.now();
    const { stdout } = await many.run('check', lock);
    const took = performance.now() - began;
    console.log(`check of 1,000 packages, 30 versions each: ${(took / 1000).toFixed(1)} s`);
    expect(stdout).toContain('package-lock.json: 1,000 packages: 999 admitted, 1 refused\n');
    expect(many.asked()).toHaveLength(999);
    // Far from what is seen, because the machine may be busy.
    expect(took).toBeLessThan(60_000);
  } finally {
    await many.remove();
  }
});
