import { PackageURL, UrlConverter } from '@socketregistry/packageurl-js';
import npmFetch from 'npm-registry-fetch';

/** The origins of all http(s) addresses in a text, each once. */
export function originsIn(text: string): string[] {
  const found = text.matchAll(/https?:\/\/[^\s"'`<>()[\]{}/\\,;]+/g);
  return [...new Set([...found].map(([address]) => new URL(address).origin))].sort();
}

/** The default npm registry's base, with a trailing slash, as npm's own library has it. */
export function publicNpm(): string {
  return (npmFetch as unknown as { pickRegistry(spec: string, options: object): string }).pickRegistry(
    'x',
    {},
  );
}

/** The default Python index, with a trailing slash, as the purl specification's library has it. */
export function publicPypi(): string {
  const file = UrlConverter.toDownloadUrl(new PackageURL('pypi', undefined, 'x', '1', undefined, undefined));
  if (!file) throw new Error('no default address of the Python index');
  return new URL('..', file.url).href;
}
