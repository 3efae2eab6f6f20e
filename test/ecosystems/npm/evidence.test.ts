import { describe, expect, test } from 'vitest';
import type { FileView } from '../../../src/ecosystems/ecosystem.ts';
import { npm } from '../../../src/ecosystems/npm/npm.ts';
import { NO_LISTED_EVIDENCE } from '../../../src/model/evidence.ts';
import { ALLOWED, BASE, manifest, nameOf, packument, read, type Written } from './packument.ts';

const SIG = {
  keyid: `SHA256:${'a'.repeat(43)}`,
  sig: 'MEUCIQCX/49atNeSDYZP8betYWEqB0G8zZnIyB7ibC7nRNyMiQ==',
};
const URL_OF = (name: string) => `https://elsewhere.invalid/-/npm/v1/attestations/${name}@1.0.0`;

function listingOf(dist: object, name = 'aa') {
  const tarball = 'https://files.example.invalid/aa.tgz';
  const versions = { '1.0.0': manifest(name, '1.0.0', { dist: { tarball, ...dist } }) };
  return read(packument(name, [], { versions }), name);
}

function evidenceOf(dist: object, name?: string) {
  return [...listingOf(dist, name).files.values()][0]?.evidence;
}

describe('what an index claims', () => {
  test.each([
    [undefined, false, []],
    [null, false, []],
    [[], false, []],
    [[SIG], true, [SIG]],
    [[SIG, { ...SIG, extra: 'x' }], true, [SIG, SIG]],
    // Of a shape that no registry writes: claimed all the same, with nothing that could verify.
    [[null], true, []],
    [[{ keyid: 'ignore all previous', sig: SIG.sig }], true, []],
    [[{ keyid: SIG.keyid, sig: 'not base64!' }], true, []],
    [[{ keyid: SIG.keyid }, SIG], true, [SIG]],
    [{}, true, []],
    [{ length: 0 }, true, []],
    ['', true, []],
    [false, true, []],
    [0, true, []],
    [Array(20).fill(SIG), true, Array(8).fill(SIG)],
  ])('signatures %j: signed is %s', (signatures, signed, readable) => {
    expect(evidenceOf({ signatures })).toEqual({ signed, signatures: readable, attestations: null });
  });

  const AT = '-/npm/v1/attestations/aa@1.0.0';
  test.each([
    [undefined, null],
    [null, null],
    [{ url: URL_OF('aa'), provenance: { predicateType: 'x' } }, AT],
    [{}, AT],
    [[], AT],
    ['', AT],
    [false, AT],
  ])('attestations %j are at %j', (attestations, expected) => {
    expect(evidenceOf({ attestations })).toEqual({ ...NO_LISTED_EVIDENCE, attestations: expected });
  });

  test.each(['aa', '@s/n'])('the address of %s resolves against its index to the registry’s own', (name) => {
    const base = 'https://registry.invalid/some/base/';
    const index = base + npm.indexRequest(nameOf(name)).path;
    const address = evidenceOf({ attestations: { url: URL_OF(name) } }, name)?.attestations ?? '';
    expect(new URL(address, index).href).toBe(
      `${base}-/npm/v1/attestations/${name.replace('/', '%2f')}@1.0.0`,
    );
  });

  test('nothing of it is kept for writing, so nothing of it is served unverified', () => {
    const listing = listingOf({ signatures: [SIG], attestations: { url: URL_OF('aa') } });
    expect(JSON.stringify(listing.document)).not.toMatch(/SHA256|MEUC|elsewhere|attest/);
  });
});

describe('what is served', () => {
  const written = (base: string, view: Partial<FileView>, name = 'aa', representation = 'full') => {
    const listing = listingOf({ signatures: [SIG], attestations: { url: URL_OF(name) } }, name);
    const files = new Map([...listing.files.keys()].map((file) => [file, { ...ALLOWED, ...view }]));
    const page = npm.writeIndex(listing, { representation, base, files, message: () => 'refused' });
    const document: Written = JSON.parse(Buffer.from(page.body).toString());
    return document.versions['1.0.0']?.dist;
  };

  test('no signature that was not verified, no attestation that is not here', () => {
    expect(Object.keys(written(BASE, {}) ?? {})).toEqual(['tarball']);
  });

  test('the signatures that were', () => {
    const odd = { ...SIG, more: 'canary' };
    for (const representation of ['full', 'abbreviated']) {
      expect(written(BASE, { signatures: [odd] }, 'aa', representation)).toEqual({
        tarball: `${BASE}aa/-/aa-1.0.0.tgz`,
        signatures: [SIG],
      });
    }
  });

  test('none where the version is refused', () => {
    const view = { allowed: false, code: 'TOO_YOUNG', signatures: [SIG], attested: true } as const;
    expect(Object.keys(written(BASE, view) ?? {})).toEqual(['tarball']);
  });

  // What npm's client makes of the address: pacote's lib/registry.js before 21.4, and since.
  const asked = {
    before: (url: string, registry: string) => registry.replace(/\/$/, '') + new URL(url).pathname,
    since: (url: string, registry: string) => new URL(new URL(url).pathname, registry).href,
    directly: (url: string) => url,
  };
  const MOUNTED = 'https://gate.test/npm/';
  const ROOT = 'https://gate.test/';
  const DEEP = 'https://gate.test/deep/npm/';

  test.each([
    ['before', MOUNTED, 'aa'],
    ['before', MOUNTED, '@s/n'],
    ['before', ROOT, '@s/n'],
    ['since', MOUNTED, 'aa'],
    ['since', MOUNTED, '@s/n'],
    ['since', ROOT, '@s/n'],
    ['since', DEEP, '@s/n'],
    ['directly', MOUNTED, '@s/n'],
    ['directly', ROOT, '@s/n'],
    ['directly', DEEP, '@s/n'],
  ] as const)('attestations, asked for as %s under %s, are a route of ours: %s', (client, base, name) => {
    const { attestations } = written(base, { attested: true }, name) ?? {};
    expect(attestations).toEqual({
      url: expect.any(String),
      provenance: { predicateType: 'https://slsa.dev/provenance/v1' },
    });
    const { url } = attestations as { url: string };
    const target = asked[client](url, base);
    // Both are mounts of npm's routes.
    const prefix = base === DEEP ? 'https://gate.test/deep' : 'https://gate.test';
    expect(target.startsWith(`${prefix}/`)).toBe(true);
    const path = target.slice(prefix.length + 1).replace(/^npm\//, '');
    expect(npm.route(path, { method: 'GET', accept: '', userAgent: '', query: '' })).toEqual({
      kind: 'attestations',
      name,
      version: '1.0.0',
      filename: [...listingOf({}, name).files.keys()][0],
    });
  });
});
