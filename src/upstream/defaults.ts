import { createRequire } from 'node:module';

// Where the public registries are, is not written here: the ecosystems' own libraries carry their defaults.
// They are heavy, and an upstream that is configured never needs them, so they are imported when asked.

/** Base of the index that npm itself would use. */
export async function defaultNpmBase(): Promise<string> {
  // Its defaults alone: the library as a whole takes 17 MB.
  const defaults: unknown = createRequire(import.meta.url)('npm-registry-fetch/lib/default-opts.js');
  const registry =
    typeof defaults === 'object' && defaults !== null && 'registry' in defaults && defaults.registry;
  if (typeof registry !== 'string')
    throw new Error('npm carries no default registry; set SALLYPORT_NPM_UPSTREAM');
  return withSlash(registry);
}

/** Root of the simple index of the purl type `pypi`'s default repository. */
export async function defaultPypiBase(): Promise<string> {
  const { PackageURL, UrlConverter } = await import('@socketregistry/packageurl-js');
  const download = UrlConverter.toDownloadUrl(
    new PackageURL('pypi', undefined, 'x', '1', undefined, undefined),
  );
  if (!download) throw new Error('the purl library has no address for pypi; set SALLYPORT_PYPI_UPSTREAM');
  // the project's page is the index root's child
  return withSlash(new URL('..', download.url).href);
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}
