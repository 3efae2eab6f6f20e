import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fromBufferPromise } from 'yauzl';
import { type FakeRegistry, startRegistry } from './registry.ts';

let registry: FakeRegistry;
beforeEach(async () => {
  registry = await startRegistry();
});
afterEach(() => registry.close());

const JSON_INDEX = { headers: { accept: 'application/vnd.pypi.simple.v1+json' } };

test('an npm package: the index names an archive whose bytes have the index’s digest', async () => {
  registry.addNpm('@s/pkg', { '1.0.0': {}, '1.1.0-beta': { manifest: { dependencies: { a: '1' } } } });
  for (const path of ['@s/pkg', '@s%2fpkg']) {
    const index = (await (await fetch(registry.npmBase + path)).json()) as {
      versions: Record<string, { dist: { tarball: string; integrity: string } }>;
    };
    expect(index).toMatchObject({ name: '@s/pkg', 'dist-tags': { latest: '1.0.0' } });
    const dist = index.versions['1.0.0']?.dist ?? { tarball: '', integrity: '' };
    expect(dist.tarball).toBe(registry.tarballUrl('@s/pkg', '1.0.0'));
    const bytes = Buffer.from(await (await fetch(dist.tarball)).arrayBuffer());
    expect(`sha512-${createHash('sha512').update(bytes).digest('base64')}`).toBe(dist.integrity);
  }
  expect(registry.pathsAsked()).toContain('GET /npm-up/@s%2fpkg');
});

test('a Python project: JSON or HTML by Accept, the file on its own origin, metadata beside it', async () => {
  registry.addPypi('six', [{ filename: 'six-1.16.0-py3-none-any.whl', coreMetadata: 'right' }]);
  const index = (await (await fetch(`${registry.pypiBase}six/`, JSON_INDEX)).json()) as {
    files: { url: string; hashes: { sha256: string }; size: number; 'core-metadata': { sha256: string } }[];
  };
  const [file] = index.files;
  const bytes = Buffer.from(await (await fetch(file?.url ?? '')).arrayBuffer());
  expect(file?.url.startsWith(registry.filesOrigin)).toBe(true);
  expect(file?.hashes.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  expect(file?.size).toBe(bytes.length);
  const metadata = Buffer.from(await (await fetch(`${file?.url}.metadata`)).arrayBuffer());
  expect(await entryOf(bytes, 'six-1.16.0.dist-info/METADATA')).toEqual(metadata);
  expect(file?.['core-metadata'].sha256).toBe(createHash('sha256').update(metadata).digest('hex'));
  expect(await (await fetch(`${registry.pypiBase}six/`)).text()).toContain('<a href=');
});

test('evidence: what the index claims, the document at its address, and a fault there', async () => {
  const signatures = [{ keyid: 'SHA256:x', sig: 'y' }];
  registry.addNpm('@s/pkg', { '1.0.0': { signatures, attestations: true }, '1.1.0': { attestations: [] } });
  registry.addPypi('six', [
    { filename: 'six-1.0-py3-none-any.whl', provenance: true },
    { filename: 'six-2.0-py3-none-any.whl', provenance: 'elsewhere' },
  ]);
  const packument = (await (await fetch(`${registry.npmBase}@s%2fpkg`)).json()) as {
    versions: Record<string, { dist: { signatures: unknown; attestations: { url: string } } }>;
  };
  const dist = packument.versions['1.0.0']?.dist;
  expect(dist?.signatures).toEqual(signatures);
  expect(packument.versions['1.1.0']?.dist).toMatchObject({ attestations: [] });
  const page = (await (await fetch(`${registry.pypiBase}six/`, JSON_INDEX)).json()) as {
    files: { provenance: string }[];
  };
  expect(page.files[1]?.provenance).toBe('elsewhere');
  const html = await (await fetch(`${registry.pypiBase}six/`)).text();
  expect(html).toContain(`data-provenance="${page.files[0]?.provenance}"`);

  for (const [path, url] of [
    [registry.attestationsPath('@s/pkg', '1.0.0'), dist?.attestations.url],
    [registry.provenancePath('six', 'six-1.0-py3-none-any.whl'), page.files[0]?.provenance],
  ] as const) {
    expect(url).toBe(registry.origin + path);
    expect((await fetch(url ?? '')).status).toBe(404);
    registry.setEvidence(path, { here: true });
    expect(await (await fetch(url ?? '')).json()).toEqual({ here: true });
    registry.setEvidence(path, Buffer.from('bytes'));
    expect(await (await fetch(url ?? '')).text()).toBe('bytes');
    registry.withFault(path, { kind: 'status', status: 500 }, 1);
    expect((await fetch(url ?? '')).status).toBe(500);
    registry.setEvidence(path, null);
    expect((await fetch(url ?? '')).status).toBe(404);
    expect(registry.pathsAsked()).toContain(`GET ${path}`);
  }
});

test('a fault holds for its path and as often as said', async () => {
  registry.addNpm('a', { '1.0.0': {} });
  registry.addNpm('b', { '1.0.0': {} });
  registry.withFault('/npm-up/a', { kind: 'status', status: 503 }, 1);
  expect((await fetch(`${registry.npmBase}b`)).status).toBe(200);
  expect((await fetch(`${registry.npmBase}a`)).status).toBe(503);
  expect((await fetch(`${registry.npmBase}a`)).status).toBe(200);
  expect((await fetch(`${registry.npmBase}none`)).status).toBe(404);
});

test('a huge document is valid and a thousandth of its size on the wire', async () => {
  registry.addNpm('a', { '1.0.0': {} });
  registry.withFault('/npm-up/a', { kind: 'huge', bytes: 3_000_000, gzip: true });
  const index = (await (await fetch(`${registry.npmBase}a`)).json()) as { filler: string; name: string };
  expect(index.filler.length).toBe(3_000_000);
  expect(index.name).toBe('a');
});

test('an index has an ETag, and 304 for it, unless turned off', async () => {
  registry.addNpm('a', { '1.0.0': {} });
  const etag = (await fetch(`${registry.npmBase}a`)).headers.get('etag') ?? '';
  const again = await fetch(`${registry.npmBase}a`, { headers: { 'if-none-match': etag } });
  expect(again.status).toBe(304);
  registry.etags = false;
  expect((await fetch(`${registry.npmBase}a`)).headers.get('etag')).toBeNull();
});

test('reset, cut and wrong lengths are errors for a client', async () => {
  registry.addNpm('a', { '1.0.0': { bulk: 5000 } });
  const url = registry.tarballUrl('a', '1.0.0');
  for (const fault of [
    { kind: 'reset' },
    { kind: 'reset', bytes: 100 },
    { kind: 'cut', bytes: 100 },
    { kind: 'length', off: 10 },
  ] as const) {
    const back = registry.withFault(/\.tgz$/, fault);
    await expect(fetch(url).then((answer) => answer.arrayBuffer())).rejects.toThrow();
    back();
  }
  expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(registry.tarball('a', '1.0.0').length);
});

async function entryOf(zip: Buffer, path: string): Promise<Buffer | undefined> {
  const file = await fromBufferPromise(zip);
  for await (const entry of file.eachEntry()) {
    if (entry.fileName === path) return buffer(await file.openReadStreamPromise(entry));
  }
  return undefined;
}
