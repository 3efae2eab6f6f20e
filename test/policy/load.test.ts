import { describe, expect, test } from 'vitest';
import { MAX_POLICY_BYTES } from '../../src/policy/language/yaml.ts';
import { isPolicyPath, parsePolicy } from '../../src/policy/load.ts';
import { PolicyError, type PolicyProblem, type PolicySource } from '../../src/policy/policy.ts';
import { SCHEMES } from './schemes.ts';

function problemsOf(...sources: readonly (PolicySource | string)[]): readonly PolicyProblem[] {
  const files = sources.map((s, i) => (typeof s === 'string' ? { path: `${i}.yaml`, text: s } : s));
  try {
    parsePolicy(files, SCHEMES);
  } catch (error) {
    if (error instanceof PolicyError) return error.problems;
    throw error;
  }
  return [];
}

/** Every problem of one file that begins with `profile: default`, as `line:column message`. */
function wrong(text: string): string[] {
  return problemsOf(`profile: default\n${text}`).map((p) => `${p.line}:${p.column} ${p.message}`);
}

const SRI = `sha512-${Buffer.alloc(64, 0xaa).toString('base64')}`;
const SRI_B = `sha512-${Buffer.alloc(64, 0xbb).toString('base64')}`;

describe('what is no policy', () => {
  test.each([
    ['no file at all', []],
    ['an empty file', ['']],
    ['a comment alone', ['# later\n']],
    ['a list', ['- npm: a\n']],
    ['a word', ['allow\n']],
    ['half a flow map', ['profile: default\nallow: [{ npm: a,\n']],
    ['a file without a profile', ['allow:\n  - npm: a\n']],
    ['an empty profile', ['profile: ""\n']],
    ['a list cut off after its key', ['profile: default\ndeny:\n']],
    [
      'the same file twice',
      [
        { path: 'a.yaml', text: 'profile: x' },
        { path: 'a.yaml', text: 'profile: x' },
      ],
    ],
  ])('%s', (_, sources) => {
    expect(problemsOf(...sources)).not.toEqual([]);
  });

  test.each([
    ['tabs', 'allow:\n\t- npm: a\n'],
    ['a tab after spaces', 'allow:\n  \t- npm: a\n'],
    ['duplicate keys', 'mode: enforce\nmode: frozen\n'],
    ['a duplicate key in a rule', 'deny:\n  - npm: a\n    npm: b\n'],
    ['two documents', 'allow: []\n---\ndeny: []\n'],
    ['an anchor', 'allow:\n  - &a { npm: a }\n'],
    ['an alias', 'allow:\n  - &a { npm: a }\n  - *a\n'],
    ['a merge key', 'allow:\n  - { <<: { npm: a } }\n'],
    ['an unknown tag', 'allow: !fast []\n'],
    ['a known tag', 'mode: !!str enforce\n'],
    ['a key that is a list', '? [a]\n: b\n'],
    ['__proto__', '__proto__: { allow: [] }\n'],
    ['constructor', 'constructor: x\n'],
    ['toString in a rule', 'allow:\n  - { npm: a, toString: x }\n'],
    ['hasOwnProperty in requirements', 'requirements: { hasOwnProperty: {} }\n'],
  ])('YAML with %s', (_, text) => {
    expect(wrong(text)).not.toEqual([]);
  });

  test('a directive, which could make false of off', () => {
    expect(problemsOf('%YAML 1.1\n---\nprofile: default\n')).toMatchObject([
      { line: 1, message: 'directives are not allowed' },
    ]);
    expect(problemsOf('%TAG ! tag:example,2000:\n---\nprofile: default\n')).not.toEqual([]);
  });

  test('too many bytes, and nesting without end', () => {
    expect(problemsOf(`profile: default\n#${' '.repeat(MAX_POLICY_BYTES)}`)).toHaveLength(1);
    expect(problemsOf('['.repeat(200_000))).not.toEqual([]);
    expect(problemsOf(`a: ${'{a: '.repeat(50_000)}`)).not.toEqual([]);
  });
});

describe('problems say where and what was meant', () => {
  test('an unknown key is named with the nearest known one', () => {
    expect(wrong('alow:\n  - npm: a\n')).toEqual(['2:1 unknown key "alow"; did you mean "allow"?']);
    expect(wrong('allow:\n  - npm: a\n    version: "1"\n')).toEqual([
      '4:5 unknown key "version"; did you mean "versions"?',
    ]);
    expect(wrong('requirements: { npm: { install-script: deny } }\n')).toEqual([
      '2:24 unknown key "install-script"; did you mean "install-scripts"?',
    ]);
    expect(wrong('requirements: { nmp: { age: 7d } }\n')[0]).toMatch(
      /^2:17 unknown key "nmp"; did you mean "npm"/,
    );
    expect(wrong('xyzzyplugh: 1\n')[0]).toMatch(
      /unknown key "xyzzyplugh"; known here: profile, extends, mode, /,
    );
  });

  test('all problems of all files are named, in order', () => {
    const found = problemsOf(
      { path: 'b.yaml', text: 'profile: default\nallow:\n  - npm: "a b"\n  - npm: a\n    versions: ">>1"\n' },
      { path: 'a.yaml', text: 'profile: default\none: 1\ntwo: 2\n' },
    );
    expect(found.map((p) => `${p.path}:${p.line}:${p.column}`)).toEqual([
      'a.yaml:2:1',
      'a.yaml:3:1',
      'b.yaml:3:10',
      'b.yaml:5:15',
    ]);
    expect(new PolicyError(found).message.split('\n')).toHaveLength(4);
  });

  test.each([
    ['allow:\n  - npm: 3.10\n', /put a name.* in quotes/],
    ['allow:\n  - { npm: a, versions: 1.10 }\n', /put a version range in quotes/],
    ['allow:\n  - { npm: a, versions: "" }\n', /must be a version range/],
    ['allow:\n  - { pypi: a, versions: ^1.0 }\n', /is not a pypi version range/],
    ['allow:\n  - { npm: a, pypi: a }\n', /exactly one of npm, pypi/],
    ['allow:\n  - { versions: "1" }\n', /exactly one of npm, pypi/],
    ['allow:\n  - express\n', /must be a map/],
    ['allow:\n  npm: express\n', /must be a list/],
    ['allow: ~\n', /write \[\] or leave/],
    ['mode: observe\n', /^2:7 mode observe needs until/],
    ['mode: off\n', /must be observe or enforce or frozen/],
    ['requirements: { npm: { age: 7 } }\n', /7d, 12h, 30m or 0/],
    ['requirements: { npm: { age: 7w } }\n', /7d, 12h, 30m or 0/],
    ['requirements: { npm: { age: -7d } }\n', /7d, 12h, 30m or 0/],
    ['requirements: { npm: { age: 9999d } }\n', /at most 3650d/],
    ['requirements: { npm: { sdist: no } }\n', /must be allow or deny/],
    ['requirements: { npm: { sdist: false } }\n', /must be allow or deny/],
    ['requirements: { npm: { sdist: dney } }\n', /did you mean "deny"/],
    ['requirements: { npm: }\n', /must be a map/],
    ['internal: [ "a b" ]\n', /not a valid npm name/],
    ['internal: [ "*" ]\n', /every name/],
  ])('%j', (text, message) => {
    expect(wrong(text).join('\n')).toMatch(message);
  });
});

describe('rules', () => {
  test('the same pattern twice is an error that names both places, in one file and in two', () => {
    expect(wrong('allow:\n  - npm: a\n  - npm: a\n')).toEqual([
      '4:10 "a" has an allow rule already, at 0.yaml:3',
    ]);
    expect(wrong('allow:\n  - npm: "@x/*"\n  - npm: "@x/*"\n')).toHaveLength(1);
    expect(wrong('allow:\n  - pypi: Foo_Bar\n  - pypi: foo.bar\n')).toHaveLength(1);
    expect(wrong('allow:\n  - pypi: Foo_*\n  - pypi: foo-*\n')).toHaveLength(1);
    expect(
      problemsOf('profile: x\nallow: [{ npm: a }]\n', 'profile: x\nallow: [{ npm: a }]\n'),
    ).toMatchObject([{ path: '1.yaml', line: 2, message: '"a" has an allow rule already, at 0.yaml:2' }]);
  });

  test('the same name in two ecosystems, two profiles, as name and prefix, or twice in deny is none', () => {
    expect(
      problemsOf(
        'profile: x\nallow: [{ npm: a }, { pypi: a }, { npm: a* }]\n',
        'profile: y\nallow: [{ npm: a }]\n',
      ),
    ).toEqual([]);
    expect(
      wrong('deny: [{ npm: a, versions: "1" }, { npm: a, versions: "2" }, { npm: a, versions: "2" }]\n'),
    ).toEqual([]);
  });

  test.each(['a*b', '**', 'a**', '@types*', '@*', '*/x', ' a', 'a b*', '../*', '@a/b/c', '*a'])(
    'the pattern %j is refused',
    (pattern) => {
      expect(wrong(`allow:\n  - npm: "${pattern}"\n`)).not.toEqual([]);
      expect(wrong(`deny:\n  - npm: "${pattern}"\n`)).not.toEqual([]);
    },
  );

  test('* needs wide: true, and wide needs *', () => {
    expect(wrong('allow:\n  - npm: "*"\n')).toEqual([expect.stringMatching(/^3:10 .*wide: true/)]);
    expect(wrong('allow:\n  - { npm: "*", wide: false }\n')).toHaveLength(1);
    expect(wrong('allow:\n  - { npm: "*", wide: yes }\n')).toHaveLength(1);
    expect(wrong('allow:\n  - { npm: "*", wide: true }\n')).toEqual([]);
    expect(wrong('allow:\n  - { npm: "a*", wide: true }\n')).toHaveLength(1);
    expect(wrong('deny:\n  - { npm: "*" }\n')).toEqual([]);
  });

  test('two files may say the same thing of a profile, but not two things', () => {
    const saying = (text: string) => `profile: x\n${text}\n`;
    expect(problemsOf(saying('mode: frozen'), saying('mode: frozen'))).toEqual([]);
    expect(problemsOf(saying('mode: frozen'), saying('mode: enforce'))).toMatchObject([
      { path: '1.yaml', line: 2, message: 'mode enforce contradicts mode frozen at 0.yaml:2' },
    ]);
    const age = (value: string) => saying(`requirements: { npm: { age: ${value} } }`);
    expect(problemsOf(age('7d'), age('7d'))).toEqual([]);
    expect(problemsOf(age('7d'), age('1d'))).toMatchObject([
      { path: '1.yaml', message: 'age contradicts age at 0.yaml:2' },
    ]);
  });
});

describe('pins', () => {
  test.each([
    ['a range', '{ npm: a@^1.0.0, integrity: SRI }'],
    ['no version', '{ npm: a, integrity: SRI }'],
    ['a scope without a version', '{ npm: "@a/b", integrity: SRI }'],
    ['a tag', '{ npm: a@latest, integrity: SRI }'],
    ['no digest', '{ npm: a@1.0.0 }'],
    ['both kinds of digest', '{ npm: a@1.0.0, integrity: SRI, hashes: ["sha256:HEX"] }'],
    ['an empty list', '{ pypi: a@1, hashes: [] }'],
    ['sha1 only', '{ npm: a@1.0.0, integrity: "sha1-qqqqqqqqqqqqqqqqqqqqqqqqqqo=" }'],
    ['md5', '{ pypi: a@1, hashes: ["md5:d41d8cd98f00b204e9800998ecf8427e"] }'],
    ['half a digest', '{ pypi: a@1, hashes: ["sha256:abcd"] }'],
    ['a digest of the wrong length', '{ npm: a@1.0.0, integrity: sha512-abcd }'],
    ['a good digest beside rubbish', '{ npm: a@1.0.0, integrity: "SRI rubbish" }'],
    ['two different digests as one file', '{ npm: a@1.0.0, integrity: "SRI SRIB" }'],
    ['a name of no kind', '{ npm: "a b@1.0.0", integrity: SRI }'],
  ])('with %s are refused', (_, pin) => {
    const text = pin.replace('SRIB', SRI_B).replace('SRI', SRI).replace('HEX', 'a'.repeat(64));
    expect(wrong(`pins:\n  - ${text}\n`)).toHaveLength(1);
  });

  test('of one version for two artifacts contradict each other, of PyPI files add up', () => {
    const npm = (sri: string) => `profile: x\npins: [{ npm: a@1.0.0, integrity: "${sri}" }]\n`;
    expect(problemsOf(npm(SRI), npm(SRI))).toEqual([]);
    expect(problemsOf(npm(SRI), npm(SRI_B))).toMatchObject([
      { path: '1.yaml', line: 2, message: 'does not pin the same artifact as the pin at 0.yaml:2' },
    ]);
    const pypi = (hex: string) =>
      `profile: x\npins: [{ pypi: A.B==1.0, hashes: ["sha256:${hex.repeat(64)}"] }]\n`;
    const sources = [pypi('a'), pypi('b')].map((text, i) => ({ path: `${i}.yaml`, text }));
    const rules = parsePolicy(sources, SCHEMES).profiles.get('x')?.ecosystems.get('pypi');
    expect(
      [...(rules?.pins.entries() ?? [])].map(([name, versions]) => [
        name,
        [...versions.values()].map((p) => p.digests.size),
      ]),
    ).toEqual([['a-b', [2]]]);
  });

  test('of an internal or denied name are no error', () => {
    expect(
      wrong(
        `internal: [a]\ndeny: [{ npm: b }]\npins: [{ npm: a@1.0.0, integrity: "${SRI}" }, { npm: b@1.0.0, integrity: "${SRI}" }]\n`,
      ),
    ).toEqual([]);
  });
});

describe('a policy', () => {
  const a = { path: 'a.yaml', text: 'profile: default\nallow: [{ npm: a }]\n' };
  const b = { path: 'b.yaml', text: 'profile: default\nallow: [{ npm: b }]\n' };

  test('has a digest of its files, whatever their order', () => {
    const digest = parsePolicy([a, b], SCHEMES).digest;
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(parsePolicy([b, a], SCHEMES).digest).toBe(digest);
    expect(parsePolicy([a], SCHEMES).digest).not.toBe(digest);
    expect(parsePolicy([a, { ...b, path: 'c.yaml' }], SCHEMES).digest).not.toBe(digest);
    expect(parsePolicy([a, { ...b, text: `${b.text}# x\n` }], SCHEMES).digest).not.toBe(digest);
    expect(parsePolicy([b, a], SCHEMES).sources.map((s) => s.path)).toEqual(['a.yaml', 'b.yaml']);
  });

  test('is not read from case files', () => {
    expect(['npm.yaml', 'x.yml', 'teams/cases/x.yaml', '.hidden.yaml'].filter(isPolicyPath)).toHaveLength(4);
    expect(['cases/x.yaml', 'README.md', 'roots.txt', 'npm.yaml~', 'yaml'].filter(isPolicyPath)).toEqual([]);
  });
});
