import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadPolicy } from '../../src/allowlists.ts';
import { type LockPlace, lockPlace, packageLock, requirements, sha256, sri } from './lockfile-place.ts';

const POLICY = 'profile: default\nallow:\n  - npm: left-pad\ninternal: ["@acme/*", own-tool]\n';
const OURS = 'locked-app-package-lock.yaml';

let place: LockPlace;
beforeAll(async () => {
  place = await lockPlace();
  const { registry } = place;
  registry.addNpm('left-pad', { '1.3.0': {}, '1.2.0': {}, '2.0.0': {} });
  registry.addNpm('@types/node', { '22.0.0': {} });
  registry.addNpm('native', { '1.0.0': { manifest: { scripts: { install: 'node-gyp rebuild' } } } });
  registry.addNpm('undeclared', { '1.0.0': { integrity: 'none' } });
  registry.addNpm('@acme/own', { '1.0.0': {} });
  registry.addPypi('six', [{ filename: 'six-1.16.0-py3-none-any.whl' }, { filename: 'six-1.16.0.tar.gz' }]);
  registry.addPypi('old', [{ filename: 'old-1.0.tar.gz' }]);
});
afterAll(() => place.remove());
beforeEach(async () => {
  await place.policy({ 'default.yaml': POLICY });
  place.registry.clearFaults();
  place.asked();
});

const lockOf = (entries: Parameters<typeof packageLock>[1], name = 'app/package-lock.json') =>
  place.put(name, packageLock(place.registry, entries));
const written = async (name = OURS) => (await place.allowlists())[name];
/** `import … --json`: the report, with the exit code. */
async function imported(...args: string[]) {
  const { code, stdout, stderr } = await place.run('import', ...args, '--json');
  return { code, stderr, report: stdout === '' ? null : JSON.parse(stdout) };
}
const codes = (report: { flags: { code: string; fails: boolean; package: string | null }[] }) =>
  report.flags.map(({ code, fails, package: name }) => [code, name, fails]);

describe('the file', () => {
  test('one line a pin, sorted, from several lockfiles at once; quoted where YAML needs it', async () => {
    const lock = await lockOf({ 'left-pad@2.0.0': {}, '@types/node@22.0.0': {}, 'left-pad@1.3.0': {} });
    const wheel = 'six-1.16.0-py3-none-any.whl';
    const hashed = await place.put(
      'app/requirements.txt',
      requirements(place.registry, { 'six==1.16.0': [wheel, 'six-1.16.0.tar.gz'] }),
    );
    const { code, stdout, stderr } = await place.run('import', lock, hashed);
    const { registry } = place;
    const hashes = [wheel, 'six-1.16.0.tar.gz'].map((file) => `"${sha256(registry.file(file))}"`).sort();
    expect((await written())?.split('\n').slice(4)).toEqual([
      'profile: default',
      'pins:',
      `  - { npm: "@types/node@22.0.0", integrity: "${sri(registry.tarball('@types/node', '22.0.0'))}" }`,
      `  - { npm: left-pad@1.3.0, integrity: "${sri(registry.tarball('left-pad', '1.3.0'))}" }`,
      `  - { npm: left-pad@2.0.0, integrity: "${sri(registry.tarball('left-pad', '2.0.0'))}" }`,
      `  - { pypi: six@1.16.0, hashes: [${hashes.join(', ')}] }`,
      '',
    ]);
    expect(await written()).toMatch(
      /^# sallyport import: .*\n# yaml-language-server: \$schema=policy\.schema\.json\n# from package-lock v3, sha256:[0-9a-f]{64}\n# from requirements, sha256:[0-9a-f]{64}\n/,
    );
    // Nothing of this machine.
    expect(await written()).not.toContain(place.root);
    expect(stdout.split('\n')).toContain('new     npm left-pad@1.3.0');
    expect(stderr).toContain(`${OURS}: 4 pins, 4 new, 0 changed, 0 gone`);
    expect(code).toBe(0);
    expect((await loadPolicy(join(place.root, 'allowlists'))).profiles.get('default')).toBeDefined();
  });

  test('the same lockfile gives the same bytes, and says that there is nothing to do', async () => {
    const lock = await lockOf({ 'left-pad@1.3.0': {}, '@types/node@22.0.0': { integrity: null } });
    await imported(lock);
    // Another day: what was taken from the index then is not news now.
    const before = (await written())?.replace(/on \d{4}-\d\d-\d\d$/m, 'on 2020-01-31') ?? '';
    await place.put(`allowlists/${OURS}`, before);
    const again = await place.run('import', lock);
    expect(before).toContain('on 2020-01-31');
    expect(await written()).toBe(before);
    expect(again.stdout).toBe('');
    expect(again.stderr).toContain(`nothing to do: ${OURS} has these 2 pins already`);
    expect(again.code).toBe(0);
  });

  test('says what is new, changed and gone', async () => {
    await imported(await lockOf({ 'left-pad@1.3.0': {}, 'left-pad@1.2.0': {}, '@types/node@22.0.0': {} }));
    const text = (await written()) ?? '';
    const other = sri(Buffer.from('other'));
    await place.put(
      `allowlists/${OURS}`,
      text.replace(/left-pad@1.2.0, integrity: "[^"]*"/, `left-pad@1.2.0, integrity: "${other}"`),
    );
    const { report } = await imported(await lockOf({ 'left-pad@1.2.0': {}, 'left-pad@2.0.0': {} }));
    expect(report).toMatchObject({
      added: ['npm left-pad@2.0.0'],
      changed: [{ subject: 'npm left-pad@1.2.0' }],
      gone: ['npm @types/node@22.0.0', 'npm left-pad@1.3.0'],
      written: true,
      count: 2,
    });
  });

  test('in a folder of its own names the schema from there', async () => {
    await mkdir(join(place.root, 'allowlists', 'teams'), { recursive: true });
    await imported(await lockOf({ 'left-pad@1.3.0': {} }), '--out', 'teams/web.yaml');
    const text = await readFile(join(place.root, 'allowlists', 'teams', 'web.yaml'), 'utf8');
    expect(text.split('\n')[1]).toBe('# yaml-language-server: $schema=../policy.schema.json');
  });

  test('--dry-run says the same and writes nothing', async () => {
    const lock = await lockOf({ 'left-pad@1.3.0': {} });
    const { report, code } = await imported(lock, '--dry-run');
    expect(report).toMatchObject({ added: ['npm left-pad@1.3.0'], written: false, unchanged: false });
    expect(await readdir(join(place.root, 'allowlists'))).toEqual(['default.yaml']);
    expect(code).toBe(0);
  });

  test('of another profile: its name is in the file and in the rules', async () => {
    const { report } = await imported(await lockOf({ 'left-pad@1.3.0': {} }), '--profile', 'ci');
    expect(report).toMatchObject({
      file: 'locked-ci-app-package-lock.yaml',
      profile: 'ci',
      newProfile: true,
    });
    const { stderr, code } = await place.run(
      'import',
      join(place.root, 'app/package-lock.json'),
      '--profile',
      'own',
    );
    expect(stderr).toContain(
      'note: no other file speaks for profile own: it extends nothing, so that the denials and requirements of other profiles do not hold for it',
    );
    expect(code).toBe(0);
    const policy = await loadPolicy(join(place.root, 'allowlists'));
    const pins = (profile: string) => policy.profiles.get(profile)?.ecosystems.get('npm')?.pins.size;
    expect([pins('ci'), pins('default')]).toEqual([1, 0]);
  });
});

describe('never', () => {
  test('over what another hand wrote, or added to', async () => {
    const lock = await lockOf({ 'left-pad@1.3.0': {} });
    await place.policy({ 'default.yaml': POLICY, 'mine.yaml': 'profile: default\nallow:\n  - npm: a\n' });
    const other = await imported(lock, '--out', 'mine.yaml');
    expect(other.stderr).toContain('mine.yaml is not replaced: it was not written by `sallyport import`');
    expect(other.code).toBe(1);
    expect(await written('mine.yaml')).toBe('profile: default\nallow:\n  - npm: a\n');

    await imported(lock);
    const touched = `${await written()}deny:\n  - npm: left-pad\n`;
    await place.put(`allowlists/${OURS}`, touched);
    expect((await imported(lock)).stderr).toContain('changed by hand');
    expect(await written()).toBe(touched);
  });

  test.each([
    ['../out.yaml'],
    ['/tmp/out.yaml'],
    ['cases/out.yaml'],
    ['out.txt'],
    ['no-such-folder/out.yaml'],
    ['link/out.yaml'],
    ['.'],
    ['.hidden.yaml'],
  ])('outside of the folder, or where the policy does not read it: %s', async (out) => {
    const lock = await lockOf({ 'left-pad@1.3.0': {} });
    await mkdir(join(place.root, 'elsewhere'), { recursive: true });
    await mkdir(join(place.root, 'allowlists', 'cases'), { recursive: true });
    await symlink(join(place.root, 'elsewhere'), join(place.root, 'allowlists', 'link'));
    const { code, stderr } = await place.run('import', lock, '--out', out);
    expect(stderr).toContain('--out');
    expect(code).toBe(2);
    expect(await readdir(join(place.root, 'elsewhere'))).toEqual([]);
  });

  test('through a link in the place of the file', async () => {
    const target = await place.put('target.yaml', 'profile: default\n');
    await symlink(target, join(place.root, 'allowlists', OURS));
    const { code, stderr } = await place.run('import', await lockOf({ 'left-pad@1.3.0': {} }));
    expect(stderr).toContain('is not replaced');
    expect(code).toBe(1);
  });

  test('where the allowlists would not load any more: they stay as they were, and the place is said', async () => {
    const theirs = `profile: default\npins:\n  - { npm: left-pad@1.3.0, integrity: "${sri(Buffer.from('x'))}" }\n`;
    await place.policy({ 'default.yaml': POLICY, 'z.yaml': theirs });
    const before = await place.allowlists();
    const { code, report } = await imported(await lockOf({ 'left-pad@1.3.0': {}, '@types/node@22.0.0': {} }));
    expect(report.problems.join()).toMatch(/yaml:\d+:\d+: .*pin/);
    expect(report.written).toBe(false);
    expect(await place.allowlists()).toEqual(before);
    expect(code).toBe(1);
  });

  test('with allowlists that do not load to begin with', async () => {
    await place.policy({ 'default.yaml': 'profile: default\nalow: []\n' });
    const { code, stderr } = await place.run('import', await lockOf({ 'left-pad@1.3.0': {} }));
    expect(stderr).toContain('default.yaml:2:1');
    expect(code).toBe(3);
  });
});

describe('digests', () => {
  test('that a lockfile lacks are the index’s, and marked; all files of a version', async () => {
    const lock = await lockOf({ 'left-pad@1.3.0': { integrity: null } });
    const plain = await place.put('app/requirements.txt', 'six==1.16.0\n');
    const told = await place.run('import', lock, plain, '--dry-run');
    expect(told.stdout).toContain('new     npm left-pad@1.3.0, the digest from the index\n');
    const { code, report } = await imported(lock, plain);
    expect(report.fromIndex).toEqual(['npm left-pad@1.3.0', 'pypi six@1.16.0']);
    const text = (await written()) ?? '';
    expect(text).toMatch(
      /left-pad@1\.3\.0, integrity: "sha512-[^"]+" } # digest from the index on \d{4}-\d\d-\d\d\n/,
    );
    for (const file of ['six-1.16.0-py3-none-any.whl', 'six-1.16.0.tar.gz'])
      expect(text).toContain(sha256(place.registry.file(file)));
    expect(code).toBe(0);
  });

  test('that nobody has: not pinned, and refused', async () => {
    const lock = await lockOf({ 'undeclared@1.0.0': { integrity: null }, 'left-pad@1.3.0': {} });
    const { code, report } = await imported(lock);
    expect(codes(report)).toEqual([['no-digest', 'undeclared', true]]);
    expect(report.added).toEqual(['npm left-pad@1.3.0']);
    expect(code).toBe(1);
  });

  test('that the index does not declare: not pinned, said loudly', async () => {
    const wrong = sri(Buffer.from('evil'));
    const hashes = [sha256(place.registry.file('six-1.16.0.tar.gz')), sha256(Buffer.from('evil'))];
    const lock = await lockOf({ 'left-pad@1.3.0': { integrity: wrong } });
    const hashed = await place.put(
      'app/requirements.txt',
      requirements(place.registry, { 'six==1.16.0': hashes }),
    );
    const { code, report } = await imported(lock, hashed);
    expect(codes(report)).toEqual([
      ['digest-differs', 'left-pad', true],
      ['digest-differs', 'six', true],
    ]);
    expect(report.count).toBe(0);
    expect(code).toBe(1);
    expect((await place.run('import', lock, hashed, '--dry-run')).stderr).toContain(
      'LOOK: left-pad@1.3.0 is locked with',
    );
  });

  test('of other versions, as pipenv locks those of prereleases, are left out', async () => {
    place.registry.addPypi('six', [
      { filename: 'six-1.16.0-py3-none-any.whl' },
      { filename: 'six-1.16.0rc1-py3-none-any.whl' },
    ]);
    const own = sha256(place.registry.file('six-1.16.0-py3-none-any.whl'));
    const other = sha256(place.registry.file('six-1.16.0rc1-py3-none-any.whl'));
    const lockfile = (digests: string[]) =>
      place.put('app/requirements.txt', requirements(place.registry, { 'six==1.16.0': digests }));
    const both = await place.run('import', await lockfile([own, other]), '--out', 'locked.yaml');
    expect(both.code, both.stdout + both.stderr).toBe(0);
    const text = (await place.allowlists())['locked.yaml'];
    expect(text).toContain(own);
    expect(text).not.toContain(other);
    expect((await place.run('check', await lockfile([own, other]))).stdout).not.toContain('LOCKED_DIGEST');
    // Of the other version alone it is another file.
    const alone = await place.run('import', await lockfile([other]), '--out', 'alone.yaml');
    expect(alone.code).toBe(1);
  });

  test('are pinned without a registry that answers, and that is said; those that are missing are not', async () => {
    place.registry.withFault(/./, { kind: 'status', status: 404 });
    const absent = await imported(await lockOf({ 'left-pad@1.3.0': {} }));
    expect(codes(absent.report)).toEqual([['unknown-package', 'left-pad', true]]);
    place.registry.clearFaults();
    place.registry.withFault(/./, { kind: 'status', status: 500 });
    const { code, report } = await imported(
      await lockOf({ 'left-pad@1.3.0': {}, '@types/node@22.0.0': { integrity: null } }),
    );
    expect(codes(report)).toEqual([
      ['unreachable', '@types/node', true],
      ['not-compared', 'left-pad', false],
    ]);
    expect(report.added).toEqual(['npm left-pad@1.3.0']);
    expect(code).toBe(1);
  });

  test('that only the registry has stay in the file while it does not answer', async () => {
    const lock = await lockOf({ 'left-pad@1.3.0': { integrity: null } });
    await imported(lock);
    const before = await written();
    place.registry.withFault(/./, { kind: 'status', status: 500 });
    const { code, report } = await imported(lock);
    expect(report).toMatchObject({ written: false, flags: [{ code: 'unreachable' }] });
    expect(report.problems[0]).toContain('try again');
    expect(await written()).toBe(before);
    expect(code).toBe(1);
  });

  test('of yarn 4 are of another archive: the index’s are taken', async () => {
    const lock = await place.put(
      'app/yarn.lock',
      `__metadata:
  version: 8
  cacheKey: 10c0

"left-pad@npm:^1.3.0":
  version: 1.3.0
  resolution: "left-pad@npm:1.3.0"
  checksum: 10c0/${'0'.repeat(128)}
  languageName: node
  linkType: hard
`,
    );
    const { code, report } = await imported(lock);
    expect(report).toMatchObject({ file: 'locked-app-yarn-lock.yaml', flags: [] });
    expect(await written(report.file)).toContain(
      `left-pad@1.3.0, integrity: "${sri(place.registry.tarball('left-pad', '1.3.0'))}" } # digest from the index on `,
    );
    expect(code).toBe(0);
  });

  test('of a version that the registry does not list are not pinned', async () => {
    const lock = await lockOf({
      'left-pad@9.9.9': {
        integrity: sri(Buffer.from('x')),
        resolved: `${place.registry.npmBase}left-pad/-/left-pad-9.9.9.tgz`,
      },
    });
    const { report } = await imported(lock);
    expect(codes(report)).toEqual([['unknown-version', 'left-pad', true]]);
  });
});

test('internal names never leave the house, of whichever profile they are', async () => {
  await place.policy({ 'default.yaml': POLICY, 'b.yaml': 'profile: b\ninternal: ["left-*"]\n' });
  const own = {
    integrity: sri(Buffer.from('x')),
    resolved: `${place.registry.npmBase}own-tool/-/own-tool-1.0.0.tgz`,
  };
  const lock = await lockOf({
    '@acme/own@1.0.0': {},
    'own-tool@1.0.0': own,
    'left-pad@1.3.0': {},
    '@types/node@22.0.0': {},
  });
  const { code, report } = await imported(lock);
  expect(place.asked()).toEqual(['@types/node']);
  expect(codes(report)).toEqual([
    ['internal', '@acme/own', false],
    ['internal', 'left-pad', false],
    ['internal', 'own-tool', false],
  ]);
  expect(report.added).toEqual(['npm @types/node@22.0.0']);
  expect(code).toBe(0);
});

describe('what somebody should look at', () => {
  test('git, addresses and files are never pinned', async () => {
    const lock = await lockOf({
      'left-pad@1.3.0': {},
      'a@1.0.0': {
        resolved: 'git+ssh://git@host.example/a.git#0123456789012345678901234567890123456789',
        integrity: null,
      },
      'b@1.0.0': { resolved: 'https://host.example/b.tgz', integrity: sri(Buffer.from('b')) },
      'c@1.0.0': { resolved: 'file:../c.tgz', integrity: sri(Buffer.from('c')) },
    });
    const { code, report } = await imported(lock);
    expect(codes(report)).toEqual([
      ['not-from-registry', 'a', true],
      ['not-from-registry', 'b', true],
      ['not-from-registry', 'c', true],
    ]);
    expect(report.added).toEqual(['npm left-pad@1.3.0']);
    expect(place.asked()).toEqual(['left-pad']);
    expect(code).toBe(1);
  });

  test('an address elsewhere: harmless where the digest is the registry’s, else not', async () => {
    const at = (origin: string, name: string) => `${origin}/${name}/-/${name}-1.3.0.tgz`;
    const confirmed = await lockOf({
      'left-pad@1.3.0': { resolved: at('https://mirror.example', 'left-pad') },
    });
    const first = await imported(confirmed);
    expect(codes(first.report)).toEqual([['resolved-elsewhere', null, false]]);
    expect(first.report.flags[0].words).toContain('https://mirror.example');
    expect(first.code).toBe(0);

    const bare = await lockOf({
      'left-pad@1.3.0': { resolved: at('http://mirror.example', 'left-pad'), integrity: null },
    });
    const second = await imported(bare);
    expect(codes(second.report)).toEqual([['resolved-elsewhere', null, true]]);
    expect(second.report.flags[0].words).toContain('http://mirror.example, without TLS');
    expect(second.code).toBe(1);
  });

  test('our own address is the registry', async () => {
    const lock = await lockOf({
      'left-pad@1.3.0': { resolved: 'http://127.0.0.1:4880/npm/left-pad/-/left-pad-1.3.0.tgz' },
    });
    expect((await imported(lock)).report.flags).toEqual([]);
  });

  test('code that runs at installation waits for approval, as comments that do not load before somebody has signed', async () => {
    const lock = await lockOf({ 'native@1.0.0': {}, 'left-pad@1.3.0': { hasInstallScript: true } });
    const hashed = await place.put(
      'app/requirements.txt',
      requirements(place.registry, { 'old==1.0': ['old-1.0.tar.gz'] }),
    );
    const { report, code } = await imported(lock, hashed);
    expect(report.review).toEqual([
      { ecosystem: 'npm', package: 'left-pad@1.3.0', lifts: 'install-scripts' },
      { ecosystem: 'npm', package: 'native@1.0.0', lifts: 'install-scripts' },
      { ecosystem: 'pypi', package: 'old@1.0', lifts: 'sdist' },
    ]);
    // The lockfile's own word asks for a review; what the policy would refuse is to be looked at as well.
    expect(codes(report)).toEqual([
      ['refused', 'native', true],
      ['refused', 'old', true],
    ]);
    expect(code).toBe(1);
    const folder = join(place.root, 'allowlists');
    const text = (await written()) ?? '';
    const waiversOf = async () =>
      (await loadPolicy(folder)).profiles.get('default')?.ecosystems.get('npm')?.waivers.size;
    expect(await waiversOf()).toBe(0);

    const uncommented = text
      .replace('# waivers:', 'waivers:')
      .replace('#   - { npm: native', '  - { npm: native');
    await place.put(`allowlists/${OURS}`, uncommented);
    await expect(loadPolicy(folder)).rejects.toThrow(/waivers/);

    const signed = uncommented
      .split('\n')
      .map((line) =>
        line.startsWith('  - { npm: native@1.0.0') && line.includes('lifts')
          ? line
              .replace('reason: ""', 'reason: "a native: binary"')
              .replace('approver: ""', 'approver: ana')
              .replace('expires: ""', 'expires: 2100-01-31')
          : line,
      )
      .join('\n');
    await place.put(`allowlists/${OURS}`, signed);
    expect(await waiversOf()).toBe(1);

    // The next import keeps what was signed, and asks no more for it.
    const again = await imported(lock, hashed);
    expect(again.report.review.map((one: { package: string }) => one.package)).toEqual([
      'left-pad@1.3.0',
      'old@1.0',
    ]);
    expect(again.report.problems).toEqual([]);
    expect(await waiversOf()).toBe(1);
    expect((await imported(lock, hashed)).report.unchanged).toBe(true);
    // It ends with what it was for.
    const gone = await imported(await lockOf({ 'left-pad@1.3.0': {} }));
    expect(gone.report.endedWaivers).toEqual(['npm native@1.0.0']);
    expect(await waiversOf()).toBe(0);
  });

  test('nothing asks for approval of what the policy allows', async () => {
    await place.policy({ 'default.yaml': `${POLICY}requirements:\n  npm: { install-scripts: allow }\n` });
    expect((await imported(await lockOf({ 'native@1.0.0': {} }))).report.review).toEqual([]);
  });
});

describe('hostile text', () => {
  const EVIL = '\u001b]0;owned\u0007\u202e\nfake line';

  test('of a lockfile never reaches the terminal or the file unescaped', async () => {
    const lock = await lockOf({
      'left-pad@1.3.0': { resolved: `https://x.example/${EVIL}` },
      [`b${EVIL}@1.0.0`]: { resolved: 'https://x.example/b', integrity: EVIL },
      [`c@1.0.0${EVIL}`]: { resolved: `git+https://x.example/${EVIL}`, integrity: null },
    });
    const { stdout, stderr } = await place.run('import', lock);
    const text = (await written()) ?? '';
    for (const told of [stdout, stderr, text]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that must not be there
      expect(told).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\uffff]/);
      expect(told.split('\n')).not.toContain('fake line');
    }
  });

  test.each([
    ['no JSON', 'package-lock.json', '{'],
    ['no text', 'package-lock.json', '\ufffe\u0000\u001b[2J'],
    ['of no format', 'strange.bin', 'hello'],
  ])('%s is an error with its name', async (_, name, text) => {
    const { code, stderr, stdout } = await place.run('import', await place.put(`bad/${name}`, text));
    expect(stderr).toContain(name);
    expect(stderr).not.toContain('\u001b');
    expect(stdout).toBe('');
    expect(code).toBe(3);
  });

  test('of a path is escaped, too', async () => {
    const broken = await place.put(`bad${EVIL}/package-lock.json`, '{');
    for (const command of ['import', 'check']) {
      const { code, stderr } = await place.run(command, broken);
      expect(stderr).toContain('\\u001b]0;owned');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that must not be there
      expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\uffff]/);
      expect(stderr.split('\n')).not.toContain('fake line');
      expect(code).toBe(3);
    }
  });

  test('a folder and a file that is not there are no lockfiles', async () => {
    const { code, stderr } = await place.run('import', place.root, join(place.root, 'none', 'yarn.lock'));
    expect(stderr).toContain('no regular file');
    expect(code).toBe(3);
  });
});

describe('--as rules', () => {
  const rules = async (name: string) => {
    const found: Record<string, string> = {};
    for (const match of ((await written(name)) ?? '').matchAll(
      /^ {2}- { (?:npm|pypi): "?([^",]+)"?, versions: "(.*)" }$/gm,
    ))
      found[match[1] ?? ''] = match[2] ?? '';
    return found;
  };

  test('writes ranges, and no second rule for a name that has one', async () => {
    await place.policy({
      'default.yaml': POLICY.replace('npm: left-pad', '{ npm: left-pad, versions: ^1.0.0 }'),
    });
    const lock = await lockOf({ 'left-pad@1.3.0': {}, 'left-pad@2.0.0': {}, '@types/node@22.0.0': {} });
    const { code, report } = await imported(lock, '--as', 'rules');
    expect(await rules(OURS)).toEqual({ '@types/node': '^22.0.0' });
    expect(codes(report)).toEqual([['has-rule', 'left-pad', true]]);
    expect(report.flags[0]).toMatchObject({ version: '2.0.0' });
    expect(report.flags[0].words).toContain('default.yaml:3');
    expect(code).toBe(1);
    const policy = await loadPolicy(join(place.root, 'allowlists'));
    expect(policy.profiles.get('default')?.ecosystems.get('npm')?.allow.exact.size).toBe(2);
    // Again: its own rules of before are not in its way.
    expect((await imported(lock, '--as', 'rules')).report.unchanged).toBe(true);
  });

  test('is told from other words', async () => {
    const { code } = await place.run('import', await lockOf({ 'left-pad@1.3.0': {} }), '--as', 'ranges');
    expect(code).toBe(2);
  });
});
