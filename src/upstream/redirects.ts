import type { Answer } from './exchange.ts';
import { httpUrl } from './locations.ts';
import { UpstreamFault } from './upstream.ts';

/** An answer that was read, or where to ask instead. */
export type Step<T> = { readonly value: T } | { readonly location: URL };

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Where a redirect points, without its fragment; null where the answer is none. */
export function locationOf(answer: Answer, url: URL): URL | null {
  if (!REDIRECTS.has(answer.status)) return null;
  const location = httpUrl(answer.header('location') ?? '', url);
  if (location === null || !answer.header('location')) {
    throw new UpstreamFault('UPSTREAM_FAULT', 'the redirect leads nowhere', answer.status);
  }
  location.hash = '';
  return location;
}

/**
 * Takes step after step, at most `most` redirects. `admit` throws where a target may not be asked; it is asked
 * for the first address too, so no address is fetched that it has not seen.
 */
export async function followed<T>(
  start: URL,
  most: number,
  admit: (url: URL) => Promise<void>,
  step: (url: URL) => Promise<Step<T>>,
): Promise<T> {
  let url = start;
  for (let hops = 0; hops <= most; hops++) {
    await admit(url);
    const next = await step(url);
    if ('value' in next) return next.value;
    url = next.location;
  }
  throw new UpstreamFault('UPSTREAM_FAULT', `more than ${most} redirects`);
}
