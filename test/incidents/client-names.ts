import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClientId } from './row.ts';

/** What a table calls each client, with the version that is installed in the folder of `installClients`. */
export async function clientNames(folder: string): Promise<Readonly<Record<ClientId, string>>> {
  const npm = async (name: string) => {
    const manifest = await readFile(join(folder, 'npm', 'node_modules', name, 'package.json'), 'utf8');
    return `npm ${(JSON.parse(manifest) as { version: string }).version}`;
  };
  const pip = async (venv: string) => {
    const lib = join(folder, venv, 'lib');
    const [python = ''] = await readdir(lib);
    const installed = await readdir(join(lib, python, 'site-packages'));
    const version = installed.map((name) => /^pip-(.+)\.dist-info$/.exec(name)?.[1]).find(Boolean);
    return `pip ${version ?? '?'}`;
  };
  return {
    'npm-11': await npm('npm'),
    'npm-12': await npm('npm-12'),
    'pip-26': await pip('pip-26'),
    'pip-23': await pip('pip-23'),
  };
}
