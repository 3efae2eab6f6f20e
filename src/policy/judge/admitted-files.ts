import type { ArtifactKind } from '../../model/artifact.ts';
import { type Before, type Change, MAX_NEW, type NewDependency } from '../../model/change.ts';
import { FINDINGS, type Finding } from '../../model/finding.ts';
import type { VersionScheme } from '../../model/versions.ts';

/** A file that was admitted: what its bytes showed. */
export interface AdmittedFile {
  readonly version: string;
  readonly kind: ArtifactKind;
  readonly findings: readonly Finding[] | null;
  /** As in FileFacts. */
  readonly dependencies: readonly string[] | null;
}

/** The version that a file is compared with, and what was pulled in then; null where no earlier inspection read that. */
export interface AdmittedBefore extends Before {
  readonly dependencies: readonly string[] | null;
}

interface Version {
  readonly before: Before;
  readonly dependencies: readonly string[] | null;
}

/** The versions of one package that were admitted, each of all of its files: what changes are seen against. */
export class AdmittedFiles {
  readonly #scheme: Pick<VersionScheme, 'compare'>;
  /** In the order of versions; equal ones (PEP 440) are one. */
  readonly #versions: readonly Version[];

  constructor(scheme: Pick<VersionScheme, 'compare'>, files: Iterable<AdmittedFile>) {
    this.#scheme = scheme;
    const groups: AdmittedFile[][] = [];
    for (const file of [...files].sort((a, b) => scheme.compare(a.version, b.version))) {
      const last = groups.at(-1);
      if (last?.[0] && scheme.compare(last[0].version, file.version) === 0) last.push(file);
      else groups.push([file]);
    }
    this.#versions = groups.map(versionOf);
  }

  /**
   * The highest version below this one: of its own line if there is any, else of the nearest line below. Below all of them
   * the lowest one above counts, if the file appeared while we looked on (`appeared`): a release under the lowest line is
   * made to have no past. An old version that was always there has none. What was pulled in is that of the nearest
   * version in the same direction of which it is known.
   */
  before(version: string, appeared: boolean): AdmittedBefore | null {
    let low = 0;
    let high = this.#versions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const one = this.#versions[middle];
      if (one !== undefined && this.#scheme.compare(one.before.version, version) < 0) low = middle + 1;
      else high = middle;
    }
    if (low > 0) return nearest(this.#versions.slice(0, low).reverse());
    if (!appeared) return null;
    return nearest(this.#versions.filter(({ before }) => this.#scheme.compare(before.version, version) > 0));
  }
}

/** What is new in a file, as far as its bytes were read: `dependencies` as in FileFacts, of an artifact of this kind. */
export function changeSince(
  before: AdmittedBefore | null,
  { name, kind }: { readonly name: string; readonly kind: ArtifactKind },
  dependencies: readonly string[] | null | undefined,
): Change {
  if (!before) return { before: null, dependencies: [] };
  const { version, runs, kinds } = before;
  return {
    before: { version, runs, kinds },
    dependencies: newOf(before.dependencies, { name, kind }, dependencies),
  };
}

/** `undefined`: the bytes are not here, and were not before. What a source distribution pulls in, its build may say. */
function newOf(
  earlier: readonly string[] | null,
  { name, kind }: { readonly name: string; readonly kind: ArtifactKind },
  dependencies: readonly string[] | null | undefined,
): readonly NewDependency[] | null {
  if (dependencies === undefined || earlier === null) return [];
  if (dependencies === null) return kind === 'sdist' ? [] : null;
  const known = new Set([...earlier, name]);
  const found = dependencies.filter((one) => !known.has(one));
  return found.length > MAX_NEW ? null : found.map((one) => ({ name: one }));
}

function versionOf(files: readonly AdmittedFile[]): Version {
  const dependencies = files.flatMap((file) => (file.dependencies === null ? [] : [file.dependencies]));
  return {
    before: {
      version: files[0]?.version ?? '',
      runs: files.some(({ findings }) => findings?.some(({ code }) => FINDINGS[code] === 'install-scripts')),
      kinds: [...new Set(files.map(({ kind }) => kind))].sort(),
    },
    dependencies: dependencies.length === 0 ? null : [...new Set(dependencies.flat())].sort(),
  };
}

function nearest(versions: readonly Version[]): AdmittedBefore | null {
  const [first] = versions;
  if (!first) return null;
  const dependencies = versions.find((one) => one.dependencies !== null)?.dependencies ?? null;
  return { ...first.before, dependencies };
}
