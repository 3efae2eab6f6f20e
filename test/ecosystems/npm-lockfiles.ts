import { createHash } from 'node:crypto';
import { type Lockfile, LockfileUnreadable } from '../../src/ecosystems/lockfile.ts';
import { readLockfile } from '../../src/ecosystems/lockfiles.ts';

/** A package as a test wants it written down. */
export interface Wanted {
  readonly name: string;
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
}

/** The integrity of a made-up file. */
export function sri(text: string, algorithm = 'sha512'): string {
  return `${algorithm}-${createHash(algorithm).update(text).digest('base64')}`;
}

/** The same as a digest. */
export function digest(text: string, algorithm = 'sha512'): string {
  return `${algorithm}:${createHash(algorithm).update(text).digest('hex')}`;
}

export function tarball(name: string, version: string, host = 'registry.example'): string {
  return `https://${host}/${name}/-/${name.slice(name.indexOf('/') + 1)}-${version}.tgz`;
}

/** JSON text of an object with these members, in this order and as often as they are given. */
const members = (list: readonly (readonly [string, unknown])[]) =>
  list.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(',\n');

const fields = ({ version, resolved, integrity }: Wanted) => ({ version, resolved, integrity });
const q = (text: string) => JSON.stringify(text);
const flow = (parts: readonly (readonly [string, string | undefined])[]) =>
  parts.flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${q(value)}`])).join(', ');

/** Writes packages in each format, without any check of what they are. */
export interface Writer {
  readonly id: string;
  readonly filename: string;
  write(packages: readonly Wanted[]): string;
}

const pnpm = (id: string, version: string, key: (wanted: Wanted) => string): Writer => ({
  id,
  filename: 'pnpm-lock.yaml',
  write: (packages) =>
    `lockfileVersion: '${version}'\n\npackages:\n\n${packages
      .map(
        (one) =>
          `  ${q(key(one))}:\n    resolution: {${flow([
            ['integrity', one.integrity],
            ['tarball', one.resolved],
          ])}}\n`,
      )
      .join('\n')}`,
});

export const WRITERS: readonly Writer[] = [
  {
    id: 'package-lock v1',
    filename: 'package-lock.json',
    write: (packages) =>
      `{"lockfileVersion": 1, "dependencies": {\n${members(packages.map((one) => [one.name, fields(one)]))}\n}}`,
  },
  {
    id: 'package-lock v3',
    filename: 'package-lock.json',
    write: (packages) =>
      `{"lockfileVersion": 3, "packages": {\n${members([
        ['', {}],
        ...packages.map((one) => [`node_modules/${one.name}`, fields(one)] as const),
      ])}\n}}`,
  },
  pnpm('pnpm 5', '5.4', ({ name, version }) => `/${name}/${version}`),
  pnpm('pnpm 6', '6.0', ({ name, version }) => `/${name}@${version}`),
  pnpm('pnpm 9', '9.0', ({ name, version }) => `${name}@${version}`),
  {
    id: 'yarn 1',
    filename: 'yarn.lock',
    write: (packages) =>
      `# yarn lockfile v1\n\n${packages
        .map(
          (one) =>
            `${q(`${one.name}@^${one.version}`)}:\n  version ${q(one.version)}\n` +
            (one.resolved === undefined ? '' : `  resolved ${q(one.resolved)}\n`) +
            (one.integrity === undefined ? '' : `  integrity ${q(one.integrity)}\n`),
        )
        .join('\n')}`,
  },
  {
    id: 'yarn 4',
    filename: 'yarn.lock',
    write: (packages) =>
      `__metadata:\n  version: 8\n\n${packages
        .map(({ name, version, resolved }) => {
          const archive = resolved === undefined ? '' : `::__archiveUrl=${encodeURIComponent(resolved)}`;
          return (
            `${q(`${name}@npm:^${version}`)}:\n  version: ${q(version)}\n` +
            `  resolution: ${q(`${name}@npm:${version}${archive}`)}\n  checksum: 10c0/ab\n  linkType: hard\n`
          );
        })
        .join('\n')}`,
  },
  {
    id: 'bun',
    filename: 'bun.lock',
    write: (packages) =>
      `{"lockfileVersion": 1, "workspaces": {}, "packages": {\n${members(
        packages.map((one) => [
          one.name,
          [`${one.name}@${one.version}`, one.resolved ?? '', {}, ...(one.integrity ? [one.integrity] : [])],
        ]),
      )},\n}}`,
  },
];

/** `name@version` of everything in a lockfile. */
export function specs(lockfile: Lockfile): string[] {
  return lockfile.packages.map(({ name, version }) => `${name}@${version}`);
}

export function notes(lockfile: Lockfile): string {
  return lockfile.notes.map(({ line, what }) => `${line ?? '-'}: ${what}`).join('\n');
}

/** What reading it comes to: a lockfile, or the error that says why not. Anything else that is thrown fails the test. */
export function tried(filename: string, text: string): Lockfile | LockfileUnreadable {
  try {
    return readLockfile(filename, text);
  } catch (error) {
    if (error instanceof LockfileUnreadable) return error;
    throw error;
  }
}

/** The error of a text that must not be read. */
export function refused(filename: string, text: string): LockfileUnreadable {
  const result = tried(filename, text);
  if (result instanceof LockfileUnreadable) return result;
  throw new Error(`read as ${result.format} with ${result.packages.length} packages`);
}
