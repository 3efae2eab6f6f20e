import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Address, type Client, type Step, uvOf, type Wanted } from './clients.ts';
import { compileCache, type JailReport, jail } from './jail.ts';

const HOME = '~/';

/**
 * A client's project with a home of its own, nothing in any cache, in a jail where only the firewall answers. Every call of
 * `install` and `installLocked` starts from an empty home and without installed files; the lockfile stays.
 */
export class ClientBox {
  readonly client: Client;
  readonly project: string;
  /** Holds project, home and temporary files. */
  readonly root: string;
  readonly #folder: string;
  readonly #address: Address;

  private constructor(client: Client, folder: string, address: Address, root: string) {
    this.client = client;
    this.#folder = folder;
    this.#address = address;
    this.root = root;
    this.project = join(root, 'project');
  }

  /** `folder` is what `installClients` resolved with. */
  static async open(client: Client, folder: string, address: Address): Promise<ClientBox> {
    const box = new ClientBox(client, folder, address, await mkdtemp(join(tmpdir(), 'box-')));
    for (const name of ['project', 'home', 'tmp']) await mkdir(join(box.root, name));
    for (const [path, text] of Object.entries(client.files(address))) {
      if (!path.startsWith(HOME)) await box.write(path, text);
    }
    return box;
  }

  /** Installs packages; afterwards the lockfile is there if the client succeeded. */
  async install(wanted: readonly Wanted[]): Promise<JailReport> {
    await this.#clean();
    const report = await this.run(this.client.install(this.#folder, wanted));
    const { lock } = this.client;
    if (lock && report.code === 0)
      await this.write(this.client.lockfile, lock.write(await this.read(lock.from)));
    return report;
  }

  /** Installs exactly what the lockfile says, from an empty cache. */
  async installLocked(): Promise<JailReport> {
    await this.#clean();
    return this.run(this.client.installLocked(this.#folder));
  }

  /** A step of the caller's own, from an empty cache and with nothing installed. */
  async fresh(step: Step): Promise<JailReport> {
    await this.#clean();
    return this.run(step);
  }

  /** The client's version, as the first number with dots that it prints. */
  async version(): Promise<string> {
    const { stdout, stderr } = await this.run(this.client.version(this.#folder));
    const match = /\d+\.\d+(\.\d+)?/.exec(stdout);
    if (!match) throw new Error(`${this.client.id} tells no version: ${stdout}${stderr}`);
    return match[0];
  }

  run(step: Step, timeoutMs = 120_000): Promise<JailReport> {
    const home = join(this.root, 'home');
    const env = {
      PATH: [dirname(process.execPath), join(this.project, '.venv', 'bin'), '/usr/bin', '/bin'].join(':'),
      HOME: home,
      // yarn 1 keeps root's cache outside of the home otherwise.
      XDG_CACHE_HOME: join(home, '.cache'),
      TMPDIR: join(this.root, 'tmp'),
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
      COLUMNS: '200',
      // What is installed is not run: no bytecode of it is made. (`PIP_NO_COMPILE=1` would mean the contrary.)
      PIP_COMPILE: '0',
      ...compileCache(),
      ...this.client.env(this.#address),
    };
    const port = Number(new URL(this.#address.url).port);
    return jail({ port, cwd: this.project, env, timeoutMs, ...step });
  }

  /** A file of the project. */
  read(path: string): Promise<string> {
    return readFile(join(this.project, path), 'utf8');
  }

  lockfile(): Promise<string> {
    return this.read(this.client.lockfile);
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.project, path)), { recursive: true });
    await writeFile(join(this.project, path), text);
  }

  /** The version of a package that is installed in the project; null where it is not. */
  installed(name: string): Promise<string | null> {
    return this.client.ecosystem === 'npm' ? this.#installedModule(name) : this.#installedDistribution(name);
  }

  /** Removes all of it. */
  close(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #installedModule(name: string): Promise<string | null> {
    const text = await this.read(join('node_modules', name, 'package.json')).catch(() => null);
    return text === null ? null : (JSON.parse(text) as { version: string }).version;
  }

  async #installedDistribution(name: string): Promise<string | null> {
    const lib = join(this.project, '.venv', 'lib');
    const [python] = await readdir(lib);
    const escaped = name.toLowerCase().replace(/[-_.]+/g, '_');
    for (const entry of await readdir(join(lib, python ?? '', 'site-packages'))) {
      const match = /^(.+)-([^-]+)\.dist-info$/.exec(entry);
      if (match?.[1]?.toLowerCase().replace(/[-_.]+/g, '_') === escaped) return match[2] ?? null;
    }
    return null;
  }

  async #clean(): Promise<void> {
    for (const name of ['home', 'tmp']) {
      await rm(join(this.root, name), { recursive: true, force: true });
      await mkdir(join(this.root, name));
    }
    for (const [path, text] of Object.entries(this.client.files(this.#address))) {
      if (path.startsWith(HOME)) await writeFile(join(this.root, 'home', path.slice(HOME.length)), text);
    }
    for (const name of ['node_modules', '.venv', '.yarn', '.pnp.cjs']) {
      await rm(join(this.project, name), { recursive: true, force: true });
    }
    if (this.client.ecosystem === 'npm') return;
    const venv = ['venv', '--quiet', '--no-config', '--python', join(this.#folder, 'uv', 'bin', 'python')];
    await promisify(execFile)(uvOf(this.#folder), [...venv, join(this.project, '.venv')]);
  }
}
