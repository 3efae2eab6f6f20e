import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { chmod, cp, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ORDER } from '../../src/policy/decide.ts';
import { policyJsonSchema } from '../../src/policy/language/schema.ts';
import { type Firewall, startFirewall } from '../harness/firewall.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';
import { codesIn, readPage, tableOf } from './markdown.ts';

// docs/policy.md: its tables are the code's, its transcript is what a shell prints, its workflows run.

const ROOT = join(import.meta.dirname, '..', '..');
const PAGE = readPage('docs/policy.md', readFileSync(join(ROOT, 'docs/policy.md'), 'utf8'));
const run = promisify(execFile);

/** A folder with `sallyport` on a path. */
async function commandFolder(folder: string): Promise<string> {
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  const text = `#!/bin/sh\nexec ${process.execPath} ${join(ROOT, 'src', 'main.ts')} "$@"\n`;
  await writeFile(join(bin, 'sallyport'), text);
  await chmod(join(bin, 'sallyport'), 0o755);
  return bin;
}

describe('tables', () => {
  test('the order is that of the code', () => {
    expect(tableOf(PAGE, 'step')).toEqual(
      ORDER.map(({ step, asks, codes, observed }) => [
        `\`${step}\``,
        asks,
        codes.map((code) => `\`${code}\``).join(' '),
        observed.length === 0
          ? 'refuses'
          : observed.length === codes.length
            ? 'is told and let pass'
            : `let pass but for ${codes
                .filter((code) => !observed.includes(code))
                .map((code) => `\`${code}\``)
                .join(' ')}`,
      ]),
    );
  });

  test('every requirement of the schema is listed, with its words from loose to strict', () => {
    // biome-ignore lint/suspicious/noExplicitAny: a JSON Schema is looked into member by member
    const schema = policyJsonSchema() as any;
    const known = schema.properties.requirements.properties.npm.properties as Record<string, unknown>;
    const rows = new Map(
      tableOf(PAGE, 'requirement').map(([name = '', values = '']) => [codesIn(name)[0], values]),
    );
    expect([...rows.keys()].sort()).toEqual(Object.keys(known).sort());
    for (const [name, shape] of Object.entries(known)) {
      const words = [...JSON.stringify(shape).matchAll(/"enum":\[([^\]]*)\]/g)].flatMap(
        ([, list = '']) => JSON.parse(`[${list}]`) as string[],
      );
      const said = codesIn(rows.get(name) ?? '');
      if (words.length > 1 && name !== 'licence' && name !== 'provenance')
        expect(said, name).toEqual([...new Set(words)]);
    }
  });
});

describe('the transcript', () => {
  let registry: FakeRegistry;
  let firewall: Firewall;
  let env: NodeJS.ProcessEnv;
  const blocks = PAGE.blocks.filter(({ language }) => language === 'console');
  beforeAll(async () => {
    registry = await startRegistry();
    registry.addNpm('widget', { '1.0.0': {}, '1.1.0': {} });
    registry.addNpm('sprocket', { '2.0.1': {} });
    const start = PAGE.blocks.find(({ text }) => text.includes('mode: observe'))?.text ?? '';
    const month = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
    firewall = await startFirewall({
      policy: { 'default.yaml': `${start.replace(/^until: .*$/m, `until: ${month}`)}\n` },
      upstream: { npm: registry.npmBase, pypi: registry.pypiBase },
    });
    await writeFile(join(firewall.root, 'package.json'), '{ "name": "app", "private": true }\n');
    env = {
      HOME: firewall.root,
      PATH: `${await commandFolder(firewall.root)}:${dirname(process.execPath)}:${process.env['PATH']}`,
      SALLYPORT_DATA: firewall.dataDir,
      SALLYPORT_ALLOWLISTS: firewall.allowlistsDir,
      SALLYPORT_NPM_UPSTREAM: registry.npmBase,
      SALLYPORT_PYPI_UPSTREAM: registry.pypiBase,
      SALLYPORT_PRIVATE_ADDRESSES: '127.0.0.0/8',
      npm_config_registry: `${firewall.url}/npm/`,
      npm_config_cache: join(firewall.root, 'cache'),
      npm_config_audit: 'false',
      npm_config_fund: 'false',
      npm_config_update_notifier: 'false',
    };
  });
  afterAll(async () => {
    await firewall?.remove();
    await registry?.close();
  });

  test('is what a shell prints, one block after the other', { timeout: 120_000 }, async () => {
    expect(blocks.length).toBe(3);
    for (const block of blocks) {
      let real = '';
      for (const line of block.text.split('\n').filter((one) => one.startsWith('$ '))) {
        const { stdout, stderr } = await run('bash', ['-c', line.slice(2)], { cwd: firewall.root, env });
        real += `${line}\n${stdout}${stderr}`;
      }
      expect(settled(real), `${PAGE.file}:${block.line}`).toBe(settled(`${block.text}\n`));
    }
  });
});

/** Times, digests and leaves are of each run; everything else is not. */
function settled(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME')
    .replace(/sha256:[0-9a-f]{64}/g, 'DIGEST')
    .replace(/\b[0-9a-f]{12}$/gm, 'LEAF')
    .replace(/^ *\d+ TIME/gm, 'N TIME')
    .replace(/\(entry \d+\)/g, '(entry N)');
}

describe('in CI', () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'policy-ci-'));
    await cp(join(ROOT, 'allowlists'), join(folder, 'allowlists'), { recursive: true });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function git(...args: string[]): Promise<void> {
    const who = ['-c', 'user.name=ana', '-c', 'user.email=ana@example.test', '-c', 'commit.gpgsign=false'];
    await run('git', [...who, ...args], { cwd: folder });
  }

  async function steps(): Promise<string[]> {
    const text = PAGE.blocks.find((one) => one.text.startsWith('name: policy'))?.text ?? '';
    const workflow = parse(text) as { jobs: { policy: { steps: { run?: string }[] } } };
    return workflow.jobs.policy.steps
      .flatMap((step) => step.run ?? [])
      .filter((one) => !one.startsWith('npm '));
  }

  test('the workflow is green for the starter policy, and shows what a change admits', {
    timeout: 120_000,
  }, async () => {
    await git('init', '--quiet', '--initial-branch', 'main');
    await git('add', 'allowlists');
    await git('commit', '--quiet', '-m', 'start');
    await git('update-ref', 'refs/remotes/origin/main', 'HEAD');
    await writeFile(
      join(folder, 'allowlists', 'team.yaml'),
      'profile: default\nallow: [{ npm: "@acme-tools/*" }]\n',
    );
    const env = {
      ...process.env,
      PATH: `${await commandFolder(folder)}:${process.env['PATH']}`,
      GITHUB_BASE_REF: 'main',
      SALLYPORT_DATA: join(folder, 'data'),
    };
    const commands = await steps();
    expect(commands.map((one) => one.split(' ').slice(0, 3).join(' '))).toEqual([
      'sallyport policy lint',
      'sallyport policy test',
      'sallyport policy diff',
    ]);
    let said = '';
    for (const command of commands) {
      const { stdout, stderr } = await run('bash', ['-ec', command], { cwd: folder, env });
      said += stdout + stderr;
    }
    expect(said).toContain('@acme-tools/*');
  });

  test('the pre-commit hook runs the same commands', () => {
    const text = PAGE.blocks.find((one) => one.text.startsWith('repos:'))?.text ?? '';
    const { repos } = parse(text) as { repos: { hooks: { entry: string; files: string }[] }[] };
    const [hook] = repos[0]?.hooks ?? [];
    expect(hook?.entry).toBe("sh -c 'sallyport policy lint && sallyport policy test'");
    expect(new RegExp(hook?.files ?? '$^').test('allowlists/team.yaml')).toBe(true);
  });
});
