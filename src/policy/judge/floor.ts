import type { VersionScheme } from '../../model/versions.ts';
import type { HigherAdmitted } from '../policy.ts';

/** Nothing above it was admitted. */
export const NO_HIGHER: HigherAdmitted = { line: null, any: null };

/** The versions of one package that were admitted: what `floor` holds others to. Prereleases raise no floor. */
export class AdmittedVersions {
  readonly #scheme: VersionScheme;
  readonly #lines = new Map<string, string>();
  #highest: string | null = null;

  constructor(scheme: VersionScheme, admitted: Iterable<string>) {
    this.#scheme = scheme;
    for (const version of admitted) {
      if (scheme.isPrerelease(version)) continue;
      const line = scheme.majorLine(version);
      if (this.#isAbove(version, this.#lines.get(line) ?? null)) this.#lines.set(line, version);
      if (this.#isAbove(version, this.#highest)) this.#highest = version;
    }
  }

  above(version: string): HigherAdmitted {
    const line = this.#lines.get(this.#scheme.majorLine(version)) ?? null;
    return {
      line: line !== null && this.#isAbove(line, version) ? line : null,
      any: this.#highest !== null && this.#isAbove(this.#highest, version) ? this.#highest : null,
    };
  }

  #isAbove(version: string, other: string | null): boolean {
    return other === null || this.#scheme.compare(version, other) > 0;
  }
}
