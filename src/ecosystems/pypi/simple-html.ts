import type { PackageName } from '../../model/artifact.ts';
import { IndexUnreadable } from '../ecosystem.ts';
import { parseFilename } from './filenames.ts';
import type { JsonObject } from './json.ts';

/** Longest tag, in characters; the expression below needs memory for each of them. */
const MAX_TAG = 16_384;

/** A doctype, an end tag or a start tag. Attributes are read separately; a quoted value may hold `>`. */
const TAG =
  /^<(?:!doctype[^<>]*>|\/(?<end>[a-z][a-z0-9]*)\s*>|(?<start>[a-z][a-z0-9]*)(?<attributes>(?:[^<>"']|"[^"]*"|'[^']*')*)>)/i;

const ATTRIBUTE =
  /\s+(?<name>[^\s=<>"'/]+)(?:\s*=\s*(?:"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<bare>[^\s"'=<>`]+)))?/y;

/** Elements whose content is no markup, that a page of links has no use for, or that change its addresses. */
const FOREIGN = new Set([
  'base',
  'script',
  'style',
  'template',
  'textarea',
  'iframe',
  'object',
  'svg',
  'math',
  'noscript',
  'plaintext',
  'xmp',
]);

interface Anchor {
  readonly attributes: ReadonlyMap<string, string>;
  text: string;
}

/**
 * Reads a PEP 503 page into the shape of PEP 691, which is then read by the same rules. Strict and small:
 * a page that needs more of HTML than tags, quoted attributes, comments and the basic entities is unreadable.
 *
 * An HTML page does not say whose it is, and many a proxy's error page answers 200. So it must either carry
 * the `pypi:repository-version` of PEP 629 or list at least one file of the project.
 */
export function readSimpleHtml(name: PackageName, html: string): JsonObject {
  const { anchors, metas } = readTags(html);
  const version = metas.get('pypi:repository-version');
  const files = anchors.map(fileOfAnchor).filter((file) => file !== null);
  const ours = files.some((file) => parseFilename(file.filename, name) !== null);
  if (version === undefined && !ours) throw new IndexUnreadable('the page is no simple index');
  const status = metas.get('pypi:project-status');
  return {
    meta: { 'api-version': version ?? '1.0', ...(metas.has('pypi:tracks') && { tracks: [] }) },
    name,
    ...(metas.has('pypi:alternate-locations') && { 'alternate-locations': [] }),
    ...(status !== undefined && { 'project-status': { status } }),
    files,
  };
}

function readTags(html: string): { anchors: Anchor[]; metas: Map<string, string> } {
  const anchors: Anchor[] = [];
  const metas = new Map<string, string>();
  let open: Anchor | null = null;
  let at = 0;
  for (let next = html.indexOf('<'); next >= 0; next = html.indexOf('<', at)) {
    if (open) open.text += html.slice(at, next);
    if (html.startsWith('<!--', next)) {
      const end = html.indexOf('-->', next + 4);
      if (end < 0) throw new IndexUnreadable('a comment does not end');
      at = end + 3;
      continue;
    }
    const tag = TAG.exec(html.slice(next, next + MAX_TAG));
    if (!tag) throw new IndexUnreadable('the page has a broken tag');
    at = next + tag[0].length;
    const { start, end, attributes = '' } = tag.groups ?? {};
    const element = (start ?? end ?? '').toLowerCase();
    if (FOREIGN.has(element)) throw new IndexUnreadable(`the page has a ${element} element`);
    if (end && element === 'a') {
      if (open) anchors.push(open);
      open = null;
    } else if (open) {
      throw new IndexUnreadable('a link holds an element');
    } else if (start && element === 'a') {
      open = { attributes: readAttributes(attributes), text: '' };
    } else if (start && element === 'meta') {
      readMeta(readAttributes(attributes), metas);
    }
  }
  if (open) throw new IndexUnreadable('a link does not end');
  return { anchors, metas };
}

function readMeta(attributes: ReadonlyMap<string, string>, metas: Map<string, string>): void {
  const key = attributes.get('name');
  if (!key?.startsWith('pypi:')) return;
  // PEP 708 repeats its own; a page with two versions or statuses would have to be guessed at.
  if (metas.has(key) && !/^pypi:(?:tracks|alternate-locations)$/.test(key)) {
    throw new IndexUnreadable('the page has a meta tag twice');
  }
  metas.set(key, attributes.get('content') ?? '');
}

function readAttributes(tag: string): Map<string, string> {
  const attributes = new Map<string, string>();
  const trimmed = tag.trimEnd();
  const text = trimmed.endsWith('/') ? trimmed.slice(0, -1).trimEnd() : trimmed;
  for (let at = 0; at < text.length; at = ATTRIBUTE.lastIndex) {
    ATTRIBUTE.lastIndex = at;
    const groups = ATTRIBUTE.exec(text)?.groups;
    if (!groups) throw new IndexUnreadable('a tag has a broken attribute');
    const key = (groups['name'] ?? '').toLowerCase();
    if (attributes.has(key)) throw new IndexUnreadable('a tag has an attribute twice');
    attributes.set(key, unescapeHtml(groups['double'] ?? groups['single'] ?? groups['bare'] ?? ''));
  }
  return attributes;
}

/** A link as a file of PEP 691; null where its text is not the last part of its address (PEP 503). */
function fileOfAnchor(anchor: Anchor): (JsonObject & { filename: string }) | null {
  const { attributes } = anchor;
  const [url = '', fragment = ''] = (attributes.get('href') ?? '').split('#', 2);
  const filename = unescapeHtml(anchor.text).trim();
  const last =
    url
      .replace(/[?].*$/, '')
      .split('/')
      .at(-1) ?? '';
  if (filename === '' || decodeOnce(last) !== filename) return null;
  const core = attributes.get('data-core-metadata') ?? attributes.get('data-dist-info-metadata');
  const requiresPython = attributes.get('data-requires-python');
  const uploadTime = attributes.get('data-upload-time');
  const provenance = attributes.get('data-provenance');
  return {
    filename,
    url,
    hashes: hashOf(fragment),
    yanked: attributes.has('data-yanked'),
    ...(requiresPython !== undefined && { 'requires-python': requiresPython }),
    ...(uploadTime !== undefined && { 'upload-time': uploadTime }),
    ...(core !== undefined && { 'core-metadata': core.includes('=') ? hashOf(core) : core === 'true' }),
    ...(provenance !== undefined && { provenance }),
  };
}

/** `sha256=…` as an object of PEP 691; empty for anything else. */
function hashOf(text: string): JsonObject {
  const [, algorithm, hex] = /^(sha256|sha512)=([^&]*)$/.exec(text) ?? [];
  return algorithm === undefined ? {} : { [algorithm]: hex };
}

function decodeOnce(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', ' '],
]);

/** Replaces the basic and numeric character references; one of any other name stays as it is. */
function unescapeHtml(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi, (whole, decimal, hex, word) => {
    if (word !== undefined) return ENTITIES.get(word) ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
