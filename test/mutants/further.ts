import { gzipSync } from 'node:zlib';
import { sriOf } from '../../src/model/digest.ts';
import { PREFIX_BUDGET } from '../incidents/open-gate.ts';
import type { Row } from '../incidents/row.ts';
import { gzip, makeTar, makeTarball, makeZip, paxRecords, type ZipEntry } from '../verify/archives.ts';
import { furtherOfPackages } from './further-of-packages.ts';
import {
  at,
  behind,
  claim,
  replay,
  requests,
  rule,
  sound,
  tar,
  tarball,
  trailing,
  withMetadata,
  zip,
} from './replays.ts';

// Replays for checks that no incident stands for: archives with two readings, claims that bytes do not keep, requests with two meanings.

export const further: readonly Row[] = [
  tar('a tar with a symbolic link', (all) => [
    ...all,
    { path: 'package/link', type: '2', link: '../../etc/passwd' },
  ]),
  tar('a tar with a path that leaves its folder', (all) => [...all, { path: 'package/../../x', bytes: 'x' }]),
  tar('a tar with a path of 130 folders', (all) => [
    ...all,
    { path: 'x', type: 'x', bytes: paxRecords([['path', `package/${'a/'.repeat(130)}x`]]) },
    { path: 'package/x', bytes: 'x' },
  ]),
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
  replay('a signature of the registry that is of something else', 'npm', (name) => ({
    code: 'SIGNATURE_INVALID',
    policy: `requirements:\n  npm: { registry-signature: required }\nallow:\n  - { npm: ${name} }\n`,
    stage({ registry, sigstore }) {
      const integrity = sriOf(`sha512:${'0'.repeat(128)}`);
      const signature = sigstore.registrySignature({ name, version: '1.0.1', integrity });
      registry.addNpm(name, { '1.0.1': { signatures: [signature] } });
    },
    async probe(gate) {
      await gate.refused(gate.tarball(name, '1.0.1'), 'SIGNATURE_INVALID');
    },
  })),
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
  replay('more names that nobody reviewed than an agent may ask for', 'npm', (name) => {
    const names = Array.from({ length: PREFIX_BUDGET + 1 }, (_, at) => `${name}-${at}`);
    return {
      code: 'NOT_ALLOWLISTED',
      policy: `allow:\n  - { npm: "${name}-*" }\n`,
      stage({ registry }) {
        for (const one of names) registry.addNpm(one, { '1.0.0': {} });
      },
      async probe(gate) {
        for (const one of names.slice(0, PREFIX_BUDGET)) await gate.served(`/npm/${one}`);
        await gate.refused(`/npm/${names.at(-1)}`, 'NOT_ALLOWLISTED');
      },
    };
  }),
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
    makeZip(
      entries.map((entry) =>
        /WHEEL$/.test(entry.path)
          ? { ...entry, bytes: String(entry.bytes).replace('Generator: test', 'Generator: evil') }
          : entry,
      ),
    ),
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
    { path: `/npm/@x/../${name}` },
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
  ...furtherOfPackages,
];
