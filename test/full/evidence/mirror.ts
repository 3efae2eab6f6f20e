import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defaultNpmBase, defaultPypiBase } from '../../../src/upstream/defaults.ts';
import { fixture } from '../../harness/fixtures.ts';

// The real registries, with the evidence added that a mirror on the way takes away: the real documents of real
// packages, at the keys and endpoints where the registries themselves have them. Bytes of packages come from the
// registries' own addresses.

/** Attestations of npm packages, by `name@version`. */
const NPM: Readonly<Record<string, string>> = {
  'sigstore@0.4.0': 'sigstore-0.4.0.valid.json',
  'sigstore@1.0.0': 'sigstore-1.0.0.valid.json',
  '@playwright/cli@0.1.1': 'playwright-cli-0.1.1.valid.json',
};

/** PEP 740 objects, by file name. */
const PYPI: Readonly<Record<string, string>> = {
  'sampleproject-4.0.0.tar.gz': 'sampleproject-4.0.0.tar.gz.provenance',
  'pypi_attestations-0.0.19.tar.gz': 'pypi_attestations-0.0.19.tar.gz.provenance',
};

export interface Mirror {
  readonly npmBase: string;
  readonly pypiBase: string;
  /** Paths that were asked for, oldest first. */
  readonly asked: string[];
  /** What the endpoints of attestations answer from now on instead of the truth; null for the truth. */
  answer:
    | { readonly status: number; readonly type: string; readonly body: Uint8Array | string }
    | 'nothing'
    | null;
  /** Whether the index has the keys of evidence, and the endpoints have it. */
  strips: boolean;
  close(): Promise<void>;
}

interface Signature {
  readonly name: string;
  readonly version: string;
  readonly keyid: string;
  readonly sig: string;
}

type Json = Record<string, unknown>;

/** Starts on loopback; `close()` ends it. */
export async function startMirror(): Promise<Mirror> {
  const [npm, pypi] = await Promise.all([defaultNpmBase(), defaultPypiBase()]);
  const signatures = JSON.parse(fixture('npm', 'registry-signatures.json').toString()) as Signature[];
  const asked: string[] = [];
  let origin = '';

  async function packument(path: string): Promise<Json> {
    const document = (await json(new URL(path, npm), 'application/json')) as Json;
    if (mirror.strips) return document;
    const name = String(document['name']);
    for (const [version, manifest] of Object.entries(
      document['versions'] as Record<string, { dist: Json }>,
    )) {
      const own = signatures.filter((one) => one.name === name && one.version === version);
      if (own.length > 0) manifest.dist['signatures'] = own.map(({ keyid, sig }) => ({ keyid, sig }));
      if (!NPM[`${name}@${version}`]) continue;
      const url = `${origin}/npm/-/npm/v1/attestations/${encodeURIComponent(name)}@${version}`;
      manifest.dist['attestations'] = {
        url,
        provenance: { predicateType: 'https://slsa.dev/provenance/v1' },
      };
    }
    return document;
  }

  async function project(name: string): Promise<Json> {
    const page = (await json(new URL(`${name}/`, pypi), 'application/vnd.pypi.simple.v1+json')) as {
      files: Json[];
    };
    for (const file of mirror.strips ? [] : page.files) {
      const filename = String(file['filename']);
      if (!PYPI[filename]) continue;
      const version = /-([^-]+)\.tar\.gz$/.exec(filename)?.[1] ?? '';
      file['provenance'] = `${origin}/pypi/integrity/${name}/${version}/${filename}/provenance`;
    }
    return page as unknown as Json;
  }

  const server: Server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const send = (body: Uint8Array | string, type: string, status = 200) =>
      response
        .writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
        .end(body);
    const evidence = (file: string | undefined, folder: string, type: string) => {
      if (mirror.answer === 'nothing') return;
      if (mirror.answer) return void send(mirror.answer.body, mirror.answer.type, mirror.answer.status);
      if (!file || mirror.strips) return void send('{}', 'application/json', 404);
      send(fixture(folder, file), type);
    };
    const attested = /^\/npm\/-\/npm\/v1\/attestations\/(.+)$/.exec(path)?.[1];
    const integrity = /^\/pypi\/integrity\/[^/]+\/[^/]+\/([^/]+)\/provenance$/.exec(path)?.[1];
    const simple = /^\/pypi\/simple\/([^/]+)\/$/.exec(path)?.[1];
    if (attested) return evidence(NPM[decodeURIComponent(attested)], 'npm', 'application/json');
    if (integrity) return evidence(PYPI[integrity], 'pypi', 'application/vnd.pypi.integrity.v1+json');
    const made = simple ? project(simple) : packument(path.replace(/^\/npm\//, ''));
    made.then(
      (document) =>
        send(JSON.stringify(document), simple ? 'application/vnd.pypi.simple.v1+json' : 'application/json'),
      (error: unknown) => send(String(error), 'text/plain', error instanceof Missing ? 404 : 502),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const mirror: Mirror = {
    npmBase: `${origin}/npm/`,
    pypiBase: `${origin}/pypi/simple/`,
    asked,
    answer: null,
    strips: false,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return mirror;
}

class Missing extends Error {}

async function json(url: URL, accept: string): Promise<unknown> {
  const answer = await fetch(url, { headers: { accept } });
  if (answer.status === 404) throw new Missing('the registry has no such package');
  if (!answer.ok) throw new Error(`the registry answered ${answer.status}`);
  return answer.json();
}
