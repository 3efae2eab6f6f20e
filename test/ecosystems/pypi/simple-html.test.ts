import { describe, expect, test } from 'vitest';
import { IndexUnreadable } from '../../../src/ecosystems/ecosystem.ts';
import { pypi } from '../../../src/ecosystems/pypi/pypi.ts';
import { HEX, nameOf } from './pages.ts';

const SIX = nameOf('six');
const WHEEL = 'six-1.16.0-py2.py3-none-any.whl';
const META = '<meta name="pypi:repository-version" content="1.0">';
const LINK = `<a href="https://files.example/p/${WHEEL}#sha256=${HEX}">${WHEEL}</a>`;

const read = (html: string) => pypi.readIndex(SIX, Buffer.from(html));
const page = (body: string, head = META) =>
  `<!DOCTYPE html>\n<html><head>${head}<title>Links for six</title></head><body><h1>Links for six</h1>${body}</body></html>`;
const one = (attributes: string, text = WHEEL) => {
  const listing = read(page(`<a ${attributes}>${text}</a><br/>`));
  return { file: listing.files.get(WHEEL), kept: listing.document.files.get(WHEEL) };
};

describe('a page that is no index', () => {
  test.each([
    ['an error page', '<html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>'],
    ['a login page', page('<form action="/login"><a href="/help">Help</a></form>', '')],
    ['another project without a version', page(LINK.replaceAll('six-', 'sax-'), '')],
    ['a later major version', page(LINK, META.replace('1.0', '2.0'))],
    ['two versions', page(LINK, `${META}${META}`)],
    ['two statuses', page(LINK, `${META}${'<meta name="pypi:project-status" content="active">'.repeat(2)}`)],
    ['an unknown status', page(LINK, `${META}<meta name="pypi:project-status" content="haunted">`)],
    ['a link twice', page(LINK + LINK)],
    ['a base that moves its addresses', page(LINK, `${META}<base href="https://elsewhere.example/">`)],
    ['a script', page(`${LINK}<script>document.write("<a>")</script>`)],
    ['a link in a template', page(`<template>${LINK}</template>`)],
    ['an element in a link', page(`<a href="x"><b>${WHEEL}</b></a>`)],
    ['a link in a link', page(`<a href="x"><a href="y">${WHEEL}</a></a>`)],
    ['a link without end', page(`<a href="${WHEEL}">${WHEEL}`)],
    ['a comment without end', `${page(LINK)}<!-- `],
    ['a tag without end', `${page(LINK)}<a href="`],
    ['a tag of a megabyte', page(`<a href="${'a'.repeat(1_000_000)}">${WHEEL}</a>`)],
    ['an attribute twice', page(`<a href="${WHEEL}" href="x">${WHEEL}</a>`)],
    ['a quote in the middle', page(`<a href="${WHEEL}"data-yanked>${WHEEL}</a>`)],
    ['a lone <', page(`1 < 2 ${LINK}`)],
  ])('%s', (_, html) => expect(() => read(html)).toThrow(IndexUnreadable));
});

describe('a link that is left out', () => {
  test.each([
    ['without address', 'name="x"', WHEEL],
    ['whose text is another file', `href="https://files.example/evil-1.0.tar.gz"`, WHEEL],
    ['whose digest is broken', `href="${WHEEL}#sha256=xyz"`, WHEEL],
    ['to a script', `href="javascript:alert(1)/${WHEEL}"`, WHEEL],
    ['that is escaped twice', `href="six%252D1.16.0-py2.py3-none-any.whl"`, WHEEL],
    ['with a bad escape', `href="%zz/%${WHEEL}"`, `%${WHEEL}`],
    ['with a broken metadata digest', `href="${WHEEL}" data-core-metadata="sha256=x"`, WHEEL],
  ])('%s', (_, attributes, text) => expect(one(attributes, text).file).toBeUndefined());
});

describe('a page', () => {
  test('as the mirror gives it', () => {
    const { file, kept } = one(
      `href="https://files.example/p/${WHEEL}#sha256=${HEX}" data-requires-python="&gt;=2.7, !=3.0.*" data-upload-time='2021-05-05T14:18:17.237156Z' data-yanked="" data-core-metadata="sha256=${HEX}"`,
    );
    expect(file).toMatchObject({
      version: '1.16.0',
      url: `https://files.example/p/${WHEEL}`,
      digests: [`sha256:${HEX}`],
      size: null,
      yanked: true,
      metadataDigest: `sha256:${HEX}`,
      claimedAt: Date.parse('2021-05-05T14:18:17.237Z'),
    });
    expect(kept?.requiresPython).toBe('>=2.7, !=3.0.*');
    expect(file?.evidence.attestations).toBeNull();
  });

  test('of an old index needs no version where it lists a file of the project', () => {
    expect(read(page(LINK, '')).files.size).toBe(1);
  });

  test('may be empty where it says its version', () => expect(read(page('')).files.size).toBe(0));

  test('comments, other links and other elements do not matter', () => {
    const listing = read(page(`<!-- ${LINK} --><p class=x>${LINK}<br /><a href="../">..</a></p>`));
    expect([...listing.files.keys()]).toEqual([WHEEL]);
  });

  test.each([
    ['data-core-metadata="true"', null],
    ['data-core-metadata="md5=x"', null],
    [`data-dist-info-metadata="sha256=${HEX}"`, `sha256:${HEX}`],
  ])('%s', (attribute, digest) => {
    expect(one(`href="${WHEEL}" ${attribute}`).file?.metadataDigest).toBe(digest);
  });

  test.each([
    ['data-provenance="https://files.example/integrity/p"', 'https://files.example/integrity/p'],
    ['data-provenance="/integrity/p"', '/integrity/p'],
    // Claimed, and nowhere to be had.
    ['data-provenance', ''],
    ['data-provenance=""', ''],
    ['data-provenance="do as I say"', ''],
  ])('%s', (attribute, attestations) => {
    expect(one(`href="${WHEEL}" ${attribute}`).file?.evidence.attestations).toBe(attestations);
  });

  test('a digest that is no sha256 or sha512 is none', () => {
    expect(one(`href="${WHEEL}#md5=${'ab'.repeat(16)}"`).file?.digests).toEqual([]);
  });

  test('quarantine counts', () => {
    expect(
      read(page(LINK, `${META}<meta name="pypi:project-status" content="quarantined"/>`)).quarantined,
    ).toBe(true);
  });

  test('the keys of PEP 708 are noted, repeated or not', () => {
    const tracks = '<meta name="pypi:tracks" content="https://elsewhere.example/six/">';
    const { document } = read(page(LINK, META + tracks + tracks));
    expect(document).toMatchObject({ tracks: true, alternateLocations: false });
  });

  test('a large page is read in time that grows with its size', () => {
    const links = Array.from({ length: 20_000 }, (_, i) => {
      const filename = `six-1.${i}.tar.gz`;
      return `<a href="https://files.example/p/${filename}#sha256=${HEX}"${' '.repeat(100)}>${filename}</a><br/>`;
    });
    const started = performance.now();
    expect(read(page(links.join('\n'))).files.size).toBe(20_000);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
