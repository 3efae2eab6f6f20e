import type { ContentEncoding } from '../admission/admission.ts';

/** In the order in which we prefer them where the client does not say. */
const KNOWN: readonly ContentEncoding[] = ['zstd', 'br', 'gzip', 'identity'];
const ITEM = /^([!#$%&'*+\-.^_`|~0-9a-z]+)(?:\s*;\s*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?$/;

/**
 * The content codings that a client accepts, best first (RFC 9110, 12.5.3). Items that do not parse count
 * for nothing; no header, or nothing that we know, is identity.
 */
export function acceptedEncodings(header: string | undefined): ContentEncoding[] {
  if (header === undefined || header.length > 1024) return ['identity'];
  const weights = new Map<string, number>();
  for (const item of header.toLowerCase().split(',')) {
    const match = ITEM.exec(item.trim());
    if (match?.[1])
      weights.set(match[1] === 'x-gzip' ? 'gzip' : match[1], match[2] === undefined ? 1 : Number(match[2]));
  }
  const rest = weights.get('*');
  // Identity is acceptable unless it is excluded, but comes after whatever was asked for.
  const weight = (coding: ContentEncoding) =>
    weights.get(coding) ?? rest ?? (coding === 'identity' ? 0.0001 : 0);
  const accepted = KNOWN.filter((coding) => weight(coding) > 0).sort((a, b) => weight(b) - weight(a));
  return accepted.length > 0 ? accepted : ['identity'];
}
