import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { uvOf } from '../harness/clients.ts';
import { compileCache, type JailReport, jail } from '../harness/jail.ts';
import { type Base, MARK } from './base.ts';
import type { Victim, VictimOptions } from './victim.ts';

const MANIFEST = `${JSON.stringify({ name: 'project', version: '1.0.0', private: true }, null, 2)}\n`;
const WITHIN_MS = 120_000;

/** Where a victim installs from: without a token the upstream itself, with one the firewall. */
export interface Source {
  /** `http://127.0.0.1:PORT` of the firewall; null for the upstream itself. */
  readonly gate: { readonly url: string; readonly token: string } | null;
  readonly base: Base;
  /** What `installClients` resolved with. */
  readonly clients: string;
}

export interface OpenVictim extends Victim {
  close(): Promise<void>;
}

/** Makes a home and a project with nothing in them but what points the clients to their registry. */
export async function openVictim({ gate, base, clients }: Source): Promise<OpenVictim> {
  const root = await mkdtemp(join(tmpdir(), 'victim-'));
  const project = join(root, 'project');
  const home = join(root, 'home');
  const tmp = join(root, 'tmp');
  const markFile = join(root, 'mark');
  const venv = join(project, '.venv');
  const npmBase = gate ? `${gate.url}/npm/` : base.npmBase;
  const pypiBase = gate ? `${gate.url}/pypi/simple/` : base.pypiBase;
  const gatePort = gate ? [Number(new URL(gate.url).port)] : base.upstreamPorts;
  const ports = [...gatePort, base.foreignPort];
  const reports: JailReport[] = [];
  const index = new URL(pypiBase);
  if (gate) Object.assign(index, { username: 'agent', password: gate.token });

  const env = {
    PATH: [dirname(process.execPath), join(venv, 'bin'), '/usr/bin', '/bin'].join(':'),
    HOME: home,
    TMPDIR: tmp,
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    COLUMNS: '200',
    GIT_TERMINAL_PROMPT: '0',
    [MARK]: markFile,
    ...compileCache(),
    npm_config_registry: npmBase,
    // Behind the firewall as the README has it; bare as npm comes.
    ...(gate ? { npm_config_replace_registry_host: 'always' } : {}),
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    npm_config_fetch_retries: '0',
    PIP_INDEX_URL: index.href,
    PIP_CONFIG_FILE: '/dev/null',
    PIP_RETRIES: '0',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_COMPILE: '0',
  };

  const empty = async () => {
    for (const folder of [home, tmp]) {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder);
    }
    for (const name of ['node_modules', '.venv'])
      await rm(join(project, name), { recursive: true, force: true });
    if (!gate) return;
    const place = npmBase.replace(/^https?:/, '');
    await writeFile(join(home, '.npmrc'), `${place}:_authToken=${gate.token}\n`);
  };
  await mkdir(project);
  await empty();
  await writeFile(join(project, 'package.json'), MANIFEST);

  const at = (path: string) => (path.startsWith('~/') ? join(home, path.slice(2)) : join(project, path));
  const there = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    );
  const run = async (command: string, args: readonly string[], options: VictimOptions = {}) => {
    const report = await jail({
      port: ports,
      cwd: project,
      env: { ...env, ...options.env },
      command,
      args,
      timeoutMs: options.timeoutMs ?? WITHIN_MS,
    });
    reports.push(report);
    return report;
  };
  const npm =
    (folder: string) =>
    (...args: string[]) =>
      run(process.execPath, [join(clients, 'npm', 'node_modules', folder, 'bin', 'npm-cli.js'), ...args]);
  // The victim's own Python is made when the first pip is typed.
  const madeVenv = async () => {
    if (await there(venv)) return;
    const python = join(clients, 'uv', 'bin', 'python');
    await promisify(execFile)(uvOf(clients), [
      ...['venv', '--quiet', '--no-config', '--python', python],
      venv,
    ]);
  };
  const pip =
    (folder: string) =>
    async (...args: string[]) => {
      await madeVenv();
      const tool = join(clients, folder, 'bin', 'pip');
      return run(tool, ['--python', join('.venv', 'bin', 'python'), ...args]);
    };

  return {
    bare: gate === null,
    npmBase,
    pypiBase,
    project,
    home,
    reports,
    npm: npm('npm'),
    npm12: npm('npm-12'),
    pip: pip('pip-26'),
    pip23: pip('pip-23'),
    async python(...args) {
      await madeVenv();
      return run(join(venv, 'bin', 'python'), args);
    },
    run,
    async write(path, text) {
      await mkdir(dirname(at(path)), { recursive: true });
      await writeFile(at(path), text);
    },
    read: (path) => readFile(at(path), 'utf8').catch(() => null),
    exists: (path) => there(at(path)),
    marked: () => there(markFile),
    fresh: empty,
    close: () => rm(root, { recursive: true, force: true }),
  };
}
