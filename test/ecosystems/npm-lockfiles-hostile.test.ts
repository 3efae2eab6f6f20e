import { describe, expect, test } from 'vitest';
import { LockfileUnreadable } from '../../src/ecosystems/lockfile.ts';
import { readLockfile } from '../../src/ecosystems/lockfiles.ts';
import { digest, notes, refused, specs, sri, tarball, tried, WRITERS } from './npm-lockfiles.ts';

const KEEL = { name: 'keel', version: '1.0.1', integrity: sri('keel') };
const HULL = { name: '@fleet/hull', version: '1.2.0', integrity: sri('hull') };
/** Text that must be seen nowhere but in the data itself. */
const ESCAPE = '\u001b[31mcanary\u0007';

const hashes = (id: string) => id !== 'yarn 4';

describe.each(WRITERS)('$id', ({ id, filename, write }) => {
  const read = (...packages: Parameters<typeof write>[0]) => readLockfile(filename, write(packages));

  test('reads what it is for', () => {
    const lock = read(KEEL, HULL);
    expect(specs(lock)).toEqual(['@fleet/hull@1.2.0', 'keel@1.0.1']);
    expect(lock.notes).toEqual([]);
    expect(lock.packages.map(({ digests }) => digests)).toEqual(
      hashes(id) ? [[digest('hull')], [digest('keel')]] : [[], []],
    );
    expect(lock.packages.every(({ source, single }) => source === 'registry' && single)).toBe(true);
    expect(lock.packages.every(({ line }) => (line ?? 0) > 0)).toBe(true);
  });

  test('an empty text, and one of another format, are unreadable', () => {
    for (const text of [
      '',
      '\n',
      'null',
      '[]',
      '7',
      '"keel"',
      '<html></html>',
      '{}',
      'a: b\n',
      '\0\0\0',
      '{"a":[1,2]}',
    ]) {
      expect(refused(filename, text).message).not.toBe('');
    }
    for (const other of WRITERS) {
      if (other.filename === filename) continue;
      expect(tried(filename, other.write([KEEL]))).toBeInstanceOf(LockfileUnreadable);
    }
  });

  test('cut anywhere, it is unreadable or has no package that the whole does not have', () => {
    const text = write([KEEL, HULL]);
    const whole = specs(read(KEEL, HULL));
    for (let length = 0; length < text.length; length++) {
      const result = tried(filename, text.slice(0, length));
      if (result instanceof LockfileUnreadable) continue;
      const cut = specs(result).filter((spec) => !whole.includes(spec));
      expect(cut).toEqual([]);
      for (const { digests } of result.packages) {
        for (const one of digests) expect([digest('keel'), digest('hull')]).toContain(one);
      }
    }
  });

  test('an unfinished merge is unreadable, with its line', () => {
    const error = refused(filename, `${write([KEEL])}\n<<<<<<< ours\n=======\n>>>>>>> theirs\n`);
    expect(error.message).toContain('merge');
    expect(error.line).toBeGreaterThan(1);
  });

  test('a byte order mark and carriage returns change nothing', () => {
    const text = write([KEEL, HULL]);
    expect(readLockfile(filename, `\uFEFF${text}`).packages).toEqual(read(KEEL, HULL).packages);
    expect(readLockfile(filename, text.replaceAll('\n', '\r\n')).packages).toEqual(read(KEEL, HULL).packages);
  });

  test('more than 50 MiB are not looked at', () => {
    expect(refused(filename, ' '.repeat(50 * 1024 * 1024 + 1)).message).toContain('longer than');
  });

  test('a package that stands twice is unreadable', () => {
    const error = refused(filename, write([KEEL, HULL, { ...KEEL, integrity: sri('other') }]));
    expect(error.message).toMatch(/twice/);
    expect(error.line).toBeGreaterThan(2);
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'])(
    'the name %s is a name like all others',
    (name) => {
      const result = tried(filename, write([{ ...KEEL, name }, HULL]));
      if (result instanceof LockfileUnreadable) throw result;
      // `__proto__` is none by npm's grammar; the others are.
      expect(specs(result)).toContain('@fleet/hull@1.2.0');
      if (name === '__proto__')
        expect(notes(result)).toContain('left out: an entry whose name is none of a package');
      else expect(specs(result)).toContain(`${name}@1.0.1`);
      expect(Object.keys(Object.prototype)).toEqual([]);
      expect(Reflect.get({}, 'version')).toBeUndefined();
    },
  );

  test.each([
    ['name', { ...KEEL, name: `keel${ESCAPE}` }],
    ['version', { ...KEEL, version: `1.0.0${ESCAPE}` }],
    ['address', { ...KEEL, resolved: `https://registry.example/${ESCAPE}` }],
    ['integrity', { ...KEEL, integrity: `sha512-${ESCAPE}` }],
    ['name with line breaks', { ...KEEL, name: 'keel\n  evil@1.0.0:\n' }],
    ['name that climbs', { ...KEEL, name: '../../keel' }],
    ['name that is long', { ...KEEL, name: 'k'.repeat(5000) }],
    ['name that is empty', { ...KEEL, name: '' }],
    ['version that is none', { ...KEEL, version: 'canary' }],
    ['version that is a range', { ...KEEL, version: '^1.0.0' }],
    ['version that is empty', { ...KEEL, version: '' }],
  ])('a %s of hostile text is never repeated, and never lost in silence', (what, wanted) => {
    const result = tried(filename, write([wanted, HULL]));
    const said = result instanceof LockfileUnreadable ? result.message : notes(result);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    expect(said).not.toMatch(/canary|evil|[\u0000-\u0009\u000b-\u001f]/);
    if (result instanceof LockfileUnreadable) return;
    expect(specs(result)).toContain('@fleet/hull@1.2.0');
    for (const { name, version } of result.packages) expect(`${name}@${version}`).toMatch(/^[@\w/.-]+$/);
    // What yarn 4 calls a checksum is none of the registry's file, garbled or not.
    if (what !== 'integrity' || hashes(id)) expect(said).not.toBe('');
  });

  test('a number in the place of a name or of fields is no crash', () => {
    const text = write([KEEL]);
    for (const changed of [
      text.replaceAll(/"keel[^"]*"/g, '7'),
      text.replaceAll(/"1\.0\.1"/g, '7'),
      text.replaceAll(/"sha512[^"]*"/g, '7'),
    ]) {
      const result = tried(filename, changed);
      if (result instanceof LockfileUnreadable) continue;
      expect(
        result.packages.flatMap(({ digests }) => digests).filter((one) => one !== digest('keel')),
      ).toEqual([]);
    }
  });

  test('an address on another host is kept whole, for someone to look at', () => {
    const resolved = tarball('keel', '1.0.1', 'elsewhere.example');
    expect(read({ ...KEEL, resolved }).packages).toMatchObject([{ source: 'registry', resolved }]);
  });

  test.each([
    ['another package', tarball('leek', '1.0.1')],
    ['another version', tarball('keel', '1.0.2')],
    ['a longer name that ends alike', tarball('x/keel', '1.0.1').replace('/x/keel/-/', '/xkeel/-/')],
    ['no registry', 'https://files.example/keel.tgz'],
    ['no protocol that is known', 'gopher://registry.example/keel/-/keel-1.0.1.tgz'],
    ['an address that is none', 'https://%/keel/-/keel-1.0.1.tgz'],
    ['half an escape', 'https://registry.example/%zz/keel/-/keel-1.0.1.tgz'],
  ])('an address of %s makes it no package of the registry', (_what, resolved) => {
    const lock = read({ ...KEEL, resolved });
    expect(lock.packages).toMatchObject([{ name: 'keel', source: 'url', resolved, digests: [] }]);
    expect(lock.packages[0]?.undigested).not.toBeNull();
    expect(notes(lock)).toContain('keel@1.0.1 comes from an address that is not where a registry keeps it');
  });

  test.each([
    ['git', 'git+ssh://git@git.example/keel.git#0123456789012345678901234567890123456789'],
    ['git', 'https://git.example/keel.git#main'],
    ['git', 'https://git.example/keel/tar.gz/0123456789012345678901234567890123456789'],
    ['file', 'file:../keel-1.0.1.tgz'],
  ])('%s: %s is no registry', (source, resolved) => {
    expect(read({ ...KEEL, resolved }).packages).toMatchObject([{ source, resolved, digests: [] }]);
  });

  test('integrity', () => {
    if (!hashes(id)) {
      expect(read(KEEL).packages).toMatchObject([{ digests: [], undigested: 'of-another-archive' }]);
      return;
    }
    const one = (integrity?: string) => {
      const [locked] = read(
        integrity === undefined ? { name: 'keel', version: '1.0.1' } : { ...KEEL, integrity },
      ).packages;
      return { digests: locked?.digests, undigested: locked?.undigested };
    };
    const weak = { digests: [], undigested: 'weak' };
    const none = { digests: [], undigested: 'none' };
    expect(one()).toEqual(none);
    expect(one(sri('keel', 'sha1'))).toEqual(weak);
    expect(one(sri('keel', 'md5'))).toEqual(weak);
    expect(one(`${sri('keel', 'sha1')} ${sri('keel')}`)).toEqual({
      digests: [digest('keel')],
      undigested: null,
    });
    expect(one(`${sri('keel')} ${sri('keel', 'sha256')}`)).toEqual({
      digests: [digest('keel', 'sha256'), digest('keel')],
      undigested: null,
    });
    for (const other of [
      sri('keel', 'sha384'),
      'sha512-',
      'sha512-AAAA',
      'sha9-AAAA',
      'x'.repeat(5000),
      `sha512-${'A'.repeat(5000)}`,
    ]) {
      expect(one(other)).toEqual(none);
      expect(notes(read({ ...KEEL, integrity: other }))).toContain('names no digest');
    }
    expect(refused(filename, write([{ ...KEEL, integrity: `${sri('keel')} ${sri('other')}` }])).message).toBe(
      'keel@1.0.1 is locked with two different digests',
    );
  });

  test('what nests deeply is unreadable', () => {
    const text = write([KEEL]);
    for (const changed of deepened(filename, text)) {
      expect(changed).not.toBe(text);
      expect(tried(filename, changed)).toBeInstanceOf(LockfileUnreadable);
    }
  });
});

/** A good lockfile with brackets or lines that nest, in places where a reader follows them. */
function deepened(filename: string, text: string): string[] {
  const steps = Array.from({ length: 5000 }, (_, depth) => `${'  '.repeat(depth + 1)}a:\n`).join('');
  if (filename === 'yarn.lock' && text.startsWith('#')) {
    return [
      `${text}\na:\n${steps}`,
      `${text}\na:\n  b:\n    c:\n      d "1"\n`,
      `${text}\n${'"'.repeat(100_001)}:\n`,
    ];
  }
  const brackets = ['['.repeat(100_000), '{"a":'.repeat(100_000), `${'['.repeat(200)}${']'.repeat(200)}`];
  const isJson = text.startsWith('{');
  return [
    '['.repeat(1_000_000),
    ...brackets.map((more) => (isJson ? text.replace('{', `{"x": ${more}, `) : `${text}\nx: ${more}\n`)),
    ...(isJson ? [] : [`${text}\na:\n${steps}`]),
  ];
}

describe('many packages', () => {
  // Linear: what takes seconds here would take hours if entries were compared with each other. pnpm's formats and yarn 4's
  // have one reader, which takes about a tenth of a millisecond for an entry.
  const much: Record<string, number> = { 'pnpm 5': 1000, 'pnpm 6': 1000, 'pnpm 9': 20_000, 'yarn 4': 20_000 };
  test.each(WRITERS.map((writer) => ({ ...writer, count: much[writer.id] ?? 100_000 })))(
    '$count of $id',
    ({ filename, write, count }) => {
      const packages = Array.from({ length: count }, (_, i) => ({
        name: `@fleet/n${i}`,
        version: `1.0.${i}`,
        integrity: KEEL.integrity,
      }));
      expect(readLockfile(filename, write(packages)).packages).toHaveLength(count);
    },
    120_000,
  );
});

test('more entries than any lockfile has', () => {
  const entries = Array.from({ length: 600_000 }, (_, i) => `a${i}@1:\n  version "1.0.0"\n`).join('');
  expect(refused('yarn.lock', `# yarn lockfile v1\n${entries}`).message).toContain('more entries');
}, 60_000);

test('millions of blank lines before the first package', () => {
  const text = `lockfileVersion: '9.0'\npackages:\n${' \n'.repeat(5_000_000)}  keel@1.0.1: {}\n`;
  expect(specs(readLockfile('pnpm-lock.yaml', text))).toEqual(['keel@1.0.1']);
}, 60_000);

describe('YAML that is not plain', () => {
  const pnpm = (packages: string, more = '') => `lockfileVersion: '9.0'\n${more}\npackages:\n\n${packages}`;
  const keel = `  keel@1.0.1:\n    resolution: {integrity: ${sri('keel')}}\n`;
  const yarn = (entries: string) => `__metadata:\n  version: 8\n\n${entries}`;

  test.each([
    ['an anchor', pnpm(keel.replace('{', '&a {'))],
    ['an alias', pnpm(`${keel}  hull@1.0.0:\n    resolution: *a\n`)],
    ['a cycle', pnpm('  keel@1.0.1: &a\n    resolution: *a\n')],
    ['a bomb', pnpm(keel, `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b]\n`)],
    ['a merge key', pnpm(`  keel@1.0.1:\n    <<: {resolution: {integrity: ${sri('keel')}}}\n`)],
    ['a tag', pnpm(keel.replace('{', '!!map {'))],
    ['a tag that makes code', pnpm(keel.replace('{', '!!js/function {'))],
    ['a directive', `%YAML 1.1\n---\n${pnpm(keel)}`],
    ['the end of a document', pnpm(`${keel}...\n${keel}`)],
    ['a third document', `${pnpm(keel)}---\n${pnpm(keel)}---\n${pnpm(keel)}`],
    ['a second `packages`', `${pnpm(keel)}\npackages:\n\n  hull@1.0.0: {}\n`],
    ['a key twice in an entry', pnpm(`${keel}    resolution: {integrity: ${sri('other')}}\n`)],
    ['a key twice in a flow mapping', pnpm(keel.replace('}', `, integrity: ${sri('other')}}`))],
    ['a tab', pnpm(keel.replace('    resolution', '\tresolution'))],
    ['a line indented by one', pnpm(`${keel} hull@1.0.0: {}\n`)],
    ['a text that goes on over the sections', pnpm(keel, 'settings: "\n')],
    ['a flow mapping that goes on over the sections', pnpm(keel, 'settings: {\n')],
    ['a list of packages', pnpm('  - keel@1.0.1\n')],
    ['packages in one line', pnpm(keel).replace(/packages:[\s\S]*/, 'packages: [keel]\n')],
    ['a key that is a mapping', pnpm('  ? {a: b}\n  : {}\n')],
    ['a text where fields belong', pnpm('  keel@1.0.1: 1\n')],
  ])('pnpm: %s', (_what, text) => {
    expect(refused('pnpm-lock.yaml', text).message).not.toBe('');
  });

  test('pnpm: the line of what is wrong', () => {
    expect(
      refused('pnpm-lock.yaml', pnpm(`${keel}\n${keel.replace('keel', 'hull').replace('}', '')}`)).line,
    ).toBeGreaterThan(7);
    expect(refused('pnpm-lock.yaml', pnpm(keel.replace('{', '&a {'))).line).toBe(6);
  });

  test.each([
    ['an anchor', yarn('"keel@npm:1.0.1": &a\n  version: 1.0.1\n')],
    ['an alias', yarn('"keel@npm:1.0.1": *a\n')],
    [
      'a key twice',
      yarn('"keel@npm:1.0.1":\n  version: 1.0.1\n  version: 1.0.2\n  resolution: "keel@npm:1.0.1"\n'),
    ],
    ['`__metadata` twice', yarn('__metadata:\n  version: 8\n')],
    ['both kinds of yarn in one file', `# yarn lockfile v1\n${yarn('')}`],
    ['a scalar', yarn('"keel@npm:1.0.1": 7\n')],
    ['a version before 4', '__metadata:\n  version: 3\n'],
  ])('yarn: %s', (_what, text) => {
    expect(refused('yarn.lock', text).message).not.toBe('');
  });
});

describe('JSON', () => {
  test('says line and column of what is wrong', () => {
    const error = refused('package-lock.json', '{\n  "lockfileVersion": 3,\n  "packages": {]\n}');
    expect(error.line).toBe(3);
    expect(error.message).toContain('column 16');
  });

  test('a key that stands twice, however it is spelled', () => {
    const error = refused(
      'package-lock.json',
      '{"lockfileVersion": 3,\n"packages": {},\n"\\u0070ackages": {}}',
    );
    expect(error).toMatchObject({ line: 3 });
    expect(error.message).toBe('a key stands twice in one object (column 1)');
  });

  test.each([
    ['a comment', '{"lockfileVersion": 3, /* x */ "packages": {}}'],
    ['a trailing comma', '{"lockfileVersion": 3, "packages": {},}'],
    ['a second value', '{"lockfileVersion": 3, "packages": {}} {}'],
    ['a bare word', '{lockfileVersion: 3, "packages": {}}'],
    ['a line break in a text', '{"lockfileVersion": 3, "packages": {"\n": {}}}'],
    ['a number that is none', '{"lockfileVersion": 03, "packages": {}}'],
  ])('%s is none of npm', (_what, text) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(refused('package-lock.json', text).message).toContain('not JSON');
  });
});
