import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import {
  type Dockerfile,
  type Instruction,
  pairsOf,
  parseDockerfile,
  type Stage,
} from '../../docker/dockerfile.ts';
import type { Ended, Namespaces, Running } from './namespaces.ts';

/*
 * Does what the Dockerfile says, without an engine: each stage is an empty folder that is made the root directory of its
 * commands. The base image is played by this machine's /usr, read-only, and by Node 24 with npm under /opt/node.
 */

const BASE_PATH = '/opt/node/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const CERTIFICATES = '/etc/extra-certificates.pem';

interface Built {
  /** The stage's root directory. */
  readonly root: string;
  env: Record<string, string>;
  workdir: string;
  user: string;
  entrypoint: readonly string[];
  command: readonly string[];
  health: readonly string[];
  volume: string | null;
}

export interface Container {
  /** Absolute path inside → folder of this machine. */
  readonly volumes: Readonly<Record<string, string>>;
  readonly readOnly?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

export class Image implements AsyncDisposable {
  readonly #folder: string;
  readonly #last: Built;

  private constructor(folder: string, last: Built) {
    this.#folder = folder;
    this.#last = last;
  }

  /** Builds it. `context` is what the Dockerfile's COPY reads. Needs root, namespaces and the npm registry. */
  static async build(context: string): Promise<Image> {
    const folder = await mkdtemp(join(tmpdir(), 'image-'));
    await chmod(folder, 0o755);
    const file = parseDockerfile(await readFile(join(context, 'Dockerfile'), 'utf8'));
    try {
      await mkdir(join(folder, 'cache'));
      const last = await new Builder(folder, context, file).all();
      return new Image(folder, last);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** The image's files. */
  get root(): string {
    return this.#last.root;
  }

  get health(): readonly string[] {
    return this.#last.health;
  }

  get volume(): string | null {
    return this.#last.volume;
  }

  /** A folder as an engine makes a new volume: with what the image has there, and its owner. */
  async newVolume(): Promise<string> {
    const made = await mkdtemp(join(this.#folder, 'volume-'));
    await rm(made, { recursive: true });
    execFileSync('cp', ['-a', join(this.root, this.volume ?? ''), made]);
    return made;
  }

  /**
   * Starts it with a read-only root directory, no /tmp, no capabilities, and the image's user. `args` replace CMD; with
   * `entrypoint` they replace that too.
   */
  start(
    net: Namespaces,
    name: string,
    container: Container,
    args?: readonly string[],
    entrypoint?: readonly string[],
  ): Running {
    const { command, env, setup } = this.#prepare(container, args, entrypoint);
    return net.start(name, command, env, setup);
  }

  run(
    net: Namespaces,
    name: string,
    container: Container,
    args?: readonly string[],
    entrypoint?: readonly string[],
  ): Promise<Ended> {
    const { command, env, setup } = this.#prepare(container, args, entrypoint);
    return net.run(name, command, env, setup);
  }

  #prepare(container: Container, args = this.#last.command, entrypoint = this.#last.entrypoint) {
    const { root, user, workdir, env } = this.#last;
    const [uid = '', gid = uid] = user.split(':');
    const binds = [
      ...Object.entries(container.volumes).map(
        ([inside, outside]) => `mount --bind ${outside} ${root}${inside}`,
      ),
      ...Object.entries(container.readOnly ?? {}).flatMap(([inside, outside]) => [
        `mount --bind ${outside} ${root}${inside}`,
        `mount -o remount,bind,ro ${root}${inside}`,
      ]),
    ];
    const setup = [mounts(root), `mount -o remount,bind,ro ${root}`, ...binds].join('\n');
    const drop = [
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--clear-groups',
      '--no-new-privs',
      '--bounding-set=-all',
    ];
    const enter = ['chroot', root, 'sh', '-c', `cd ${workdir} && exec "$@"`, 'sh'];
    return {
      command: [...enter, 'setpriv', ...drop, ...entrypoint, ...args],
      env: { PATH: BASE_PATH, HOME: '/nonexistent', ...env, ...container.env },
      setup,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

class Builder {
  readonly #folder: string;
  readonly #context: string;
  readonly #file: Dockerfile;
  readonly #built = new Map<string, Built>();

  constructor(folder: string, context: string, file: Dockerfile) {
    this.#folder = folder;
    this.#context = context;
    this.#file = file;
  }

  async all(): Promise<Built> {
    let last: Built | null = null;
    for (const stage of this.#file.stages) last = await this.#stage(stage);
    if (!last) throw new Error('the Dockerfile has no stage');
    return last;
  }

  async #stage(stage: Stage): Promise<Built> {
    const root = join(this.#folder, `stage-${this.#built.size}`);
    await baseImage(root);
    const built: Built = {
      root,
      env: {},
      workdir: '/',
      user: '0:0',
      entrypoint: [],
      command: [],
      health: [],
      volume: null,
    };
    for (const step of stage.steps) await this.#step(built, step);
    this.#built.set(stage.name ?? root, built);
    return built;
  }

  async #step(built: Built, step: Instruction): Promise<void> {
    switch (step.name) {
      case 'WORKDIR':
        built.workdir = step.rest;
        await mkdir(join(built.root, step.rest), { recursive: true });
        return;
      case 'ENV':
        Object.assign(built.env, Object.fromEntries(pairsOf(step)));
        return;
      case 'COPY':
        return this.#copy(built, step);
      case 'RUN':
        return this.#run(built, step);
      case 'USER':
        built.user = step.rest;
        return;
      case 'VOLUME':
        built.volume = step.rest;
        return;
      case 'HEALTHCHECK':
        built.health = step.exec ?? [];
        return;
      case 'ENTRYPOINT':
        built.entrypoint = step.exec ?? [];
        return;
      case 'CMD':
        built.command = step.exec ?? [];
        return;
      case 'EXPOSE':
      case 'STOPSIGNAL':
        return;
      default:
        throw new Error(`line ${step.line}: ${step.name} cannot be done without an engine`);
    }
  }

  /** A folder's contents go to the target, a file keeps its name where the target ends in a slash. */
  async #copy(built: Built, step: Instruction): Promise<void> {
    const from = step.flags.get('from');
    const source = from === undefined ? this.#context : this.#built.get(from)?.root;
    if (source === undefined) throw new Error(`line ${step.line}: there is no stage ${from}`);
    const paths = step.rest.split(/\s+/);
    const target = paths.pop() ?? '';
    const into = join(built.root, isAbsolute(target) ? target : join(built.workdir, target));
    for (const path of paths) {
      const to = target.endsWith('/') ? join(into, basename(path)) : into;
      await cp(join(source, path), to, { recursive: true, verbatimSymlinks: true });
    }
  }

  async #run(built: Built, step: Instruction): Promise<void> {
    const cache = join(built.root, 'cache');
    const script = `${mounts(built.root)}
      mkdir -p ${cache} && mount --bind ${join(this.#folder, 'cache')} ${cache}
      exec chroot ${built.root} sh -c 'cd ${built.workdir} && exec sh -c "$1"' sh "$1"`;
    const env = {
      PATH: BASE_PATH,
      HOME: '/root',
      npm_config_cache: '/cache',
      npm_config_registry: execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim(),
      NODE_EXTRA_CA_CERTS: CERTIFICATES,
      ...built.env,
    };
    try {
      execFileSync(
        'unshare',
        ['--mount', '--propagation', 'private', 'sh', '-e', '-c', script, 'sh', step.rest],
        {
          env,
          stdio: 'pipe',
        },
      );
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer };
      throw new Error(`line ${step.line}: RUN ${step.rest}\n${stdout}\n${stderr}`);
    }
  }
}

/** An empty root directory with the places where the base image is shown. */
async function baseImage(root: string): Promise<void> {
  for (const path of ['usr', 'proc', 'dev', 'etc/ssl', 'root', 'opt/node/bin', 'opt/node/lib/npm'])
    await mkdir(join(root, path), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64'])
    execFileSync('cp', ['-a', `/${name}`, join(root, name)]);
  for (const name of ['resolv.conf', 'hosts', 'nsswitch.conf'])
    await cp(`/etc/${name}`, join(root, 'etc', name), { dereference: true }).catch(() => {});
  await writeFile(
    join(root, 'etc/passwd'),
    'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n',
  );
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n');
  const extra = process.env['NODE_EXTRA_CA_CERTS'];
  await writeFile(join(root, CERTIFICATES), extra ? await readFile(extra) : '');
  await writeFile(join(root, 'opt/node/bin/node'), '');
  const npm = '#!/bin/sh\nexec /opt/node/bin/node /opt/node/lib/npm/bin/npm-cli.js "$@"\n';
  await writeFile(join(root, 'opt/node/bin/npm'), npm, { mode: 0o755 });
  // Bound in `mounts`; where npm lies is known only outside.
  const which = execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim();
  const folder = dirname(dirname(await realpath(which)));
  await writeFile(join(root, 'opt/node/npm-is-at'), folder);
}

/** Shell that makes the folder a mount of its own and shows the base image in it; in a private mount namespace. */
function mounts(root: string): string {
  return `
    mount --bind ${root} ${root}
    mount --rbind /usr ${root}/usr && mount -o remount,bind,ro ${root}/usr
    [ ! -d /etc/ssl ] || mount --bind /etc/ssl ${root}/etc/ssl
    mount --bind ${process.execPath} ${root}/opt/node/bin/node
    mount --bind "$(cat ${root}/opt/node/npm-is-at)" ${root}/opt/node/lib/npm
    mount --rbind /dev ${root}/dev
    mount -t proc proc ${root}/proc`;
}
