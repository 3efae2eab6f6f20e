import { join } from 'node:path';
import type { Address, Client, Step, Wanted } from '../clients.ts';

// The registry is always set by environment, which wins over a project's own setting in all six (except for scopes).

const modules = (folder: string, ...path: string[]) => join(folder, 'npm', 'node_modules', ...path);
const node = (folder: string, script: string[], args: string[]): Step => ({
  command: process.execPath,
  args: [modules(folder, ...script), ...args],
});
const native = (folder: string, binary: string[], args: string[]): Step => ({
  command: modules(folder, ...binary),
  args,
});
const specs = (wanted: readonly Wanted[]) =>
  wanted.map(({ name, version }) => (version === undefined ? name : `${name}@${version}`));

const MANIFEST = `${JSON.stringify({ name: 'project', version: '1.0.0', private: true }, null, 2)}\n`;
const registry = (address: Address) => `${address.url}/npm/`;

/** `.npmrc` with a token, as npm, pnpm, bun and deno read it: bound to the registry's address. */
function npmrc(address: Address, more = ''): Record<string, string> {
  if (address.token === undefined) return {};
  const place = registry(address).replace(/^https?:/, '');
  return { '.npmrc': `${place}:_authToken=${address.token}\n${more}` };
}

const npm: Client = {
  id: 'npm',
  ecosystem: 'npm',
  lockfile: 'package-lock.json',
  env: (address) => ({ npm_config_registry: registry(address), npm_config_replace_registry_host: 'always' }),
  files: (address) => ({ 'package.json': MANIFEST, ...npmrc(address) }),
  version: (folder) => node(folder, ['npm', 'bin', 'npm-cli.js'], ['--version']),
  install: (folder, wanted) => node(folder, ['npm', 'bin', 'npm-cli.js'], ['install', ...specs(wanted)]),
  installLocked: (folder) => node(folder, ['npm', 'bin', 'npm-cli.js'], ['ci']),
};

const pnpm = (id: string, step: (folder: string, args: string[]) => Step): Client => ({
  id,
  ecosystem: 'npm',
  lockfile: 'pnpm-lock.yaml',
  env: (address) => ({ npm_config_registry: registry(address), pnpm_config_registry: registry(address) }),
  files: (address) => ({ 'package.json': MANIFEST, ...npmrc(address) }),
  version: (folder) => step(folder, ['--version']),
  install: (folder, wanted) => step(folder, ['add', ...specs(wanted)]),
  installLocked: (folder) => step(folder, ['install', '--frozen-lockfile']),
});

const yarn1: Client = {
  id: 'yarn-1',
  ecosystem: 'npm',
  lockfile: 'yarn.lock',
  env: (address) => ({ npm_config_registry: registry(address), YARN_REGISTRY: registry(address) }),
  // Without always-auth it sends no token for names without a scope.
  files: (address) => ({ 'package.json': MANIFEST, ...npmrc(address, 'always-auth=true\n') }),
  version: (folder) => node(folder, ['yarn', 'bin', 'yarn.js'], ['--version']),
  install: (folder, wanted) => node(folder, ['yarn', 'bin', 'yarn.js'], ['add', ...specs(wanted)]),
  installLocked: (folder) => node(folder, ['yarn', 'bin', 'yarn.js'], ['install', '--frozen-lockfile']),
};

const YARN4 = ['@yarnpkg', 'cli-dist', 'bin', 'yarn.js'];
const yarn4: Client = {
  id: 'yarn-4',
  ecosystem: 'npm',
  lockfile: 'yarn.lock',
  env: (address) => ({
    YARN_NPM_REGISTRY_SERVER: registry(address),
    YARN_UNSAFE_HTTP_WHITELIST: new URL(address.url).hostname,
    YARN_ENABLE_TELEMETRY: '0',
    YARN_NODE_LINKER: 'node-modules',
    ...(address.token === undefined
      ? {}
      : { YARN_NPM_AUTH_TOKEN: address.token, YARN_NPM_ALWAYS_AUTH: 'true' }),
  }),
  // An empty lockfile marks the project's root.
  files: () => ({ 'package.json': MANIFEST, 'yarn.lock': '' }),
  version: (folder) => node(folder, YARN4, ['--version']),
  install: (folder, wanted) => node(folder, YARN4, ['add', ...specs(wanted)]),
  installLocked: (folder) => node(folder, YARN4, ['install', '--immutable']),
};

const BUN = ['@oven', 'bun-linux-x64', 'bin', 'bun'];
const bun: Client = {
  id: 'bun',
  ecosystem: 'npm',
  lockfile: 'bun.lock',
  env: (address) => ({ npm_config_registry: registry(address) }),
  files: (address) => ({ 'package.json': MANIFEST, ...npmrc(address) }),
  version: (folder) => native(folder, BUN, ['--version']),
  install: (folder, wanted) => native(folder, BUN, ['add', ...specs(wanted)]),
  installLocked: (folder) => native(folder, BUN, ['install', '--frozen-lockfile']),
};

const DENO = ['@deno', 'linux-x64-glibc', 'deno'];
const deno: Client = {
  id: 'deno',
  ecosystem: 'npm',
  lockfile: 'deno.lock',
  env: (address) => ({ NPM_CONFIG_REGISTRY: registry(address), DENO_NO_UPDATE_CHECK: '1' }),
  files: (address) => ({ 'deno.json': '{ "nodeModulesDir": "auto" }\n', ...npmrc(address) }),
  version: (folder) => native(folder, DENO, ['--version']),
  install: (folder, wanted) => native(folder, DENO, ['add', ...specs(wanted).map((spec) => `npm:${spec}`)]),
  installLocked: (folder) => native(folder, DENO, ['install', '--frozen']),
};

/** npm, pnpm 12 (native) and 10, yarn 1 and 4, bun, deno. */
export const NPM_CLIENTS: readonly Client[] = [
  npm,
  pnpm('pnpm-12', (folder, args) => native(folder, ['@pnpm', 'exe.linux-x64', 'pnpm'], args)),
  pnpm('pnpm-10', (folder, args) => node(folder, ['pnpm', 'bin', 'pnpm.cjs'], args)),
  yarn1,
  yarn4,
  bun,
  deno,
];
