import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';
import { type Ran, sallyport } from '../harness/sallyport.ts';

/** A registry of its own, an allowlists folder and a project, for the commands that read lockfiles. */
export interface LockPlace {
  readonly root: string;
  readonly registry: FakeRegistry;
  readonly env: Readonly<Record<string, string>>;
  run(...args: string[]): Promise<Ran>;
  /** Writes a file below the root; resolves with its path. */
  put(name: string, content: string | object): Promise<string>;
  /** Replaces the whole allowlists folder. */
  policy(files: Readonly<Record<string, string>>): Promise<void>;
  /** Files of the allowlists folder: name → text. */
  allowlists(): Promise<Record<string, string>>;
  /** Names of packages that the upstream was asked for since the last call. */
  asked(): string[];
  remove(): Promise<void>;
}

export async function lockPlace(): Promise<LockPlace> {
  const root = await mkdtemp(join(tmpdir(), 'lock-'));
  const registry = await startRegistry();
  const allowlists = join(root, 'allowlists');
  const env = {
    SALLYPORT_DATA: join(root, 'data'),
    SALLYPORT_ALLOWLISTS: allowlists,
    SALLYPORT_NPM_UPSTREAM: registry.npmBase,
    SALLYPORT_PYPI_UPSTREAM: registry.pypiBase,
    SALLYPORT_PRIVATE_ADDRESSES: '127.0.0.0/8',
  };
  const put = async (name: string, content: string | object) => {
    const path = join(root, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
    return path;
  };
  return {
    root,
    registry,
    env,
    run: (...args) => sallyport(env, ...args),
    put,
    async policy(files) {
      await rm(allowlists, { recursive: true, force: true });
      for (const [name, text] of Object.entries(files)) await put(`allowlists/${name}`, text);
    },
    async allowlists() {
      const names = (await readdir(allowlists)).sort();
      const texts = await Promise.all(names.map((name) => readFile(join(allowlists, name), 'utf8')));
      return Object.fromEntries(names.map((name, i) => [name, texts[i] ?? '']));
    },
    asked() {
      const paths = registry
        .pathsAsked()
        .map((line) => decodeURIComponent(line.replace(/^GET \/[^/]+\//, '')));
      registry.requests.length = 0;
      return [...new Set(paths.map((path) => path.replace(/\/$/, '')))].sort();
    },
    async remove() {
      await registry.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** An entry of a package-lock; the address and the digest are the registry's unless others are given. */
export interface LockedEntry {
  readonly resolved?: string;
  readonly integrity?: string | null;
  readonly hasInstallScript?: true;
}

/** A package-lock v3 of packages of the registry: `{ 'left-pad@1.3.0': {} }`. */
export function packageLock(registry: FakeRegistry, entries: Readonly<Record<string, LockedEntry>>): object {
  const packages: Record<string, object> = { '': { name: 'app', version: '1.0.0' } };
  const seen = new Set<string>();
  for (const [subject, entry] of Object.entries(entries)) {
    const at = subject.lastIndexOf('@');
    const [name, version] = [subject.slice(0, at), subject.slice(at + 1)];
    // A second version of a name lies below another package.
    const place = seen.has(name)
      ? `node_modules/host-${version}/node_modules/${name}`
      : `node_modules/${name}`;
    seen.add(name);
    const { integrity, ...rest } = entry;
    const digest = integrity === undefined ? sri(registry.tarball(name, version)) : integrity;
    packages[place] = {
      version,
      resolved: registry.tarballUrl(name, version),
      ...(digest === null ? {} : { integrity: digest }),
      ...rest,
    };
  }
  return { name: 'app', version: '1.0.0', lockfileVersion: 3, requires: true, packages };
}

export function sri(bytes: Uint8Array): string {
  return `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A requirements file with hashes: `{ 'six==1.16.0': ['six-1.16.0-py3-none-any.whl'] }`, by file name or digest. */
export function requirements(
  registry: FakeRegistry,
  entries: Readonly<Record<string, readonly string[]>>,
): string {
  return Object.entries(entries)
    .map(([subject, files]) => {
      const hashes = files.map((file) => (file.startsWith('sha256:') ? file : sha256(registry.file(file))));
      return [subject, ...hashes.map((hash) => `    --hash=${hash}`)].join(' \\\n');
    })
    .join('\n')
    .concat('\n');
}
