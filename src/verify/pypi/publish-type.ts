import { PackageURL, UrlConverter } from '@socketregistry/packageurl-js';

/**
 * The predicate type of a publish attestation (PEP 740): an address below the documentation of the index that the
 * purl type `pypi` has by default, whichever mirror the file comes from. Null where the library knows no index:
 * then no attestation is of this type.
 */
export function publishType(): string | null {
  const project = UrlConverter.toRepositoryUrl(
    new PackageURL('pypi', undefined, 'x', undefined, undefined, undefined),
  );
  return project ? `https://docs.${new URL(project.url).host}/attestations/publish/v1` : null;
}
