import { join } from 'node:path';
import { NPM_CLIENTS } from './clients/npm-clients.ts';
import { PYTHON_CLIENTS } from './clients/python-clients.ts';

// The twelve package managers as a table: how each is pointed at a firewall and what it is told to do. How they are run is
// in clients-box.ts; what they are, in clients/install.ts.

/** Where the firewall is, and who asks. */
export interface Address {
  /** `http://127.0.0.1:4880`, without a trailing slash. */
  readonly url: string;
  /** The agent's token; none on loopback without tokens. */
  readonly token?: string;
}

/** A package to install; without a version whatever the client chooses. */
export interface Wanted {
  readonly name: string;
  readonly version?: string;
}

/** One command line. */
export interface Step {
  readonly command: string;
  readonly args: readonly string[];
}

export interface Client {
  readonly id: string;
  readonly ecosystem: 'npm' | 'pypi';
  /** The lockfile's name in the project's folder. */
  readonly lockfile: string;
  /** What is set in the environment, and nothing else, so that it asks the firewall. */
  env(address: Address): Record<string, string>;
  /** The project's files before anything is installed, and the home's (`~/…`): path → text. */
  files(address: Address): Record<string, string>;
  version(folder: string): Step;
  /** Adds packages to the project; leaves the lockfile behind. `folder` is that of install.ts. */
  install(folder: string, wanted: readonly Wanted[]): Step;
  /** Installs what the lockfile says, and fails rather than change it. */
  installLocked(folder: string): Step;
  /** Makes the lockfile of a client that writes none of its own, from a file that it does write. */
  readonly lock?: { readonly from: string; write(text: string): string };
}

/** Every client, those of npm first. */
export const CLIENTS: readonly Client[] = [...NPM_CLIENTS, ...PYTHON_CLIENTS];

export function clientOf(id: string): Client {
  const client = CLIENTS.find((one) => one.id === id);
  if (!client) throw new Error(`no client ${id}`);
  return client;
}

/** The uv that makes virtual environments for all of them. */
export function uvOf(folder: string): string {
  return join(folder, 'uv', 'bin', 'uv');
}
