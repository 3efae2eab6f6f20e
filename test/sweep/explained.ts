import type { Refused } from './look.ts';

/** What the sweep refuses, and is no mistake of the inspection: looked into by a person, file by file. */
export interface Explained extends Pick<Refused, 'ecosystem' | 'name' | 'code'> {
  /** File names of which it is said. */
  readonly files: RegExp;
  readonly why: string;
}

const LINK =
  'it has a symbolic link, which readers of tar follow or drop as they like; no policy lifts that, and the wheel of the same version is admitted';

export const EXPLAINED: readonly Explained[] = [
  ...['beautifulsoup4', 'pdm-backend', 'pyparsing', 'referencing', 'tenacity'].map((name) => ({
    ecosystem: 'pypi',
    name,
    code: 'ARCHIVE_UNSAFE' as const,
    files: /\.tar\.gz$/,
    why: LINK,
  })),
  {
    ecosystem: 'npm',
    name: 'yarn',
    code: 'INSTALL_SCRIPTS',
    files: /^yarn-1\..*\.tgz$/,
    why: 'it has a preinstall script, as it says; the client tests install it with scripts off',
  },
];

export function explanationOf(refused: Refused): string | null {
  const { ecosystem, name, code, filename } = refused;
  const found = EXPLAINED.find(
    (one) =>
      one.ecosystem === ecosystem && one.name === name && one.code === code && one.files.test(filename),
  );
  return found?.why ?? null;
}
