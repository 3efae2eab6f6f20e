import { describe, expect, test } from 'vitest';
import { LockfileUnreadable } from '../../src/ecosystems/lockfile.ts';
import { A, B, C, MD5, readAs, versionsOf } from './pypi-lockfiles.ts';

/** Packages, and what is noted, with its line. */
function told(filename: string, text: string): [packages: string[], notes: string[]] {
  const lockfile = readAs(filename, text);
  return [versionsOf(lockfile), lockfile.notes.map(({ line, what }) => `${line}: ${what}`)];
}

describe('requirements', () => {
  const cases: [text: string, packages: string[], notes: RegExp[]][] = [
    [`demo==1.0 --hash=${A}`, ['demo 1.0'], []],
    [
      `Demo_X [a, b] == 1.0.post1 ; python_version < "3" and extra == '#x' --hash ${A}`,
      ['demo-x 1.0.post1'],
      [],
    ],
    [`demo (==1.0) --hash="${A}"`, ['demo 1.0'], []],
    [`demo==1.0 \\\n  --hash=${A} \\\n  --hash=${C} # why\n`, ['demo 1.0'], []],
    [`demo==1.0 \\\n  # a comment ends it\n  --hash=${A}`, ['demo 1.0'], [/^3: an option/]],
    [`demo==\\\n1.0`, ['demo 1.0'], []],
    [`# demo==1.0\n\n   # x\n`, [], []],
    [`demo==1.0#x`, [], [/^1: demo: no exact version/]],
    ['demo', [], [/^1: demo: no exact version/]],
    ['demo>=1.0', [], [/^1: demo: no exact version/]],
    ['demo==1.*', [], [/^1: demo: no exact version/]],
    ['demo===1.0', [], [/^1: demo: no exact version/]],
    ['demo==1.0,<2', [], [/^1: demo: no exact version/]],
    ['demo==$VERSION', [], [/^1: demo: no exact version/]],
    [`demo @ https://host.example/demo-1.0.whl ; x --hash=${A}`, [], [/^1: demo: comes from an address/]],
    ['demo@git+https://host.example/demo@v1#egg=x', [], [/^1: demo: comes from a repository/]],
    ['demo @ file:///demo', [], [/^1: demo: comes from a path/]],
    ['https://host.example/demo-1.0.whl', [], [/^1: a requirement without a name.* address/]],
    ['git+ssh://git@host.example/demo', [], [/^1: a requirement without a name.* repository/]],
    ['./demo-1.0.whl', [], [/^1: a requirement without a name.* path/]],
    ['demo-1.0.whl', [], [/^1: /]],
    ['-e .\n-e .[x]\n.\n--editable=./', [], []],
    ['-e ../demo\n-e git+https://host.example/x', [], [/^1: an editable/, /^2: an editable/]],
    [
      '-r base.txt\n-rbase.txt\n--requirement=b\n-c c.txt',
      [],
      [/^1: another/, /^2: another/, /^3: another/, /^4: a file of constraints/],
    ],
    [
      '-i https://host.example\n--index-url=https://host.example\n--extra-index-url https://host.example\n-f dir\n--trusted-host host.example',
      [],
      [
        /^1: .*an index of its own/,
        /^2: .*an index of its own/,
        /^3: .*further index/,
        /^4: .*further place/,
        /^5: .*trusted/,
      ],
    ],
    ['--require-hashes\n--no-index\n--pre\n--only-binary :all:\n--no-binary=demo', [], []],
    ['--extra-index https://host.example', [], [/^1: an option that is not known/]],
    [`demo==1.0 --config-settings=a=b --hash=${A}`, ['demo 1.0'], [/^1: an option of a requirement/]],
    // Where only Python sees the end of a line.
    ...['\r', '\v', '\f', '\x1c', '\x85', '\u2028'].map((end): [string, string[], RegExp[]] => [
      `# x${end}demo==1.0`,
      ['demo 1.0'],
      [],
    ]),
    ['<html>\n</html>', [], [/^1: a line that is no/, /^2: /]],
  ];
  test.each(cases)('%j', (text, packages, notes) => {
    const [found, said] = told('requirements.txt', text);
    expect(found).toEqual(packages);
    expect(said).toEqual(notes.map((note) => expect.stringMatching(note)));
    expect(said.join()).not.toContain('host.example');
  });

  test('several hashes are several files; what comes after a comment is not of it', () => {
    const [locked] = readAs('requirements.txt', `a==1\n\nb==1 --hash=${B} --hash=${A}`).packages.slice(1);
    expect(locked).toMatchObject({ digests: [A, B], single: false, line: 3 });
  });
});

/** The sources of each format: what it writes, the kind that it is, and the address. */
describe('sources', () => {
  const uv = (source: string) =>
    `version = 1\n[[package]]\nname = "demo"\nversion = "1.0"\nsource = ${source}\nsdist = { hash = "${A}" }\n`;
  const poetry = (source: string) =>
    `[[package]]\nname = "demo"\nversion = "1.0"\nfiles = [{file = "x", hash = "${A}"}]\n[package.source]\n${source}\n[metadata]\nlock-version = "2.0"\n`;
  const pdm = (source: string) =>
    `[metadata]\nlock_version = "4.4.1"\n[[package]]\nname = "demo"\nversion = "1.0"\n${source}\nfiles = [{hash = "${A}"}]\n`;
  const pylock = (source: string) =>
    `lock-version = "1.0"\n[[packages]]\nname = "demo"\nversion = "1.0"\n${source}\n`;
  const pipfile = (source: object) =>
    JSON.stringify({
      _meta: { 'pipfile-spec': 6, sources: [{ name: 'own', url: 'https://index.example/simple' }] },
      default: { demo: { version: '==1.0', hashes: [A], ...source } },
    });
  const hash = `hashes = { sha256 = "${A.slice(7)}" }`;

  test.each<[filename: string, text: string, source: string, resolved: string | null]>([
    ['uv.lock', uv('{ registry = "https://index.example" }'), 'registry', 'https://index.example'],
    ['uv.lock', uv('{ git = "https://git.example/x#1" }'), 'git', 'https://git.example/x#1'],
    ['uv.lock', uv('{ url = "https://host.example/x.whl" }'), 'url', 'https://host.example/x.whl'],
    ['uv.lock', uv('{ path = "x.whl" }'), 'file', 'x.whl'],
    ['uv.lock', uv('{ directory = "../x" }'), 'file', '../x'],
    ['uv.lock', uv('{ editable = "packages/x" }'), 'file', 'packages/x'],
    [
      'poetry.lock',
      poetry('type = "legacy"\nurl = "https://index.example"'),
      'registry',
      'https://index.example',
    ],
    ['poetry.lock', poetry('type = "git"\nurl = "https://git.example"'), 'git', 'https://git.example'],
    ['poetry.lock', poetry('type = "url"\nurl = "https://host.example"'), 'url', 'https://host.example'],
    ['poetry.lock', poetry('type = "directory"\nurl = "../x"'), 'file', '../x'],
    ['poetry.lock', poetry('type = "file"\nurl = "x.whl"'), 'file', 'x.whl'],
    ['pdm.lock', pdm(''), 'registry', null],
    ['pdm.lock', pdm('git = "https://git.example"'), 'git', 'https://git.example'],
    ['pdm.lock', pdm('url = "https://host.example"'), 'url', 'https://host.example'],
    ['pdm.lock', pdm('path = "./x"'), 'file', './x'],
    ['Pipfile.lock', pipfile({}), 'registry', null],
    ['Pipfile.lock', pipfile({ index: 'own' }), 'registry', 'https://index.example/simple'],
    ['Pipfile.lock', pipfile({ git: 'https://git.example' }), 'git', 'https://git.example'],
    ['Pipfile.lock', pipfile({ path: './x' }), 'file', './x'],
    ['Pipfile.lock', pipfile({ file: 'https://host.example/x.whl' }), 'url', 'https://host.example/x.whl'],
    ['pylock.toml', pylock(`sdist = { url = "https://host.example", ${hash} }`), 'registry', null],
    [
      'pylock.toml',
      pylock(`index = "https://index.example"\nwheels = [{ url = "u", ${hash} }]`),
      'registry',
      'https://index.example',
    ],
    [
      'pylock.toml',
      pylock(`archive = { url = "https://host.example", ${hash} }`),
      'url',
      'https://host.example',
    ],
    ['pylock.toml', pylock(`wheels = [{ path = "x.whl", ${hash} }]`), 'file', null],
    [
      'pylock.toml',
      pylock('vcs = { type = "git", url = "https://git.example" }'),
      'git',
      'https://git.example',
    ],
    ['pylock.toml', pylock('directory = { path = "../x" }'), 'file', '../x'],
  ])('%s %j', (filename, text, source, resolved) => {
    const { packages, notes } = readAs(filename, text);
    expect(packages).toMatchObject([{ name: 'demo', version: '1.0', source, resolved }]);
    if (source === 'registry') expect([packages[0]?.digests, notes]).toEqual([[A], []]);
    // Hashes of what comes from elsewhere are none of the index's files.
    else expect([packages[0]?.digests, notes.length]).toEqual([[], 1]);
  });

  test.each<[filename: string, text: string]>([
    ['uv.lock', uv('{ virtual = "." }')],
    ['uv.lock', uv('{ editable = "." }')],
    ['uv.lock', uv('{ virtual = "packages/x" }')],
    ['pdm.lock', pdm('path = "."')],
    ['Pipfile.lock', pipfile({ path: '.', editable: true })],
    ['pylock.toml', pylock('directory = { path = ".", editable = true }')],
  ])('the project itself is left out: %s %j', (filename, text) => {
    expect(told(filename, text)).toEqual([[], []]);
  });

  test.each<[filename: string, text: string]>([
    ['uv.lock', uv('{ other = "x" }')],
    ['uv.lock', uv('{ registry = "https://index.example", git = "x" }')],
    ['uv.lock', uv('{ virtual = ".", registry = "https://index.example" }')],
    ['uv.lock', uv('1')],
    ['uv.lock', uv('{ registry = "x" }').replace('version = 1', 'version = 2')],
    ['poetry.lock', poetry('type = "other"')],
    ['poetry.lock', poetry('').replace('2.0', '3.0')],
    ['pdm.lock', pdm('').replace('4.4.1', '5.0.0')],
    ['Pipfile.lock', pipfile({}).replace(':6', ':7')],
    ['Pipfile.lock', pipfile({}).replace('"demo"', '"demo":{},"demo"')],
    ['pylock.toml', pylock('').replace('"1.0"', '"2.0"')],
    ['pylock.toml', pylock('vcs = { url = "x" }\ndirectory = { path = "x" }')],
    ['pylock.toml', pylock(`vcs = { url = "x" }\nsdist = { ${hash} }`)],
    ['pylock.toml', pylock('wheels = [1]')],
    ['pylock.toml', 'lock-version = "1.0"\npackages = 1\n'],
  ])('what is not known is refused whole: %s %j', (filename, text) => {
    expect(() => readAs(filename, text)).toThrow(LockfileUnreadable);
  });

  test('a version of the index and a copy of it from elsewhere are two', () => {
    const text = `${uv('{ git = "https://git.example" }')}${uv('{ registry = "https://index.example" }').replace('version = 1\n', '')}`;
    const { packages } = readAs('uv.lock', text);
    expect(packages).toMatchObject([
      { source: 'git', digests: [], undigested: 'of-another-archive' },
      { source: 'registry', digests: [A], undigested: null },
    ]);
  });

  test('an index of a name that the file does not explain is noted', () => {
    expect(told('Pipfile.lock', pipfile({ index: 'other' }))).toEqual([
      ['demo 1.0'],
      ['1: demo: the address that it comes from cannot be read'],
    ]);
  });
});

test('poetry 1: the files of several versions stand in one list', () => {
  const row = (version: string) => `[[package]]\nname = "Demo"\nversion = "${version}"\n`;
  const text = `${row('1.0')}${row('2.0')}[metadata]\nlock-version = "1.1"\n[metadata.files]\ndemo = [
    {file = "demo-1.0.tar.gz", hash = "${A}"},
    {file = "demo-2.0-py3-none-any.whl", hash = "${B}"},
    {file = "demo-1.0.exe", hash = "${C}"},
  ]\n`;
  expect(readAs('poetry.lock', text).packages).toMatchObject([
    { version: '1.0', digests: [A] },
    { version: '2.0', digests: [B] },
  ]);
});

test('pdm 4.3 and older: files by name and version', () => {
  const text = `[[package]]\nname = "demo"\nversion = "1.0"\n[metadata]\nlock_version = "4.2"\n[metadata.files]\n"demo 1.0" = [{url = "https://files.example/x", hash = "${A}"}, {hash = "${MD5}"}]\n"demo 2.0" = [{hash = "${B}"}]\n`;
  expect(readAs('pdm.lock', text).packages).toMatchObject([{ digests: [A], line: 1 }]);
});
