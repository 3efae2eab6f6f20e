import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Gate } from '../incidents/gate.ts';
import type { Code, Row } from '../incidents/row.ts';
import type { World } from '../incidents/world.ts';
import {
  gzip,
  makeTar,
  makeTarball,
  makeZip,
  paxRecords,
  recorded,
  type TarEntry,
  wheelEntries,
  type ZipEntry,
} from '../verify/archives.ts';

/*
 * Replays for checks that no incident stands for yet: archives with two readings, claims that bytes do not keep, requests
 * with two meanings. Each is one thing that must be refused, beside one that must be served.
 */

type Staged = Pick<Row, 'stage' | 'probe'> & { readonly policy?: string; readonly code?: Code };

let count = 0;
const HEAD = 'requirements:\n  npm: { direct-urls: deny }\n  pypi: { direct-urls: deny }\n';

function replay(title: string, ecosystem: 'npm' | 'pypi', of: (name: string) => Staged): Row {
  count += 1;
  const id = `MX${String(count).padStart(2, '0')}`;
  const name = `${id.toLowerCase()}-thing`;
  const { policy, code = 'ARCHIVE_UNSAFE', stage, probe } = of(name);
  return {
    id,
    title,
    happened: '',
    controls: [],
    policy: policy ?? `${HEAD}allow:\n  - { ${ecosystem}: ${name} }\n`,
    refused: { code, name, ecosystem },
    stage,
    probe,
  };
}

/** An npm tarball that must be refused as unsafe: version 1.0.1, after a sound 1.0.0. */
function tarball(title: string, bytes: (name: string) => Uint8Array, code: Code = 'ARCHIVE_UNSAFE'): Row {
  return replay(title, 'npm', (name) => ({
    code,
    stage({ registry }) {
      registry.addNpm(name, { '1.0.0': {}, '1.0.1': { tarball: bytes(name) } });
    },
    async probe(gate) {
      await gate.served(gate.tarball(name, '1.0.0'));
      await gate.refused(gate.tarball(name, '1.0.1'), code);
    },
  }));
}

function tar(title: string, change: (entries: readonly TarEntry[]) => readonly TarEntry[], code?: Code): Row {
  return tarball(title, (name) => makeTarball(change(sound(name))), code);
}

function sound(name: string): TarEntry[] {
  return [
    { path: 'package/package.json', bytes: JSON.stringify({ name, version: '1.0.1' }) },
    { path: 'package/index.js', bytes: 'module.exports = 1;\n' },
  ];
}

/** A wheel that must be refused as unsafe. */
function zip(
  title: string,
  change: (entries: ZipEntry[], name: string) => Uint8Array,
  code: Code = 'ARCHIVE_UNSAFE',
): Row {
  return replay(title, 'pypi', (name) => {
    const stem = `${name.replaceAll('-', '_')}-1.0.1`;
    const filename = `${stem}-py3-none-any.whl`;
    const entries = wheelEntries({ name, version: '1.0.1' });
    return {
      code,
      stage({ registry }) {
        registry.addPypi(name, [{ filename, bytes: change(entries, name) }]);
      },
      async probe(gate) {
        await gate.refused(gate.file(name, filename), code);
      },
    };
  });
}

const at = (path: RegExp, more: Partial<ZipEntry>) => (entries: ZipEntry[]) =>
  makeZip(entries.map((entry) => (path.test(entry.path) ? { ...entry, ...more } : entry)));

/** What an index says of a tarball that is sound in itself. */
function claim(
  title: string,
  code: Code,
  said: Parameters<World['registry']['addNpm']>[1][string],
  requirements?: string,
): Row {
  return replay(title, 'npm', (name) => ({
    code,
    ...(requirements === undefined
      ? {}
      : { policy: `requirements:\n  npm: ${requirements}\nallow:\n  - { npm: ${name} }\n` }),
    stage({ registry }) {
      registry.addNpm(name, { '1.0.1': said });
    },
    async probe(gate) {
      await gate.refused(gate.tarball(name, '1.0.1'), code);
    },
  }));
}

/** A rule that keeps a version out, of an allowed name. */
function rule(title: string, code: Code, rest: (name: string) => string): Row {
  return replay(title, 'npm', (name) => ({
    code,
    policy: rest(name),
    stage({ registry }) {
      registry.addNpm(name, { '1.0.0': {}, '1.0.1': {} });
    },
    async probe(gate) {
      await gate.refused(gate.tarball(name, '1.0.1'), code);
    },
  }));
}

/** Requests that must be answered with this status, whatever stands behind them. */
function requests(title: string, status: number, all: (name: string) => readonly Raw[]): Row {
  return replay(title, 'npm', (name) => ({
    stage({ registry }) {
      registry.addNpm(name, { '1.0.0': {} });
    },
    async probe(gate) {
      for (const raw of all(name)) {
        const answered = await send(gate, raw);
        if (answered !== status) throw new Error(`${raw.path} is answered with ${answered}`);
      }
    },
  }));
}

interface Raw {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** As it stands: `fetch` would put the path in order. */
function send(gate: Gate, { path, headers }: Raw): Promise<number> {
  const { hostname, port } = new URL(gate.url);
  return new Promise((resolve, reject) => {
    const all = { authorization: `Bearer ${gate.token}`, ...headers };
    const sent = request({ hostname, port, path, headers: all, agent: false }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.once('error', reject);
    sent.end();
  });
}

/** With another METADATA, and a RECORD that has it. */
function withMetadata(entries: readonly ZipEntry[], rest: string): Uint8Array {
  const bytes = `Metadata-Version: 2.1\n${rest}`;
  return makeZip(
    recorded(entries.map((entry) => (/METADATA$/.test(entry.path) ? { ...entry, bytes } : entry))),
  );
}

/** The zip behind other bytes, with every offset right. */
function behind(front: Uint8Array, zip: Uint8Array): Uint8Array {
  const bytes = Buffer.from(zip);
  const end = bytes.length - 22;
  const directory = bytes.readUInt32LE(end + 16);
  for (let at = directory; at < end; ) {
    bytes.writeUInt32LE(bytes.readUInt32LE(at + 42) + front.length, at + 42);
    at += 46 + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  bytes.writeUInt32LE(directory + front.length, end + 16);
  return Buffer.concat([front, bytes]);
}

const trailing = (bytes: Uint8Array, more: Uint8Array): Uint8Array => Buffer.concat([bytes, more]);

export const further: readonly Row[] = [
  tar('a tar with a symbolic link', (all) => [
    ...all,
    { path: 'package/link', type: '2', link: '../../etc/passwd' },
  ]),
  tar('a tar with a path that leaves its folder', (all) => [...all, { path: 'package/../../x', bytes: 'x' }]),
  tar('a tar with an absolute path', (all) => [...all, { path: '/tmp/x', bytes: 'x' }]),
  tar('a tar with a backslash in a path', (all) => [...all, { path: 'package/..\\..\\x', bytes: 'x' }]),
  tar('a tar with a file outside its top folder', (all) => [...all, { path: 'x', bytes: 'x' }]),
  tar('a tar with two package.json in one place', (all) => [
    ...all,
    { path: 'other/package.json', bytes: '{"name":"x","version":"1.0.1"}' },
  ]),
  tar('a tar with Package.json', (all) => [...all, { path: 'package/Package.json', bytes: '{}' }]),
  tar('a tar header whose checksum is wrong', ([first, ...rest]) => [
    { ...first, path: first?.path ?? '', corrupt: (header) => header.fill(0x31, 100, 101) },
    ...rest,
  ]),
  tar('a tar with a folder that has a body', (all) => [
    ...all,
    { path: 'package/x/', type: '5', bytes: 'x' },
  ]),
  tar('a pax header that changes the name in some readers only', (all) => [
    { path: 'x', type: 'x', bytes: paxRecords([['GNU.sparse.name', 'package/evil.js']]) },
    ...all,
  ]),
  tarball('entries after the end of the tar', (name) =>
    gzip(Buffer.concat([makeTar(sound(name)), makeTar([{ path: 'package/binding.gyp', bytes: '{}' }])])),
  ),
  tarball('bytes after the gzip member', (name) => trailing(makeTarball(sound(name)), Buffer.from('x'))),
  tarball('a second gzip member', (name) => trailing(makeTarball(sound(name)), gzip(Buffer.from('x')))),
  tarball('a wrong gzip checksum', (name) => {
    const bytes = Buffer.from(makeTarball(sound(name)));
    const crc = bytes.length - 8;
    bytes[crc] = (bytes[crc] ?? 0) ^ 0xff;
    return bytes;
  }),
  tarball('a tarball that unpacks to a thousand times its size', (name) =>
    gzipSync(makeTar([...sound(name), { path: 'package/zeros', bytes: Buffer.alloc(32 * 1024 ** 2) }]), {
      level: 1,
    }),
  ),
  tar('a package.json with a member twice', ([, ...rest]) => [
    {
      path: 'package/package.json',
      bytes: `{"name":"mx16-thing","version":"1.0.1","scripts":{},"scripts":{"postinstall":"x"}}`,
    },
    ...rest,
  ]),
  tarball(
    'a package.json of another name',
    () => makeTarball({ 'package/package.json': '{"name":"other","version":"1.0.1"}' }),
    'METADATA_MISMATCH',
  ),
  zip('a wheel with an encrypted entry', at(/__init__/, { flags: 1 })),
  zip('a wheel with a symbolic link', at(/__init__/, { mode: 0o120777 })),
  zip('a wheel whose entry has another checksum', at(/WHEEL$/, { said: { crc: 1 } })),
  zip('a wheel with bytes before its directory', (entries) =>
    makeZip(entries, { gap: Buffer.from('PK\x03\x04') }),
  ),
  zip('a wheel whose local header has another size', at(/__init__/, { local: { size: 7 } })),
  zip('a wheel with a path that leaves its folder', (entries) =>
    makeZip([{ path: '../evil.py', bytes: 'x' }, ...entries]),
  ),
  zip('a wheel with a compression that nobody knows', at(/__init__/, { method: 99 })),
  claim('bytes that are not those of the index', 'DIGEST_MISMATCH', { integrity: 'wrong' }),
  claim('an index without a digest', 'NO_DIGEST', { integrity: 'none', shasum: 'none' }),
  claim('a version that nobody dates', 'TOO_YOUNG', { time: null }, '{ age: 7d }'),
  claim(
    'scripts that the index tells',
    'INSTALL_SCRIPTS',
    { manifest: { scripts: { postinstall: 'x' } } },
    '{ install-scripts: deny }',
  ),
  claim(
    'a dependency by address that the index tells',
    'DIRECT_URL',
    { manifest: { dependencies: { x: 'https://example.com/x.tgz' } } },
    '{ direct-urls: deny }',
  ),
  claim(
    'a licence that is not accepted',
    'LICENCE',
    { manifest: { license: 'AGPL-3.0-only' } },
    '{ licence: { allow: [MIT] } }',
  ),
  claim(
    'a version without a signature of the registry',
    'SIGNATURE_MISSING',
    {},
    '{ registry-signature: required }',
  ),
  claim('a version without provenance', 'PROVENANCE_MISSING', {}, '{ provenance: required }'),
  claim(
    'a signature of the registry that is of something else',
    'SIGNATURE_INVALID',
    { signatures: [{ keyid: 'SHA256:nobody', sig: 'AAAA' }] },
    '{ registry-signature: required }',
  ),
  rule(
    'a denied version',
    'DENIED',
    (name) => `allow:\n  - { npm: ${name} }\ndeny:\n  - { npm: ${name}, versions: "1.0.1", reason: x }\n`,
  ),
  rule(
    'a version outside the rule',
    'VERSION_NOT_ALLOWED',
    (name) => `allow:\n  - { npm: ${name}, versions: "1.0.0" }\n`,
  ),
  rule('a name without a rule', 'NOT_ALLOWLISTED', (name) => `allow:\n  - { npm: ${name}-other }\n`),
  rule(
    'a pin of other bytes',
    'PIN_MISMATCH',
    (name) =>
      `allow:\n  - { npm: ${name} }\npins:\n  - { npm: "${name}@1.0.1", integrity: "sha512-${'A'.repeat(86)}==" }\n`,
  ),
  rule(
    'a name of ours',
    'NOT_ALLOWLISTED',
    (name) => `allow:\n  - { npm: ${name} }\ninternal: ["${name}"]\n`,
  ),
  rule(
    'a version without a pin where all is frozen',
    'NOT_PINNED',
    (name) => `mode: frozen\nallow:\n  - { npm: ${name} }\n`,
  ),
  replay('a lower version than was admitted', 'npm', (name) => ({
    code: 'BELOW_FLOOR',
    policy: `requirements:\n  npm: { floor: line }\nallow:\n  - { npm: ${name} }\n`,
    stage({ registry }) {
      registry.addNpm(name, { '1.0.0': {}, '1.0.1': {} });
    },
    async probe(gate) {
      await gate.served(gate.tarball(name, '1.0.1'));
      await gate.refused(gate.tarball(name, '1.0.0'), 'BELOW_FLOOR');
    },
  })),
  replay('a source distribution', 'pypi', (name) => ({
    code: 'SDIST',
    policy: `requirements:\n  pypi: { sdist: deny }\nallow:\n  - { pypi: ${name} }\n`,
    stage({ registry }) {
      registry.addPypi(name, [{ filename: `${name.replaceAll('-', '_')}-1.0.1.tar.gz` }]);
    },
    async probe(gate) {
      await gate.refused(gate.file(name, `${name.replaceAll('-', '_')}-1.0.1.tar.gz`), 'SDIST');
    },
  })),
  replay('a file of another size than its index says', 'pypi', (name) => {
    const filename = `${name.replaceAll('-', '_')}-1.0.1-py3-none-any.whl`;
    return {
      code: 'SIZE_MISMATCH',
      stage({ registry }) {
        registry.addPypi(name, [{ filename, size: 'wrong' }]);
      },
      async probe(gate) {
        await gate.refused(gate.file(name, filename), 'SIZE_MISMATCH');
      },
    };
  }),
  replay('a project in quarantine', 'pypi', (name) => {
    const filename = `${name.replaceAll('-', '_')}-1.0.1-py3-none-any.whl`;
    return {
      code: 'QUARANTINED_UPSTREAM',
      stage({ registry }) {
        registry.addPypi(name, [{ filename }], { status: 'quarantined' });
      },
      async probe(gate) {
        await gate.refused(gate.file(name, filename), 'QUARANTINED_UPSTREAM');
      },
    };
  }),
  tar(
    'a bundled package that depends on an address',
    (all) => [
      ...all,
      {
        path: 'package/node_modules/inner/package.json',
        bytes: '{"name":"inner","version":"1.0.0","dependencies":{"x":"https://example.com/x.tgz"}}',
      },
    ],
    'DIRECT_URL',
  ),
  zip('a wheel whose file is another than RECORD says', (entries) =>
    makeZip(entries.map((entry) => (/__init__/.test(entry.path) ? { ...entry, bytes: 'evil = 1' } : entry))),
  ),
  zip(
    'a wheel whose METADATA has another name',
    (entries) => withMetadata(entries, 'Name: other\nVersion: 1.0.1\n'),
    'METADATA_MISMATCH',
  ),
  zip(
    'a wheel that requires an address',
    (entries, name) =>
      withMetadata(entries, `Name: ${name}\nVersion: 1.0.1\nRequires-Dist: x @ https://example.com/x.whl\n`),
    'DIRECT_URL',
  ),
  zip('a wheel with bytes before its first entry', (entries) =>
    behind(Buffer.from('#!/bin/sh\n'), makeZip(entries)),
  ),
  replay('a zipped source distribution with two files of one name', 'pypi', (name) => {
    const stem = `${name}-1.0.1`;
    const file = (path: string, bytes: string): ZipEntry => ({ path: `${stem}/${path}`, bytes });
    const bytes = makeZip([
      file('PKG-INFO', `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0.1\n`),
      file('setup.py', ''),
      file('setup.py', 'import evil'),
    ]);
    return {
      policy: `requirements:\n  pypi: { sdist: allow }\nallow:\n  - { pypi: ${name} }\n`,
      stage({ registry }) {
        registry.addPypi(name, [{ filename: `${stem}.zip`, bytes }]);
      },
      async probe(gate) {
        await gate.refused(gate.file(name, `${stem}.zip`), 'ARCHIVE_UNSAFE');
      },
    };
  }),
  requests('dot segments, however they are spelled', 400, (name) => [
    { path: `/npm/x/../${name}` },
    { path: `/npm/x/%2e%2e/${name}` },
    { path: `/npm/x%2f..%2f${name}` },
  ]),
  requests('what is encoded twice', 400, (name) => [{ path: `/npm/%2540x%252f${name}` }]),
  requests('control characters in a path', 400, (name) => [
    { path: `/npm/${name}%00` },
    { path: `/npm/${name}%0a` },
  ]),
  requests('a backslash in a path', 400, (name) => [{ path: `/npm/x%5c${name}` }]),
  requests('the name of another host', 421, (name) => [
    { path: `/npm/${name}`, headers: { host: 'evil.example' } },
  ]),
  requests('a token that nobody has', 401, (name) => [
    { path: `/npm/${name}`, headers: { authorization: 'Bearer nobody-has-this-one' } },
  ]),
];
