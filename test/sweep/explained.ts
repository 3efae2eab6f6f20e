import type { Refused } from './look.ts';

/** What the sweep refuses, and is no mistake of the inspection: looked into by a person, file by file. */
export interface Explained extends Pick<Refused, 'ecosystem' | 'name' | 'code'> {
  /** File names of which it is said. */
  readonly files: RegExp;
  readonly why: string;
}

export const EXPLAINED: readonly Explained[] = [
  {
    ecosystem: 'npm',
    name: 'yarn',
    code: 'INSTALL_SCRIPTS',
    files: /^yarn-1\..*\.tgz$/,
    why: 'it has a preinstall script, as it says; the client tests install it with scripts off',
  },
  {
    ecosystem: 'npm',
    name: 'better-sqlite3',
    code: 'INSTALL_SCRIPTS',
    files: /^better-sqlite3-13\..*\.tgz$/,
    why: 'it has a binding.gyp: npm heeds that its `gypfile` says no, Yarn builds it all the same',
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
