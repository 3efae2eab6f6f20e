import type { VersionScheme } from '../../model/versions.ts';

/**
 * Values by version, found by any normal form of it: to PEP 440, `1.0` and `1.0.0` are one version, which has one
 * pin. Normal forms of one version differ in zeros and dots alone.
 */
export class VersionMap<T> extends Map<string, T> {
  readonly #scheme: VersionScheme;
  /** Versions by what remains of them without zeros and dots. */
  readonly #alike = new Map<string, string[]>();

  constructor(scheme: VersionScheme) {
    super();
    this.#scheme = scheme;
  }

  override get(version: string): T | undefined {
    const exact = super.get(version);
    if (exact !== undefined) return exact;
    const other = this.#same(version);
    return other === undefined ? undefined : super.get(other);
  }

  override set(version: string, value: T): this {
    if (super.has(version)) return super.set(version, value);
    const other = this.#same(version);
    if (other !== undefined) return super.set(other, value);
    const alike = this.#alike.get(shortOf(version));
    if (alike) alike.push(version);
    else this.#alike.set(shortOf(version), [version]);
    return super.set(version, value);
  }

  #same(version: string): string | undefined {
    return this.#alike.get(shortOf(version))?.find((other) => this.#scheme.compare(other, version) === 0);
  }
}

function shortOf(version: string): string {
  return version.replaceAll(/[0.]+/g, '');
}
