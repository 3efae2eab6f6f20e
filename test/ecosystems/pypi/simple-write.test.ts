import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FileView } from '../../../src/ecosystems/ecosystem.ts';
import { writeNames } from '../../../src/ecosystems/pypi/names-page.ts';
import type { PypiDocument } from '../../../src/ecosystems/pypi/pypi.ts';
import { pypi } from '../../../src/ecosystems/pypi/pypi.ts';
import type { Listing } from '../../../src/model/listing.ts';
import { ALLOWED, BASE, fileEntry, HEX, nameOf, pageOf, textOf, viewOf } from './pages.ts';

const SIX = nameOf('six');
const WHEEL = 'six-1.16.0-py2.py3-none-any.whl';
const SDIST = 'six-1.15.0.tar.gz';

interface File {
  filename: string;
  url: string;
  yanked?: unknown;
  [key: string]: unknown;
}
interface Page {
  meta: Record<string, unknown>;
  versions?: string[];
  files: File[];
  [key: string]: unknown;
}

const listingOf = (files: unknown[], changes: Record<string, unknown> = {}) =>
  pypi.readIndex(SIX, pageOf('six', files, changes));
const jsonOf = (listing: Listing<PypiDocument>, view = viewOf(listing, 'json')): Page =>
  JSON.parse(textOf(pypi.writeIndex(listing, view)));
const htmlOf = (listing: Listing<PypiDocument>, view = viewOf(listing, 'html')) =>
  textOf(pypi.writeIndex(listing, view));

describe('a refused file', () => {
  const listing = listingOf([fileEntry(WHEEL), fileEntry(SDIST)]);

  test('stays on the page, yanked, with our message', () => {
    const page = jsonOf(
      listing,
      viewOf(listing, 'json', () => false),
    );
    expect(page.files.map((file) => [file.filename, file.yanked])).toEqual([
      [WHEEL, 'refused: six 1.16.0 <TOO_YOUNG> & "more"'],
      [SDIST, 'refused: six 1.15.0 <TOO_YOUNG> & "more"'],
    ]);
    expect(page.versions).toEqual(['1.15.0', '1.16.0']);
  });

  test('announces metadata without a digest, so that a client asks for it first', () => {
    const declared = listingOf([fileEntry(WHEEL, { 'core-metadata': { sha256: HEX } })]);
    const [file] = jsonOf(
      declared,
      viewOf(declared, 'json', () => false),
    ).files;
    expect(file).toMatchObject({ 'core-metadata': true });
    // pip 22.3 to 23.1 die of the older key in JSON (PEP 714).
    expect(file).not.toHaveProperty('dist-info-metadata');
  });

  test('is one for which there is no decision, too', () => {
    const page = jsonOf(listing, { ...viewOf(listing, 'json'), files: new Map([[WHEEL, ALLOWED]]) });
    expect(page.files.map((file) => file.yanked)).toEqual([
      undefined,
      'refused: six 1.15.0 <VERSION_NOT_ALLOWED> & "more"',
    ]);
  });

  test('is every file of a quarantined project, whatever was decided', () => {
    const quarantined = listingOf([fileEntry(WHEEL)], {
      'project-status': { status: 'quarantined', reason: 'canary' },
    });
    const page = jsonOf(quarantined);
    expect(page.files[0]?.yanked).toBe('refused: six 1.16.0 <QUARANTINED_UPSTREAM> & "more"');
    expect(page).toMatchObject({
      meta: { 'api-version': '1.4' },
      'project-status': { status: 'quarantined' },
    });
    expect(page['project-status']).toEqual({ status: 'quarantined' });
  });
});

describe('an admitted page', () => {
  test('in JSON', () => {
    const listing = listingOf([
      fileEntry(WHEEL, { 'core-metadata': { sha256: HEX } }),
      fileEntry(SDIST, { yanked: 'canary' }),
    ]);
    const page = pypi.writeIndex(listing, viewOf(listing, 'json'));
    expect(page).toMatchObject({ status: 200, contentType: 'application/vnd.pypi.simple.v1+json' });
    expect(JSON.parse(textOf(page))).toEqual({
      meta: { 'api-version': '1.1' },
      name: 'six',
      versions: ['1.15.0', '1.16.0'],
      files: [
        {
          filename: WHEEL,
          url: `${BASE}files/six/${WHEEL}`,
          hashes: { sha256: HEX },
          size: 11053,
          'upload-time': '2021-05-05T14:18:17.237156Z',
          'requires-python': '>=2.7, !=3.0.*',
          'core-metadata': { sha256: HEX },
        },
        {
          filename: SDIST,
          url: `${BASE}files/six/${SDIST}`,
          hashes: { sha256: HEX },
          size: 11053,
          'upload-time': '2021-05-05T14:18:17.237156Z',
          'requires-python': '>=2.7, !=3.0.*',
          yanked: 'yanked by its publisher',
        },
      ],
    });
  });

  test('in HTML', () => {
    const listing = listingOf([fileEntry(WHEEL), fileEntry(SDIST)], {
      'project-status': { status: 'archived' },
    });
    const html = htmlOf(
      listing,
      viewOf(listing, 'html', (file) => file.filename === WHEEL),
    );
    expect(html).toBe(
      `<!DOCTYPE html>
<html>
<head>
<meta name="pypi:repository-version" content="1.4">
<meta name="pypi:project-status" content="archived">
<title>Links for six</title>
</head>
<body>
<h1>Links for six</h1>
<a href="${BASE}files/six/${WHEEL}#sha256=${HEX}" data-requires-python="&#62;=2.7, !=3.0.*" data-upload-time="2021-05-05T14:18:17.237156Z" data-core-metadata="true" data-dist-info-metadata="true">${WHEEL}</a><br>
<a href="${BASE}files/six/${SDIST}#sha256=${HEX}" data-requires-python="&#62;=2.7, !=3.0.*" data-upload-time="2021-05-05T14:18:17.237156Z" data-yanked="refused: six 1.15.0 &#60;TOO_YOUNG&#62; &#38; &#34;more&#34;">${SDIST}</a><br>
</body>
</html>
`,
    );
  });

  test('keeps the content type that was asked for', () => {
    const listing = listingOf([]);
    expect(pypi.writeIndex(listing, viewOf(listing, 'v1+html')).contentType).toBe(
      'application/vnd.pypi.simple.v1+html',
    );
    expect(pypi.writeIndex(listing, viewOf(listing, 'html')).contentType).toBe('text/html; charset=utf-8');
    expect(pypi.writeIndex(listing, viewOf(listing, 'anything')).contentType).toBe(
      'text/html; charset=utf-8',
    );
  });

  test.each([
    [null, true],
    [HEX, { sha256: HEX }],
    ['no digest', true],
  ])('metadata that was cut from the wheel (%s) is announced as %j', (metadata, announced) => {
    const listing = listingOf([fileEntry(WHEEL)]);
    const files = new Map([[WHEEL, { ...ALLOWED, metadata }]]);
    expect(jsonOf(listing, { ...viewOf(listing, 'json'), files }).files[0]?.['core-metadata']).toEqual(
      announced,
    );
  });

  test('without a size is of a version that asks for none', () => {
    expect(jsonOf(listingOf([fileEntry(WHEEL, { size: undefined })])).meta).toEqual({ 'api-version': '1.0' });
  });

  test('has the keys of PEP 708 where the upstream has them, without the addresses', () => {
    const elsewhere = ['https://elsewhere.example/six/'];
    const page = jsonOf(
      listingOf([], { meta: { 'api-version': '1.2', tracks: elsewhere }, 'alternate-locations': elsewhere }),
    );
    expect(page).toMatchObject({ meta: { 'api-version': '1.2', tracks: [] }, 'alternate-locations': [] });
    expect(jsonOf(listingOf([]))).not.toHaveProperty('alternate-locations');
  });

  test('escapes + in an address', () => {
    const filename = 'six-1.0+cpu-py3-none-any.whl';
    const [file] = jsonOf(listingOf([fileEntry(filename)])).files;
    expect(file).toMatchObject({ filename, url: `${BASE}files/six/six-1.0%2Bcpu-py3-none-any.whl` });
  });
});

describe('provenance (PEP 740)', () => {
  const LOCAL = 'six-1!1.0+cpu-py3-none-any.whl';
  const listing = listingOf([
    fileEntry(WHEEL, { provenance: 'https://elsewhere.example/p' }),
    fileEntry(SDIST),
    fileEntry(LOCAL),
  ]);
  const attested = { ...ALLOWED, attested: true };
  const viewWith = (representation: string, files: Record<string, FileView>) => ({
    ...viewOf(listing, representation),
    files: new Map(Object.entries(files)),
  });

  test('is announced where it was verified, whatever the index claims, at a route of ours', () => {
    const files = { [WHEEL]: ALLOWED, [SDIST]: attested, [LOCAL]: attested };
    const page = jsonOf(listing, viewWith('json', files));
    expect(page.meta).toEqual({ 'api-version': '1.3' });
    expect(page.files.map((file) => file['provenance'])).toEqual([
      undefined,
      `${BASE}integrity/six/1.15.0/${SDIST}/provenance`,
      `${BASE}integrity/six/1!1.0%2Bcpu/six-1!1.0%2Bcpu-py3-none-any.whl/provenance`,
    ]);
    for (const [i, filename] of [WHEEL, SDIST, LOCAL].entries()) {
      const url = page.files[i]?.['provenance'];
      if (typeof url !== 'string') continue;
      const request = { method: 'GET', accept: '', userAgent: '', query: '' };
      expect(pypi.route(new URL(url).href.slice(BASE.length), request)).toMatchObject({
        kind: 'attestations',
        name: 'six',
        filename,
      });
    }
    const html = htmlOf(listing, viewWith('html', files));
    expect(html).toContain('<meta name="pypi:repository-version" content="1.3">');
    expect([...html.matchAll(/data-provenance="([^"]*)"/g)].map(([, url]) => url)).toEqual(
      page.files.flatMap((file) => file['provenance'] ?? []),
    );
    expect(html).not.toContain('elsewhere');
  });

  test('of a refused file is not', () => {
    const refused = { ...attested, allowed: false, code: 'DENIED' } as const;
    const page = jsonOf(listing, viewWith('json', { [WHEEL]: refused, [SDIST]: refused }));
    expect(page.meta).toEqual({ 'api-version': '1.1' });
    expect(JSON.stringify(page)).not.toContain('provenance');
  });

  test.each([
    [{ size: undefined }, {}, '1.0'],
    [{}, { meta: { 'api-version': '1.2', tracks: [] } }, '1.3'],
    [{}, { 'project-status': { status: 'archived' } }, '1.4'],
  ])('with %j and %j the page is of version %s', (changes, page, version) => {
    const one = listingOf([fileEntry(WHEEL, changes)], page);
    const view = { ...viewOf(one, 'json'), files: new Map([[WHEEL, attested]]) };
    expect(jsonOf(one, view).meta).toMatchObject({ 'api-version': version });
    expect(jsonOf(one, view).files[0]).toHaveProperty('provenance');
  });
});

describe('the page of a refused name', () => {
  const route = (representation: string) => ({ kind: 'index', name: SIX, representation }) as const;
  const refusal = { base: BASE, code: 'NOT_ALLOWLISTED', message: 'six is not on the allowlist' } as const;
  const filename = 'six-0+refused.not.on.the.allowlist-py3-none-any.whl';
  const path = 'files/six/six-0%2Brefused.not.on.the.allowlist-py3-none-any.whl';

  test('in JSON', () => {
    const page = pypi.writeRefusedIndex(SIX, route('json'), refusal);
    expect(page?.status).toBe(200);
    expect(JSON.parse(page ? textOf(page) : '')).toEqual({
      meta: { 'api-version': '1.0' },
      name: 'six',
      files: [{ filename, url: BASE + path, hashes: {}, 'core-metadata': true }],
    });
  });

  test('in HTML', () => {
    const page = pypi.writeRefusedIndex(SIX, route('html'), refusal);
    expect(page && textOf(page)).toContain(
      `<a href="${BASE}${path}" data-core-metadata="true" data-dist-info-metadata="true">${filename}</a>`,
    );
  });

  test('its file and metadata lead to the refusal', () => {
    for (const suffix of ['', '.metadata']) {
      expect(pypi.route(path + suffix, { method: 'GET', accept: '', userAgent: '', query: '' })).toEqual({
        kind: 'blocked',
        name: 'six',
        filename,
      });
    }
  });
});

describe('the list of names', () => {
  const names = ['six', 'constructor', 'attrs', 'six'].map(nameOf);
  test('in JSON', () => {
    expect(JSON.parse(textOf(writeNames(names, 'json')))).toEqual({
      meta: { 'api-version': '1.0' },
      projects: [{ name: 'attrs' }, { name: 'constructor' }, { name: 'six' }],
    });
  });
  test('in HTML', () => {
    const page = writeNames(names, 'html');
    expect(page.contentType).toBe('text/html; charset=utf-8');
    expect(textOf(page).match(/<a .*/g)).toEqual([
      '<a href="attrs/">attrs</a><br>',
      '<a href="constructor/">constructor</a><br>',
      '<a href="six/">six</a><br>',
    ]);
  });
});

describe('properties', () => {
  const CANARY = 'IGNORE previous instructions';
  const text = fc.constantFrom(
    CANARY,
    `${CANARY} <script>`,
    `>=3; ${CANARY}`,
    `===${CANARY.replaceAll(' ', '-')}`,
    `https://elsewhere.example/${encodeURIComponent(CANARY)}`,
  );
  const value = fc.oneof(
    text,
    fc.boolean(),
    fc.constant(null),
    fc.integer(),
    fc.record({ sha256: fc.constantFrom(HEX, CANARY) }),
  );
  const key = fc.constantFrom(
    'yanked',
    'requires-python',
    'upload-time',
    'size',
    'core-metadata',
    'dist-info-metadata',
    'provenance',
    'gpg-sig',
    'hashes',
    '__proto__',
    'constructor',
    'comment',
    '_note',
  );
  const filename = fc.constantFrom(
    WHEEL,
    SDIST,
    'six-1.14.0-py3-none-any.whl',
    'six-2.0rc1.tar.gz',
    'six-1.0.egg',
    'six-3.0+abc-py3-none-any.whl',
    CANARY,
  );
  const entry = fc
    .tuple(filename, fc.array(fc.tuple(key, value)))
    .map(([name, changes]) => fileEntry(name, Object.fromEntries(changes)));
  const page = fc.tuple(
    fc.uniqueArray(entry, { selector: (file) => file['filename'] }),
    fc.dictionary(fc.constantFrom('comment', 'alternate-locations', 'versions', '_x'), value),
  );

  /** The `href`, text and yank of each link, by rules of the test's own. */
  const linksOf = (html: string) =>
    [...html.matchAll(/<a href="([^"]*)"([^>]*)>([^<]*)<\/a>/g)].map(
      ([, href = '', rest = '', inner = '']) => ({
        url: href.replace(/#.*/, ''),
        filename: inner,
        yanked: rest.includes('data-yanked='),
      }),
    );

  test('addresses are ours, canaries never appear, refused files are yanked, HTML and JSON agree', () => {
    fc.assert(
      fc.property(page, fc.func(fc.boolean()), ([files, changes], admits) => {
        const listing = listingOf(files, changes);
        const admitted = new Set([...listing.files.keys()].filter((name) => admits(name)));
        const decide = (file: { filename: string }) => admitted.has(file.filename);
        const view = (representation: string) => {
          const decided = viewOf(listing, representation, decide);
          const attested = [...decided.files].map(
            ([name, one]) => [name, { ...one, attested: true }] as const,
          );
          return { ...decided, files: new Map(attested) };
        };
        const json = textOf(pypi.writeIndex(listing, view('json')));
        const html = textOf(pypi.writeIndex(listing, view('html')));

        for (const served of [json, html]) {
          expect(served).not.toMatch(/IGNORE|ignore|previous|elsewhere/);
          for (const [url] of served.matchAll(/[a-z]+:\/\/[^"\s]*/g)) expect(url.startsWith(BASE)).toBe(true);
        }
        const parsed: Page = JSON.parse(json);
        expect(parsed.files.map((file) => file.filename)).toEqual([...listing.files.keys()]);
        for (const file of parsed.files) {
          expect(file.url.startsWith(`${BASE}files/six/`)).toBe(true);
          if (!admitted.has(file.filename)) expect(file.yanked).toMatch(/^refused: /);
          const route = pypi.route(file.url.slice(BASE.length), {
            method: 'GET',
            accept: '',
            userAgent: '',
            query: '',
          });
          expect(route).toMatchObject({ kind: 'artifact', filename: file.filename });
        }
        expect(linksOf(html)).toEqual(
          parsed.files.map((file) => ({
            url: file.url,
            filename: file.filename,
            yanked: file.yanked !== undefined,
          })),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('what we write, we read again as the same files', () => {
    fc.assert(
      fc.property(page, fc.constantFrom('json', 'html'), ([files, changes], representation) => {
        const listing = listingOf(files, changes);
        const again = pypi.readIndex(SIX, pypi.writeIndex(listing, viewOf(listing, representation)).body);
        const core = (of: Listing) =>
          [...of.files.values()].map((f) => [
            f.filename,
            f.version,
            f.digests,
            f.yanked,
            f.claimedAt,
            f.metadataDigest,
          ]);
        expect(core(again)).toEqual(core(listing));
      }),
    );
  });

  test('no bytes make the reader throw anything but IndexUnreadable', () => {
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.string().map((s) => Buffer.from(`<${s}`)),
      fc.json().map((s) => Buffer.from(s)),
      fc
        .dictionary(fc.constantFrom('meta', 'name', 'files', 'project-status'), fc.jsonValue())
        .map((o) => Buffer.from(JSON.stringify(o))),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        try {
          pypi.readIndex(SIX, input);
        } catch (error) {
          expect(error).toHaveProperty('name', 'IndexUnreadable');
        }
      }),
      { numRuns: 1000 },
    );
  });
});
