import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const PACKAGES = ['rsyslog', 'rsyslog-openssl', 'libestr0', 'libfastjson4', 'liblognorm5'];
const run = promisify(execFile);

/** Why there can be no rsyslog here, for the name of a skipped test; null where it can. */
export function reasonForNoRsyslog(): string | null {
  return spawnSync('apt-get', ['--version']).status === 0 && spawnSync('dpkg', ['--version']).status === 0
    ? null
    : 'no rsyslog: no apt-get and dpkg to get it with';
}

/** The system's own package, unpacked into a folder outside the project and not installed. Resolves with that. */
export async function unpackRsyslog(): Promise<string> {
  const folder = join(tmpdir(), 'sallyport-rsyslog');
  if (existsSync(folder)) return folder;
  const fresh = await mkdtemp(join(tmpdir(), 'rsyslog-'));
  await run('apt-get', ['download', '-q', ...PACKAGES], { cwd: fresh });
  for (const name of await readdir(fresh))
    await run('dpkg', ['-x', name, join(fresh, 'root')], { cwd: fresh });
  await rename(join(fresh, 'root'), folder);
  await rm(fresh, { recursive: true });
  return folder;
}

export interface Rsyslog {
  readonly port: number;
  /** The lines that it wrote: version, priority, host, app name, message id and message of each. */
  lines(): Promise<string[]>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Starts it in `folder`, which keeps what it wrote; on `port`, or on one that it chooses. */
export async function startRsyslog(
  root: string,
  folder: string,
  tls: { readonly cert: string; readonly key: string } | null,
  port = 0,
): Promise<Rsyslog> {
  await mkdir(folder, { recursive: true });
  const at = (name: string) => join(folder, name);
  if (tls) await writeFile(at('cert.pem'), tls.cert);
  if (tls) await writeFile(at('key.pem'), tls.key);
  const driver = 'StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon"';
  await rm(at('port'), { force: true });
  await writeFile(
    at('conf'),
    [
      `global(maxMessageSize="128k" workDirectory="${folder}"`,
      tls
        ? ` defaultNetstreamDriverCAFile="${at('cert.pem')}" defaultNetstreamDriverCertFile="${at('cert.pem')}" defaultNetstreamDriverKeyFile="${at('key.pem')}")`
        : ')',
      `module(load="imtcp" ${tls ? driver : ''})`,
      `input(type="imtcp" port="${port}" address="127.0.0.1" listenPortFileName="${at('port')}")`,
      'template(name="raw" type="string" string="%protocol-version% %pri% %hostname% %app-name% %msgid% %msg%\\n")',
      `*.* action(type="omfile" file="${at('out')}" template="raw")`,
      '',
    ].join('\n'),
  );
  const libraries = join(root, 'usr/lib/x86_64-linux-gnu');
  const child = spawn(
    join(root, 'usr/sbin/rsyslogd'),
    ['-n', '-f', at('conf'), '-i', at('pid'), '-M', join(libraries, 'rsyslog')],
    { env: { ...process.env, LD_LIBRARY_PATH: libraries }, stdio: 'ignore' },
  );
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const listens = async () => {
    const said = port || Number(await readFile(at('port'), 'utf8').catch(() => '0'));
    return said > 0 && (await canConnect(said)) ? said : null;
  };
  let found = await listens();
  for (let i = 0; i < 500 && found === null; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    found = await listens();
  }
  if (found === null) {
    child.kill('SIGKILL');
    throw new Error('rsyslog does not listen');
  }
  return {
    port: found,
    lines: async () => (await readFile(at('out'), 'utf8').catch(() => '')).split('\n').slice(0, -1),
    async kill() {
      child.kill('SIGKILL');
      await gone;
      await rm(at('pid'), { force: true });
    },
  };
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
