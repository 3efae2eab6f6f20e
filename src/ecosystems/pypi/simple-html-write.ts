import type { ServedFile, ServedPage } from './served-page.ts';

/**
 * A project page as PEP 503 HTML, from what the JSON page says: the same files in the same order. The digest
 * is the fragment of the address, upload times stand in `data-upload-time`, which no PEP names but some
 * indexes serve.
 */
export function simpleHtml(page: ServedPage): string {
  const status = page['project-status']?.status;
  const title = `Links for ${escapeHtml(page.name)}`;
  return [
    ...head(page.meta['api-version'], title, status),
    `<h1>${title}</h1>`,
    ...page.files.map(anchor),
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** The list of names as PEP 503 HTML; addresses are relative to the list's own. */
export function namesHtml(names: readonly string[]): string {
  return [
    ...head('1.0', 'Simple index', undefined),
    ...names.map((name) => `<a href="${escapeHtml(name)}/">${escapeHtml(name)}</a><br>`),
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function head(version: string, title: string, status: string | undefined): string[] {
  return [
    '<!DOCTYPE html>',
    '<html>',
    '<head>',
    `<meta name="pypi:repository-version" content="${version}">`,
    ...(status === undefined ? [] : [`<meta name="pypi:project-status" content="${status}">`]),
    `<title>${title}</title>`,
    '</head>',
    '<body>',
  ];
}

function anchor(file: ServedFile): string {
  const [algorithm, hex] = bestHash(file.hashes);
  const metadata = file['core-metadata'];
  const metadataText = metadata && (metadata === true ? 'true' : `sha256=${metadata.sha256}`);
  const attributes = [
    ['href', hex === undefined ? file.url : `${file.url}#${algorithm}=${hex}`],
    ['data-requires-python', file['requires-python']],
    ['data-upload-time', file['upload-time']],
    ['data-yanked', file.yanked],
    ['data-core-metadata', metadataText],
    ['data-dist-info-metadata', metadataText],
    ['data-provenance', file.provenance],
  ].filter(([, value]) => value !== undefined);
  const text = attributes.map(([key, value = '']) => `${key}="${escapeHtml(value)}"`).join(' ');
  return `<a ${text}>${escapeHtml(file.filename)}</a><br>`;
}

/** A fragment holds one digest; sha256 is what every client knows. */
function bestHash(hashes: ServedFile['hashes']): [algorithm: string, hex: string | undefined] {
  return hashes['sha256'] === undefined ? ['sha512', hashes['sha512']] : ['sha256', hashes['sha256']];
}

/** Escapes text for content and quoted attributes; what is not ASCII too, so that no charset matters. */
function escapeHtml(text: string): string {
  return text.replace(/[^ !#-%(-;=?-~]/gu, (character) => `&#${character.codePointAt(0)};`);
}
