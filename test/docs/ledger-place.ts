import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Firewall, startFirewall } from '../harness/firewall.ts';
import { compileCache } from '../harness/jail.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';
import type { Block, Page } from './markdown.ts';

// The place in which docs/ledger.md happens: its configuration and its policy, a registry, two agents with real npm and an
// auditor, each with a token, and a second machine. What the page prints is typed into a shell here, line by line.

const ROOT = join(import.meta.dirname, '..', '..');

/** The address that the page writes. */
const SHOWN = 'http://127.0.0.1:4880';

export interface LedgerPlace {
  readonly root: string;
  /** Types the lines of a block into a shell; gives what stands in the terminal then. */
  typed(block: Block): Promise<string>;
  remove(): Promise<void>;
}

interface Token {
  readonly token: string;
  readonly hash: string;
}

/** `page`: its first two YAML blocks are the configuration and the policy. */
export async function startLedgerPlace(page: Page): Promise<LedgerPlace> {
  const root = await mkdtemp(join(tmpdir(), 'docs-ledger-'));
  const registry = await startRegistry();
  let firewall: Firewall | null = null;
  const remove = async () => {
    await firewall?.remove();
    await registry.close();
    await rm(root, { recursive: true, force: true });
  };
  try {
    addPackages(registry);
    await putCommand(root);
    const env = shellEnvironment(root, registry);
    const tokens = await putConfiguration(root, page, registry, env);
    await mkdir(join(root, 'elsewhere'));
    const place = {
      root,
      remove,
      async typed(block: Block) {
        const lines = block.text.split('\n').filter((line) => line.startsWith('$ '));
        const stopped = lines.some((line) => /cp -r data|ledger rotate|ledger forget/.test(line));
        if (stopped) await firewall?.stop();
        const away = lines.some((line) => line.includes('verify-proof'));
        if (away)
          for (const name of ['ledger.vkey', 'entry-1.proof'])
            await copyFile(join(root, name), join(root, 'elsewhere', name));
        const at = away
          ? { cwd: join(root, 'elsewhere'), env: { PATH: env['PATH'] ?? '', ...compileCache() } }
          : { cwd: root, env };
        let printed = '';
        for (const line of lines) {
          const said = await shell(here(line.slice(2), firewall, registry), at);
          printed += `${line}\n${firewall ? said.replaceAll(firewall.url, SHOWN) : said}`;
          // The next line may be one that reads what this one left.
          if (firewall && line.includes('npm install')) await allPublished(firewall.url);
        }
        if (lines.some((line) => line.includes('sallyport init'))) {
          firewall = await startFirewall({ policy: {}, root, env: upstreamOf(registry) });
          for (const agent of ['build-7', 'ana']) await putAgent(root, agent, tokens, firewall.url);
        }
        return printed;
      },
    };
    return place;
  } catch (error) {
    await remove();
    throw error;
  }
}

function addPackages(registry: FakeRegistry): void {
  const inner = JSON.stringify({ name: 'widget', version: '1.0.0' });
  registry.addNpm('widget', { '1.0.0': {}, '1.1.0': {} });
  registry.addNpm('gadget', {
    '3.0.0': {
      manifest: { dependencies: { widget: '1.0.0' }, bundleDependencies: ['widget'] },
      files: { 'node_modules/widget/package.json': inner },
    },
  });
  registry.addNpm('sprocket', { '2.0.1': { manifest: { scripts: { postinstall: 'true' } } } });
}

/** `sallyport` on a path. */
async function putCommand(root: string): Promise<void> {
  await mkdir(join(root, 'bin'));
  const path = join(root, 'bin', 'sallyport');
  await writeFile(path, `#!/bin/sh\nexec ${process.execPath} ${join(ROOT, 'src', 'main.ts')} "$@"\n`);
  await chmod(path, 0o755);
}

function upstreamOf(registry: FakeRegistry) {
  return { SALLYPORT_NPM_UPSTREAM: registry.npmBase, SALLYPORT_PRIVATE_ADDRESSES: '127.0.0.0/8' };
}

function shellEnvironment(root: string, registry: FakeRegistry): Record<string, string> {
  return {
    HOME: root,
    PATH: `${join(root, 'bin')}:${dirname(process.execPath)}:${process.env['PATH']}`,
    ...compileCache(),
    ...upstreamOf(registry),
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
  };
}

/** Writes the page's configuration and policy, with the digests of here, and an end that is to come. */
async function putConfiguration(
  root: string,
  page: Page,
  registry: FakeRegistry,
  env: Record<string, string>,
): Promise<ReadonlyMap<string, Token>> {
  const [config = '', policy = ''] = page.blocks
    .filter(({ language }) => language === 'yaml')
    .map(({ text }) => `${text}\n`);
  const tokens = new Map<string, Token>();
  for (const [, agent = '', rest = ''] of config.matchAll(/agent: ([\w-]+)(.*)/g)) {
    const role = rest.includes('auditor') ? ' --auditor' : '';
    const made = await shell(`sallyport token --json --agent ${agent}${role}`, { cwd: root, env });
    tokens.set(agent, JSON.parse(made) as Token);
  }
  const hashes = [...tokens.values()].map(({ hash }) => hash);
  await writeFile(
    join(root, 'sallyport.yaml'),
    config.replace(/sha256:…/g, () => hashes.shift() ?? ''),
  );
  await writeFile(join(root, 'audit.token'), `${tokens.get('audit')?.token}\n`);
  await mkdir(join(root, 'allowlists'));
  const month = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  const sprocket = `sha512-${hash('sha512', registry.tarball('sprocket', '2.0.1'), 'base64')}`;
  await writeFile(
    join(root, 'allowlists', 'default.yaml'),
    policy.replace('sha512-…', sprocket).replace(/expires: [\d-]+/, `expires: ${month}`),
  );
  return tokens;
}

async function putAgent(
  root: string,
  agent: string,
  tokens: ReadonlyMap<string, Token>,
  url: string,
): Promise<void> {
  const folder = join(root, agent);
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), '{ "name": "app", "private": true }\n');
  const lines = [
    `registry=${url}/npm/`,
    'replace-registry-host=always',
    `${url.slice('http:'.length)}/npm/:_authToken=${tokens.get(agent)?.token}`,
    `cache=${join(root, `${agent}.cache`)}`,
  ];
  await writeFile(join(folder, '.npmrc'), `${lines.join('\n')}\n`);
}

/** A line as it must be typed here: another port, another day, and the digest of the file that is meant. */
function here(line: string, firewall: Firewall | null, registry: FakeRegistry): string {
  const day = (ahead: number) => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
  return line
    .replaceAll(SHOWN, firewall?.url ?? SHOWN)
    .replace(/--since \d{4}-\d\d-\d\d --until \d{4}-\d\d-\d\d/, `--since ${day(-1)} --until ${day(1)}`)
    .replace(
      /--digest sha256:[0-9a-f]{64}/,
      `--digest sha256:${hash('sha256', registry.tarball('widget', '1.1.0'), 'hex')}`,
    );
}

/** Entries are under a checkpoint within two seconds: the page's reader types more slowly than a test. */
async function allPublished(url: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const counts = (name: string) =>
      [...metrics.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\d+)$`, 'gm'))].map(([, n]) => Number(n));
    const appended = counts('sallyport_ledger_entries_total').reduce((sum, count) => sum + count, 0);
    if (appended > 0 && counts('sallyport_log_entries')[0] === appended) return;
    await sleep(200);
  }
  throw new Error('the log is not published');
}

/** What stands in the terminal, whatever the exit code. */
function shell(line: string, options: { cwd: string; env: Record<string, string> }): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('bash', ['--norc', '-c', line], options, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve(`${stdout}${stderr}`);
    });
  });
}

function hash(algorithm: string, bytes: Uint8Array | undefined, coding: 'hex' | 'base64'): string {
  return createHash(algorithm)
    .update(bytes ?? '')
    .digest(coding);
}
