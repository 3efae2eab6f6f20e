import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientsFolder, installClients } from '../../harness/clients/install.ts';
import { type Firewall, startFirewall } from '../../harness/firewall.ts';

// What npm and pip resolve through a firewall is what they resolve without one, but for what its policy refuses.

/** Refuses nothing but what `deny` says. */
const policy = (deny = '') => `
profile: default
allow:
  - { npm: "*", wide: true, requirements: { age: 0, install-scripts: allow, direct-urls: allow } }
  - { pypi: "*", wide: true, requirements: { age: 0, sdist: allow, direct-urls: allow } }
${deny}`;

describe('the same tree with the firewall and without it', () => {
  let firewall: Firewall;
  beforeAll(async () => {
    await installClients();
    firewall = await startFirewall({ policy: { 'wide.yaml': policy() } });
  });
  afterAll(() => firewall?.remove());

  test.each([[['express']], [['vite', 'typescript']]])('npm: %s', async (packages) => {
    const direct = await npmTree(packages, {});
    const through = await npmTree(packages, { npm_config_registry: `${firewall.url}/npm/` });
    expect(firewall.log).toContain(`"path":"/npm/${packages[0]}"`);
    expect(direct.length).toBeGreaterThan(20);
    expect(through).toEqual(direct);
  });

  test('pip: fastapi with pandas', async () => {
    const direct = await pipTree(['fastapi', 'pandas'], {});
    const through = await pipTree(['fastapi', 'pandas'], { PIP_INDEX_URL: `${firewall.url}/pypi/simple/` });
    expect(firewall.log).toContain('"path":"/pypi/simple/pandas/"');
    expect(direct.length).toBeGreaterThan(8);
    expect(through).toEqual(direct);
  });
});

describe('a version that the policy refuses', () => {
  /** The tree, with one leaf of it denied in the very version that is resolved without a firewall. */
  async function without(leaf: string, deny: (version: string) => string, tree: Tree): Promise<void> {
    const direct = await tree({});
    const version = versionOf(direct, leaf);
    const firewall = await startFirewall({ policy: { 'wide.yaml': policy(`deny: [${deny(version)}]\n`) } });
    try {
      const through = await tree({
        npm_config_registry: `${firewall.url}/npm/`,
        PIP_INDEX_URL: `${firewall.url}/pypi/simple/`,
      });
      const others = (places: readonly string[]) => places.filter((place) => !isOf(place, leaf));
      expect(others(through)).toEqual(others(direct));
      expect(versionOf(through, leaf)).toMatch(/^\d+\./);
      expect(versionOf(through, leaf)).not.toBe(version);
    } finally {
      await firewall.remove();
    }
  }

  test('npm: the next one below is taken, and nothing else changes', async () => {
    const tree: Tree = (env) => npmTree(['express'], env);
    await without('qs', (v) => `{ npm: qs, versions: "${v}", reason: test }`, tree);
  });

  test('pip: the next one below is taken, and nothing else changes', async () => {
    const tree: Tree = (env) => pipTree(['fastapi', 'pandas'], env);
    await without('idna', (v) => `{ pypi: idna, versions: "==${v}", reason: test }`, tree);
  });
});

type Tree = (env: Record<string, string>) => Promise<string[]>;

/** Whether a line of a tree is of a package, wherever it lies. */
function isOf(place: string, name: string): boolean {
  return new RegExp(`^(.*/)?${name}(@|==)`).test(place);
}

function versionOf(places: readonly string[], name: string): string {
  const place = places.find((line) => isOf(line, name));
  return /^[^ ]*(?:@|==)([^ ]+)/.exec(place ?? '')?.[1] ?? '';
}

/** `path name@version` of every place in the tree that npm resolves, with its flags and its digest. */
async function npmTree(packages: readonly string[], env: Record<string, string>): Promise<string[]> {
  const cli = join(clientsFolder(), 'npm', 'node_modules', 'npm', 'bin', 'npm-cli.js');
  const args = [cli, 'install', '--package-lock-only', '--no-audit', ...packages];
  const lock = await writtenBy(process.execPath, args, env, 'package-lock.json');
  interface Place {
    readonly version?: string;
    readonly integrity?: string;
    readonly optional?: boolean;
    readonly peer?: boolean;
    readonly hasInstallScript?: boolean;
  }
  return Object.entries((lock as { packages: Record<string, Place> }).packages)
    .filter(([path]) => path !== '')
    .map(([path, { version, integrity, ...place }]) => {
      const flags = (['optional', 'peer', 'hasInstallScript'] as const).filter((flag) => place[flag]);
      return [`${path}@${version}`, integrity, ...flags].join(' ');
    })
    .sort();
}

/** `name==version sha256` of everything that pip would install into an empty environment. */
async function pipTree(packages: readonly string[], env: Record<string, string>): Promise<string[]> {
  const pip = join(clientsFolder(), 'pip-26', 'bin', 'pip');
  const options = ['--dry-run', '--ignore-installed', '--only-binary', ':all:', '--report', 'report.json'];
  const report = await writtenBy(pip, ['install', ...options, ...packages], env, 'report.json');
  interface Entry {
    readonly metadata: { readonly name: string; readonly version: string };
    readonly download_info: { readonly archive_info: { readonly hashes: { readonly sha256: string } } };
  }
  return (report as { install: Entry[] }).install
    .map(({ metadata, download_info: { archive_info: file } }) => {
      return `${metadata.name}==${metadata.version} ${file.hashes.sha256}`;
    })
    .sort();
}

/**
 * The JSON file that a command leaves in the new folder in which it is run, with an empty home; no settings but those of
 * the machine for certificates.
 */
async function writtenBy(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
  file: string,
): Promise<unknown> {
  const root = await mkdtemp(join(tmpdir(), 'tree-'));
  try {
    const folder = join(root, 'project');
    await mkdir(folder);
    await mkdir(join(root, 'home'));
    await writeFile(join(folder, 'package.json'), '{}');
    const machine = Object.entries(process.env).filter(([name]) => /CERT|CA_BUNDLE|_proxy$/i.test(name));
    await promisify(execFile)(command, args, {
      cwd: folder,
      env: {
        ...Object.fromEntries(machine),
        PATH: [dirname(process.execPath), '/usr/bin', '/bin'].join(':'),
        HOME: join(root, 'home'),
        ...env,
      },
      maxBuffer: 1 << 26,
    });
    return JSON.parse(await readFile(join(folder, file), 'utf8'));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
