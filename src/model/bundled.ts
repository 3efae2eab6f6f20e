/** Packages that lie in an artifact and are installed with it: who has the artifact has them, too. */
export interface Bundled {
  /** `name@version`, both canonical in the artifact's own ecosystem; sorted by UTF-16 code units, each once. */
  readonly packages: readonly string[];
  /** How many more lie there: whose name or version is of no grammar, or that were too many to be named. */
  readonly unnamed: number;
}

export const NOTHING_BUNDLED: Bundled = { packages: [], unnamed: 0 };
