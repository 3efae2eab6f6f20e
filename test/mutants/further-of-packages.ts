import type { Code, Row } from '../incidents/row.ts';
import { attestedNpm } from '../incidents/staged.ts';
import {
  makeSdist,
  makeTarball,
  makeWheel,
  makeZip,
  recorded,
  wheelEntries,
  type ZipEntry,
} from '../verify/archives.ts';
import { replay, sdist, withRecord, zip } from './replays.ts';

// Replays for checks of what a package says and brings, and of what changed in it.

const PLAIN = 'requirements:\n  npm: { install-scripts: allow, direct-urls: allow, foreign-places: allow }\n';

type Said = Readonly<Record<string, unknown>>;

/** A tarball whose package.json has more, or other, than its index says. */
function confused(field: string, bytes: Said, index: Said = {}): Row {
  return replay(`another \`${field}\` in the tarball than in the index`, 'npm', (name) => ({
    code: 'METADATA_MISMATCH',
    policy: `${PLAIN}allow:\n  - { npm: ${name} }\n`,
    stage({ registry }) {
      const said = { name, version: '1.0.1', ...index, ...bytes };
      const tarball = makeTarball({ 'package/package.json': JSON.stringify(said) });
      registry.addNpm(name, { '1.0.1': { manifest: index, tarball } });
    },
    async probe(gate) {
      await gate.refused(gate.tarball(name, '1.0.1'), 'METADATA_MISMATCH');
    },
  }));
}

/** A tarball of which index and bytes say the same, and that brings something which a requirement refuses. */
function brings(
  title: string,
  code: Code,
  requirement: string,
  files: Readonly<Record<string, string>>,
  manifest: Said = {},
): Row {
  return replay(title, 'npm', (name) => ({
    code,
    policy: `requirements:\n  npm: ${requirement}\nallow:\n  - { npm: ${name} }\n`,
    stage({ registry }) {
      registry.addNpm(name, { '1.0.0': {}, '1.0.1': { manifest, files } });
    },
    async probe(gate) {
      await gate.served(gate.tarball(name, '1.0.0'));
      await gate.refused(gate.tarball(name, '1.0.1'), code);
    },
  }));
}

/** Two versions of an npm package, of which the first is admitted and the second is something else. */
function changed(
  title: string,
  code: 'NEW_INSTALL_SCRIPT' | 'NEW_DEPENDENCY',
  manifest: (name: string) => Said,
  policy: (name: string) => string = () => '',
): Row {
  return replay(title, 'npm', (name) => ({
    code,
    policy: `requirements:\n  npm: { changes: deny, install-scripts: allow }\nallow:\n  - { npm: ${name} }\n${policy(name)}`,
    stage({ registry, ago }) {
      registry.addNpm(name, { '1.0.0': {}, '1.0.1': { manifest: manifest(name) } });
      registry.addNpm(`${name}-young`, { '0.1.0': { time: ago('1d') } });
    },
    async probe(gate) {
      await gate.served(gate.tarball(name, '1.0.0'));
      await gate.refused(gate.tarball(name, '1.0.1'), code);
    },
  }));
}

const info = (entries: readonly ZipEntry[]): string =>
  entries.find(({ path }) => path.endsWith('.dist-info/RECORD'))?.path.replace('/RECORD', '') ?? '';

/** With more files, and a RECORD that has them. */
const withFiles = (entries: readonly ZipEntry[], ...more: readonly ZipEntry[]): Uint8Array => {
  const record = entries.filter(({ path }) => path.endsWith('/RECORD'));
  return makeZip(recorded([...entries.filter((one) => !record.includes(one)), ...more, ...record]));
};

export const furtherOfPackages: readonly Row[] = [
  confused('dependencies', { dependencies: { x: '1.0.0' } }),
  confused('optionalDependencies', { optionalDependencies: { x: '1.0.0' } }),
  confused('peerDependencies', { peerDependencies: { x: '1.0.0' } }),
  confused(
    'peerDependenciesMeta',
    { peerDependenciesMeta: {} },
    { peerDependencies: { x: '1' }, peerDependenciesMeta: { x: { optional: true } } },
  ),
  confused('bundleDependencies', { bundleDependencies: ['x'] }, { dependencies: { x: '1' } }),
  confused('bin', { bin: { other: './other.js' } }),
  confused('directories', { directories: { bin: './commands' } }),
  confused('scripts', { scripts: { postinstall: 'node other.js' } }),
  confused('os', { os: ['linux'] }),
  confused('cpu', { cpu: ['x64'] }),
  brings('an `.npmrc` in a package', 'FOREIGN_PLACE', '{ foreign-places: deny }', { '.npmrc': 'x=1\n' }),
  brings('install scripts of a package that lies elsewhere', 'INSTALL_SCRIPTS', '{ install-scripts: deny }', {
    'lib/node_modules/x/package.json': '{"name":"x","version":"1.0.0","scripts":{"postinstall":"x"}}',
  }),
  brings('a bundled package that the manifest does not name', 'FOREIGN_PLACE', '{ foreign-places: deny }', {
    'node_modules/x/package.json': '{"name":"x","version":"1.0.0"}',
  }),
  brings(
    'a command with the name of a platform’s',
    'FOREIGN_PLACE',
    '{ foreign-places: deny }',
    { 'git.js': '' },
    { bin: { git: './git.js' } },
  ),
  brings(
    'a folder of commands with one of a platform’s name',
    'FOREIGN_PLACE',
    '{ foreign-places: deny }',
    { 'commands/git': '' },
    { directories: { bin: 'commands' } },
  ),
  brings(
    'a hidden lockfile with an address',
    'DIRECT_URL',
    '{ direct-urls: deny }',
    {
      'node_modules/x/package.json': '{"name":"x","version":"1.0.0"}',
      'node_modules/.package-lock.json': JSON.stringify({
        lockfileVersion: 3,
        packages: { 'node_modules/y': { version: '1.0.0', resolved: 'https://example.com/y.tgz' } },
      }),
    },
    { dependencies: { x: '1.0.0' }, bundleDependencies: ['x'] },
  ),
  replay('a build that the manifest in the tarball asks for, and no index tells', 'npm', (name) => ({
    code: 'INSTALL_SCRIPTS',
    policy: `requirements:\n  npm: { install-scripts: deny }\nallow:\n  - { npm: ${name} }\n`,
    stage({ registry }) {
      const said = JSON.stringify({ name, version: '1.0.1', gypfile: true });
      registry.addNpm(name, { '1.0.1': { tarball: makeTarball({ 'package/package.json': said }) } });
    },
    async probe(gate) {
      await gate.refused(gate.tarball(name, '1.0.1'), 'INSTALL_SCRIPTS');
    },
  })),
  changed('a first install script', 'NEW_INSTALL_SCRIPT', () => ({ scripts: { postinstall: 'node x.js' } })),
  changed('a new dependency that nobody admits', 'NEW_DEPENDENCY', (name) => ({
    dependencies: { [`${name}-stranger`]: '1' },
  })),
  changed(
    'a new dependency that is a day old',
    'NEW_DEPENDENCY',
    (name) => ({ dependencies: { [`${name}-young`]: '*' } }),
    (name) => `  - { npm: ${name}-young, requirements: { age: 7d } }\n`,
  ),
  replay('evidence that is no longer there, where only changes are asked about', 'npm', (name) => ({
    code: 'EVIDENCE_DOWNGRADE',
    policy: `requirements:\n  npm: { changes: deny }\nallow:\n  - { npm: ${name} }\n`,
    async stage(world) {
      await attestedNpm(world, name, '1.0.0', {});
      world.registry.addNpm(name, { '1.0.1': {} });
    },
    async probe(gate) {
      await gate.served(gate.tarball(name, '1.0.0'));
      await gate.refused(gate.tarball(name, '1.0.1'), 'EVIDENCE_DOWNGRADE');
    },
  })),
  replay('a source distribution instead of a wheel', 'pypi', (name) => {
    const stem = name.replaceAll('-', '_');
    return {
      code: 'SDIST_INSTEAD',
      policy: `requirements:\n  pypi: { changes: deny, sdist: allow }\nallow:\n  - { pypi: ${name} }\n`,
      stage({ registry }) {
        const [wheel, source] = [`${stem}-1.0.0-py3-none-any.whl`, `${stem}-1.0.1.tar.gz`];
        registry.addPypi(name, [{ filename: wheel }, { filename: source }]);
      },
      async probe(gate) {
        await gate.served(gate.file(name, `${stem}-1.0.0-py3-none-any.whl`));
        await gate.refused(gate.file(name, `${stem}-1.0.1.tar.gz`), 'SDIST_INSTEAD');
      },
    };
  }),
  replay('a wheel with the module of a package that was admitted', 'pypi', (name) => {
    const [owner, other] = [`${name}-owner`, `${name}-other`];
    const file = (project: string) => `${project.replaceAll('-', '_')}-1.0.0-py3-none-any.whl`;
    const bytes = (project: string) =>
      makeWheel({ name: project, version: '1.0.0', files: { 'shared_thing/__init__.py': 'x = 1\n' } });
    return {
      code: 'FOREIGN_PLACE',
      policy: `allow:\n  - { pypi: ${name} }\n  - { pypi: ${owner} }\n  - { pypi: ${other} }\n`,
      stage({ registry }) {
        for (const one of [owner, other]) registry.addPypi(one, [{ filename: file(one), bytes: bytes(one) }]);
      },
      async probe(gate) {
        await gate.served(gate.file(owner, file(owner)));
        await gate.refused(gate.file(other, file(other)), 'FOREIGN_PLACE');
      },
    };
  }),
  replay(
    'a wheel with the module of a package that the policy names, and nobody has asked for',
    'pypi',
    (name) => {
      const owner = `${name}-owner`;
      const filename = `${name.replaceAll('-', '_')}-1.0.0-py3-none-any.whl`;
      const files = { [`${owner.replaceAll('-', '_')}/__init__.py`]: 'x = 1\n' };
      return {
        code: 'FOREIGN_PLACE',
        policy: `allow:\n  - { pypi: ${name} }\n  - { pypi: ${owner} }\n`,
        stage({ registry }) {
          registry.addPypi(name, [{ filename, bytes: makeWheel({ name, version: '1.0.0', files }) }]);
        },
        async probe(gate) {
          await gate.refused(gate.file(name, filename), 'FOREIGN_PLACE');
        },
      };
    },
  ),
  zip(
    'a wheel with a script that has the name of a platform’s command',
    (entries, name) =>
      withFiles(entries, {
        path: `${name.replaceAll('-', '_')}-1.0.1.data/scripts/git`,
        bytes: '#!python\n',
      }),
    'FOREIGN_PLACE',
  ),
  zip(
    'a wheel with an entry point that is a path',
    (entries) =>
      withFiles(entries, {
        path: `${info(entries)}/entry_points.txt`,
        bytes: '[console_scripts]\n../../evil = x:y\n',
      }),
    'FOREIGN_PLACE',
  ),
  zip(
    'a wheel with the metadata of another distribution',
    (entries, name) =>
      withFiles(entries, {
        path: `${name.replaceAll('-', '_')}-1.0.1.data/purelib/other-1.0.0.dist-info/METADATA`,
        bytes: 'Metadata-Version: 2.1\nName: other\nVersion: 1.0.0\n',
      }),
    'FOREIGN_PLACE',
  ),
  zip(
    'a wheel with two .dist-info folders',
    (entries) => withFiles(entries, { path: 'other-1.0.0.dist-info/x', bytes: 'x' }),
    'METADATA_MISMATCH',
  ),
  zip('a wheel with a METADATA in other letters', (entries) =>
    withFiles(entries, { path: `${info(entries)}/Metadata`, bytes: 'Metadata-Version: 2.1\nName: other\n' }),
  ),
  zip(
    'a wheel whose .dist-info folder has another name',
    (_entries, name) =>
      makeZip(
        recorded(
          wheelEntries({
            name: 'other',
            version: '1.0.1',
            metadata: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0.1\n`,
          }),
        ),
      ),
    'METADATA_MISMATCH',
  ),
  zip(
    'a wheel whose WHEEL has other tags than its name',
    (_entries, name) => makeWheel({ name, version: '1.0.1', tags: 'cp39-abi3-win32' }),
    'METADATA_MISMATCH',
  ),
  zip('a wheel of another format', (entries) =>
    makeZip(
      recorded(
        entries.map((entry) =>
          entry.path.endsWith('/WHEEL')
            ? { ...entry, bytes: String(entry.bytes).replace('Wheel-Version: 1.0', 'Wheel-Version: 2.0') }
            : entry,
        ),
      ),
    ),
  ),
  zip('a RECORD with a file that is not there', (entries) =>
    withRecord(entries, (text) => `${text}missing.py,sha256=${'A'.repeat(43)},1\n`),
  ),
  zip('a RECORD without a hash', (entries) =>
    withRecord(entries, (text) => text.replace(/^(.*__init__\.py),sha256=[^,]*/m, '$1,')),
  ),
  zip('a RECORD with another size', (entries) =>
    withRecord(entries, (text) => text.replace(/^(.*__init__\.py,sha256=[^,]*),\d+/m, '$1,77')),
  ),
  zip('a RECORD with a weak hash', (entries) =>
    withRecord(entries, (text) =>
      // The MD5 of nothing, which is what lies there.
      text.replace(/^(.*__init__\.py),sha256=[^,]*/m, '$1,md5=1B2M2Y8AsgTpgAmY7PhCfg'),
    ),
  ),
  zip('a RECORD that lists a file twice', (entries) =>
    withRecord(entries, (text) => {
      const [line = ''] = /^.*__init__\.py.*\n/m.exec(text) ?? [];
      return text + line;
    }),
  ),
  sdist('a source distribution whose PKG-INFO has another name', 'METADATA_MISMATCH', (name) =>
    makeSdist({ name, version: '1.0.1', metadata: 'Metadata-Version: 2.1\nName: other\nVersion: 1.0.1\n' }),
  ),
  sdist('a source distribution that requires an address', 'DIRECT_URL', (name) =>
    makeSdist({ name, version: '1.0.1', metadata: 'Requires-Dist: x @ https://example.com/x.whl\n' }),
  ),
  sdist('a source distribution whose setup.cfg requires an address', 'DIRECT_URL', (name) =>
    makeSdist({
      name,
      version: '1.0.1',
      files: { 'setup.cfg': '[options]\ninstall_requires =\n  x @ https://example.com/x.whl\n' },
    }),
  ),
  sdist('a source distribution with a file that runs at every start', 'STARTUP_HOOK', (name) =>
    makeSdist({ name, version: '1.0.1', files: { 'evil.pth': 'import evil\n' } }),
  ),
  sdist('a source distribution with a link to no file of its own', 'ARCHIVE_UNSAFE', (name) => {
    const top = `${name.replaceAll('-', '_')}-1.0.1`;
    return makeTarball([
      { path: `${top}/PKG-INFO`, bytes: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0.1\n` },
      { path: `${top}/link`, type: '2', link: 'nowhere' },
    ]);
  }),
  sdist('a source distribution with two top folders', 'ARCHIVE_UNSAFE', (name) => {
    const top = `${name.replaceAll('-', '_')}-1.0.1`;
    return makeTarball({
      [`${top}/PKG-INFO`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0.1\n`,
      'other/setup.py': 'x = 1\n',
    });
  }),
];
