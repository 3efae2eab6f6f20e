import { createHash } from 'node:crypto';
import { makeNpmTarball } from '../verify/archives.ts';
import { noise } from './noise.ts';

/** One version of an npm package on the fake registry. Everything has a harmless default. */
export interface NpmVersion {
  /** Files under `package/` beside package.json. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Members of the manifest (dependencies, scripts, …), in the index and in the archive's package.json. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** The archive's package.json where it says other things than the index; replaces it whole. */
  readonly packageJson?: Readonly<Record<string, unknown> & { name: string; version: string }>;
  /** The archive itself, instead of a made one. */
  readonly tarball?: Uint8Array;
  /** Adds so many bytes that do not compress. */
  readonly bulk?: number;
  /** `time` of the version, ISO 8601; null leaves it out. */
  readonly time?: string | null;
  /** The SRI in the index: of the archive, of something else, none, or this text. */
  readonly integrity?: 'right' | 'wrong' | 'none' | (string & {});
  /** sha1 in the index; `right` unless said. */
  readonly shasum?: 'right' | 'none';
  /** Dist-tags that point to this version. `latest` is the last added stable version unless one says it. */
  readonly tags?: readonly string[];
  /** `dist.signatures`, as it stands. */
  readonly signatures?: unknown;
  /** `dist.attestations`: true for the claim that a registry writes, else this value as it stands. */
  readonly attestations?: unknown;
  /** `dist.tarball`, instead of the conventional path on the registry. */
  readonly tarballUrl?: string;
}

interface Stored {
  readonly spec: NpmVersion;
  readonly tarball: Buffer;
}

/** The npm half of the fake registry: packages, and their documents and archives by path. */
export class NpmPackages {
  readonly #base: string;
  readonly #packages = new Map<string, Map<string, Stored>>();

  constructor(base: string) {
    this.#base = base;
  }

  /** Adds versions to a package, or replaces those that are already there. */
  add(name: string, versions: Readonly<Record<string, NpmVersion>>): void {
    const known = this.#packages.get(name) ?? new Map<string, Stored>();
    for (const [version, spec] of Object.entries(versions)) {
      known.set(version, { spec, tarball: Buffer.from(spec.tarball ?? pack(name, version, spec)) });
    }
    this.#packages.set(name, known);
  }

  remove(name: string, version?: string): void {
    if (version === undefined) this.#packages.delete(name);
    else this.#packages.get(name)?.delete(version);
  }

  tarball(name: string, version: string): Buffer | undefined {
    return this.#packages.get(name)?.get(version)?.tarball;
  }

  /** The conventional path of an archive below the base: `@s/n/-/n-1.0.0.tgz`. */
  static tarballPath(name: string, version: string): string {
    return `${name}/-/${name.split('/').at(-1)}-${version}.tgz`;
  }

  /** Where the attestations of a version are, below the base. */
  static attestationsPath(name: string, version: string): string {
    return `-/npm/v1/attestations/${name.replace('/', '%2f')}@${version}`;
  }

  /** The archive at a path below the base. */
  archiveAt(path: string): Buffer | undefined {
    const at = path.indexOf('/-/');
    if (at < 0) return undefined;
    const name = path.slice(0, at);
    for (const [version, stored] of this.#packages.get(name) ?? []) {
      if (path === NpmPackages.tarballPath(name, version)) return stored.tarball;
    }
    return undefined;
  }

  /** The full packument, in the shape that npm registries give it. */
  packument(name: string): Record<string, unknown> | undefined {
    const known = this.#packages.get(name);
    if (!known) return undefined;
    const tags: Record<string, string> = {};
    const versions: Record<string, unknown> = {};
    const time: Record<string, string> = {};
    for (const [version, { spec }] of known) {
      if (!version.includes('-') || tags['latest'] === undefined) tags['latest'] = version;
      versions[version] = this.#manifest(name, version);
      if (spec.time !== null) time[version] = spec.time ?? '2020-01-01T00:00:00.000Z';
    }
    for (const [version, { spec }] of known) for (const tag of spec.tags ?? []) tags[tag] = version;
    return { _id: name, name, 'dist-tags': tags, versions, time };
  }

  #manifest(name: string, version: string): Record<string, unknown> {
    const stored = this.#packages.get(name)?.get(version);
    if (!stored) throw new Error(`no ${name}@${version}`);
    const { spec, tarball } = stored;
    const dist: Record<string, unknown> = {
      tarball: spec.tarballUrl ?? `${this.#base}${NpmPackages.tarballPath(name, version)}`,
    };
    if (spec.shasum !== 'none') dist['shasum'] = createHash('sha1').update(tarball).digest('hex');
    const integrity = integrityOf(spec.integrity ?? 'right', tarball);
    if (integrity !== null) dist['integrity'] = integrity;
    if (spec.signatures !== undefined) dist['signatures'] = spec.signatures;
    if (spec.attestations !== undefined) {
      dist['attestations'] = spec.attestations === true ? this.#claim(name, version) : spec.attestations;
    }
    return { name, version, ...spec.manifest, _id: `${name}@${version}`, dist };
  }

  #claim(name: string, version: string): object {
    return {
      url: this.#base + NpmPackages.attestationsPath(name, version),
      provenance: { predicateType: 'https://slsa.dev/provenance/v1' },
    };
  }
}

function integrityOf(wanted: string, tarball: Buffer): string | null {
  if (wanted === 'none') return null;
  if (wanted !== 'right' && wanted !== 'wrong') return wanted;
  const of = wanted === 'right' ? tarball : 'something else';
  return `sha512-${createHash('sha512').update(of).digest('base64')}`;
}

function pack(name: string, version: string, spec: NpmVersion): Uint8Array {
  const files = spec.bulk === undefined ? spec.files : { ...spec.files, 'bulk.bin': noise(spec.bulk) };
  return makeNpmTarball(spec.packageJson ?? { name, version, ...spec.manifest }, files);
}
