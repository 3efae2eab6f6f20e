import { PackageURL } from '@socketregistry/packageurl-js';

/** An ecosystem's id as policy files and purls spell it: `npm`, `pypi`. */
export type EcosystemId = string;

/** A package name in its ecosystem's one canonical spelling. Only an ecosystem's name parser makes one. */
export type PackageName = string & { readonly __canonical: unique symbol };

/** What the bytes of a file are, which says how they are inspected. */
export type ArtifactKind = 'npm-tarball' | 'wheel' | 'sdist';

/** A package in one ecosystem. */
export interface PackageId {
  readonly ecosystem: EcosystemId;
  readonly name: PackageName;
}

/** One file of one version of one package. `version` is in the ecosystem's normal form. */
export interface ArtifactId extends PackageId {
  readonly version: string;
  readonly filename: string;
}

/**
 * The package URL (purl spec) of a package, or of one version of it. null for a name that the purl spec has no
 * form for, though the ecosystem's grammar lets it pass.
 */
export function purl(id: PackageId, version?: string): string | null {
  const slash = id.name.startsWith('@') ? id.name.indexOf('/') : -1;
  const namespace = slash > 0 ? id.name.slice(0, slash) : undefined;
  const name = id.name.slice(slash + 1);
  try {
    return new PackageURL(id.ecosystem, namespace, name, version, undefined, undefined).toString();
  } catch {
    // Its words are not ours, and a name without a purl is still recorded by its name.
    return null;
  }
}
