import type { IncomingMessage } from 'node:http';

/** Every value of a header as it came, duplicates included: Node keeps only the first of some of them. */
export function allOf(request: IncomingMessage, name: string): string[] {
  const found: string[] = [];
  const raw = request.rawHeaders;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if (raw[i]?.toLowerCase() === name) found.push(raw[i + 1] ?? '');
  }
  return found;
}

/** A user agent as it may be logged and recorded: printable ASCII, at most 120 characters. */
export function clientOf(userAgent: string | undefined): string {
  return (userAgent ?? '').slice(0, 120).replace(/[^\x20-\x7e]/g, '?');
}

/** Our own text as a header value or reason phrase: printable ASCII, at most `max` characters. */
export function headerSafe(text: string, max = 300): string {
  return text
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, max)
    .trim();
}

/**
 * Entity tags of If-None-Match (RFC 9110, 13.1.2), with their quotes and without `W/`, because it compares
 * weakly; `*` stands for itself. null where there is none or it does not parse.
 */
export function etagsOf(header: string | undefined): string[] | null {
  if (header === undefined || header.length > 4096) return null;
  if (header.trim() === '*') return ['*'];
  const tags: string[] = [];
  const tag = /\s*(?:W\/)?("[\x21\x23-\x7e]*")\s*(?:,|$)/y;
  while (tag.lastIndex < header.length) {
    const match = tag.exec(header);
    if (!match?.[1]) return null;
    tags.push(match[1]);
  }
  return tags.length > 0 ? tags : null;
}
