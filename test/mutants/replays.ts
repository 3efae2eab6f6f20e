import { request } from 'node:http';
import type { Gate } from '../incidents/gate.ts';
import type { Code, Row } from '../incidents/row.ts';
import type { World } from '../incidents/world.ts';
import {
  makeTarball,
  makeZip,
  recorded,
  type TarEntry,
  wheelEntries,
  type ZipEntry,
} from '../verify/archives.ts';

/*
 * What replays for the mutation run are made of: for checks that no incident stands for yet: archives with two readings, claims that bytes do not keep, requests
 * with two meanings. Each is one thing that must be refused, beside one that must be served.
 */

export type Staged = Pick<Row, 'stage' | 'probe'> & { readonly policy?: string; readonly code?: Code };

let count = 0;

/** Two requirements that the starter policy has, and most of these need. */
export const HEAD = 'requirements:\n  npm: { direct-urls: deny }\n  pypi: { direct-urls: deny }\n';

export function replay(title: string, ecosystem: 'npm' | 'pypi', of: (name: string) => Staged): Row {
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
export function tarball(
  title: string,
  bytes: (name: string) => Uint8Array,
  code: Code = 'ARCHIVE_UNSAFE',
): Row {
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

export function tar(
  title: string,
  change: (entries: readonly TarEntry[]) => readonly TarEntry[],
  code?: Code,
): Row {
  return tarball(title, (name) => makeTarball(change(sound(name))), code);
}

export function sound(name: string): TarEntry[] {
  return [
    { path: 'package/package.json', bytes: JSON.stringify({ name, version: '1.0.1' }) },
    { path: 'package/index.js', bytes: 'module.exports = 1;\n' },
  ];
}

/** A wheel that must be refused as unsafe. */
export function zip(
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

export const at = (path: RegExp, more: Partial<ZipEntry>) => (entries: ZipEntry[]) =>
  makeZip(entries.map((entry) => (path.test(entry.path) ? { ...entry, ...more } : entry)));

/** What an index says of a tarball that is sound in itself. */
export function claim(
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
export function rule(title: string, code: Code, rest: (name: string) => string): Row {
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
export function requests(title: string, status: number, all: (name: string) => readonly Raw[]): Row {
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

/** With another RECORD. */
export const withRecord = (entries: readonly ZipEntry[], change: (text: string) => string): Uint8Array =>
  makeZip(
    entries.map((entry) =>
      entry.path.endsWith('/RECORD') ? { ...entry, bytes: change(String(entry.bytes)) } : entry,
    ),
  );

/** A source distribution, where such are allowed. */
export function sdist(title: string, code: Code, bytes: (name: string) => Uint8Array): Row {
  return replay(title, 'pypi', (name) => {
    const filename = `${name.replaceAll('-', '_')}-1.0.1.tar.gz`;
    return {
      code,
      policy: `requirements:\n  pypi: { sdist: allow, direct-urls: deny }\nallow:\n  - { pypi: ${name} }\n`,
      stage({ registry }) {
        registry.addPypi(name, [{ filename, bytes: bytes(name) }]);
      },
      async probe(gate) {
        await gate.refused(gate.file(name, filename), code);
      },
    };
  });
}

/** With another METADATA, and a RECORD that has it. */
export function withMetadata(entries: readonly ZipEntry[], rest: string): Uint8Array {
  const bytes = `Metadata-Version: 2.1\n${rest}`;
  return makeZip(
    recorded(entries.map((entry) => (/METADATA$/.test(entry.path) ? { ...entry, bytes } : entry))),
  );
}

/** The zip behind other bytes, with every offset right. */
export function behind(front: Uint8Array, zip: Uint8Array): Uint8Array {
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

export const trailing = (bytes: Uint8Array, more: Uint8Array): Uint8Array => Buffer.concat([bytes, more]);
