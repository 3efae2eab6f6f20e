import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { chmod, cp, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { FeedWatch } from '../../src/feed/watch.ts';
import type { FeedState } from '../../src/feeds/open.ts';
import { createMetrics } from '../../src/gate/metrics.ts';
import { sha256 } from '../../src/model/digest.ts';
import { caseJsonSchema } from '../../src/policy/cases/case-schema.ts';
import { runCases } from '../../src/policy/cases/cases.ts';
import { ORDER } from '../../src/policy/decide.ts';
import { policyJsonSchema } from '../../src/policy/language/schema.ts';
import { parsePolicy } from '../../src/policy/load.ts';
import { HouseReadiness } from '../../src/readiness.ts';
import { notesOf } from '../../src/reload/announce.ts';
import { type Firewall, startFirewall } from '../harness/firewall.ts';
import { compileCache } from '../harness/jail.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';
import { codesIn, readPage, tableOf } from './markdown.ts';

// docs/policy.md: its tables are the code's, its transcript is what a shell prints, its workflows run.

const ROOT = join(import.meta.dirname, '..', '..');
const PAGE = readPage('docs/policy.md', readFileSync(join(ROOT, 'docs/policy.md'), 'utf8'));
const SCHEMES = ECOSYSTEMS.map((one) => one.versions);
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

describe('cases', () => {
  const rows = tableOf(PAGE, 'key of a case');

  test('every key of the schema is listed, with its words', () => {
    // biome-ignore lint/suspicious/noExplicitAny: a JSON Schema is looked into member by member
    const known = (caseJsonSchema() as any).properties.cases.items.properties as Record<string, Shape>;
    expect(rows.map(([key = '']) => codesIn(key)[0]).sort()).toEqual(Object.keys(known).sort());
    for (const [key = '', values = ''] of rows) {
      const name = codesIn(key)[0] ?? '';
      const shape = known[name];
      const words = shape?.enum ?? shape?.anyOf?.find((one) => one.enum)?.enum ?? [];
      if (words.length > 0 && words.length < 10) expect(codesIn(values), name).toEqual(words);
      if (shape?.type === 'boolean') expect(codesIn(values), name).toEqual(['true', 'false']);
    }
  });

  test('what is not said is what the page says', () => {
    const text =
      'profile: default\nrequirements: { npm: { age: 7d, malware: required } }\nallow: [{ npm: x }]\n';
    const policy = parsePolicy([{ path: 'a.yaml', text }], SCHEMES);
    const said = 'profile: default\ncases: [{ npm: x@1.0.0, expect: allow, why: nothing is said }]\n';
    const [result] = runCases(policy, [{ path: 'c.yaml', text: said }], SCHEMES);
    expect(result?.passed).toBe(true);
    expect(PAGE.text).toContain('1 January 2030');
  });

  test('the example is green under the starter policy', () => {
    const text = PAGE.blocks.find((one) => /^cases:/m.test(one.text))?.text ?? '';
    const files = globSync('*.yaml', { cwd: join(ROOT, 'allowlists') });
    const starter = files.map((path) => ({
      path,
      text: readFileSync(join(ROOT, 'allowlists', path), 'utf8'),
    }));
    const results = runCases(parsePolicy(starter, SCHEMES), [{ path: 'c.yaml', text }], SCHEMES);
    expect(results).toHaveLength(5);
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
  });
});

interface Shape {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Shape[];
}

const STATUS: FeedState['status'] = {
  format: 1,
  digest: sha256('a feed'),
  bytes: 1,
  at: 0,
  updated: 0,
  records: 1,
  packages: 1,
  ecosystems: {},
  sources: [],
};

describe('what a running server tells', () => {
  test('metrics of these names, with these labels', async () => {
    const metrics = createMetrics({ processMetrics: false });
    metrics.policy('sha256:x', 1);
    metrics.profileModes(new Map([['default', 'observe']]));
    metrics.wouldRefuse('TOO_YOUNG');
    metrics.waiverUsed('age');
    metrics.alarm('policy-reload');
    const rendered = await metrics.render();
    const rows = tableOf(PAGE, 'metric');
    expect(rows.length).toBeGreaterThan(8);
    for (const [metric = '', what = ''] of rows) {
      const name = codesIn(metric)[0] ?? '';
      expect(rendered).toContain(`# HELP ${name} `);
      const line = rendered
        .split('\n')
        .find((one) => one.startsWith(`${name}{`) || one.startsWith(`${name} `));
      const labels = [...(line ?? '').matchAll(/[{,](\w+)=/g)].map(([, label]) => label);
      for (const label of labels) expect(codesIn(what), name).toContain(label);
    }
  });

  test('every line of /readyz that is about a policy or a feed', async () => {
    const digest = `sha512-${Buffer.alloc(64).toString('base64')}`;
    const text = `profile: learn\nmode: observe\nuntil: 2027-01-31\nallow: [{ npm: x }]\nwaivers:
  - { npm: x@1.0.0, integrity: "${digest}", lifts: age, reason: r, approver: ana, expires: 2027-02-02 }\n`;
    const policy = parsePolicy([{ path: 'a.yaml', text }], SCHEMES);
    const days = ['2027-01-20', '2027-02-01', '2027-02-03'];
    const notes = days.flatMap((day) => notesOf(policy, Date.parse(day)));
    const required = 'profile: default\nrequirements: { npm: { malware: required } }\n';
    const health = (state: () => FeedState | null) =>
      new FeedWatch({
        feed: { state },
        now: () => 2,
        policy: () => parsePolicy([{ path: 'a.yaml', text: required }], SCHEMES),
        metrics: { feed: () => {} },
        stale: () => {},
        failed: () => {},
      }).health().notes;
    notes.push(...health(() => null));
    notes.push(...health(() => ({ feed: { digest: sha256('a feed'), at: 0, staleAt: 1 }, status: STATUS })));
    notes.push(
      ...health(() => {
        throw new Error('broken');
      }),
    );
    const house = new HouseReadiness({
      now: () => 0,
      ledger: { health: () => 'ok' },
      writeLedger: async () => {},
      writeVault: async () => {},
      policyFailed: () => true,
      trustFailed: () => false,
      failed: () => {},
    });
    notes.push(...(await house.state()).notes);
    const shown = tableOf(PAGE, 'line of `/readyz`').map(([line = '']) => codesIn(line)[0]);
    expect([...new Set(notes)].sort()).toEqual([...shown].sort());
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
      ...compileCache(),
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

  test('the workflow for a lockfile is green for what is admitted, and red for what is not', {
    timeout: 120_000,
  }, async () => {
    const text = PAGE.blocks.find((one) => one.text.startsWith('name: lockfile'))?.text ?? '';
    const { jobs } = parse(text) as {
      jobs: { lockfile: { steps: { run?: string; env?: Record<string, string> }[] } };
    };
    const step = jobs.lockfile.steps.find(({ run }) => run?.startsWith('sallyport '));
    const registry = await startRegistry();
    try {
      for (const name of ['express', 'stranger']) registry.addNpm(name, { '1.0.0': {} });
      const app = join(folder, 'app');
      await mkdir(app, { recursive: true });
      await cp(join(ROOT, 'allowlists'), join(app, 'policy', 'allowlists'), { recursive: true });
      const env = {
        ...process.env,
        ...step?.env,
        PATH: `${await commandFolder(app)}:${process.env['PATH']}`,
        SALLYPORT_DATA: join(app, 'data'),
        SALLYPORT_NPM_UPSTREAM: registry.npmBase,
        SALLYPORT_PRIVATE_ADDRESSES: '127.0.0.0/8',
      };
      const checked = async (name: string) => {
        const integrity = `sha512-${createHash('sha512').update(registry.tarball(name, '1.0.0')).digest('base64')}`;
        const packages = { '': { name: 'app' }, [`node_modules/${name}`]: { version: '1.0.0', integrity } };
        await writeFile(
          join(app, 'package-lock.json'),
          JSON.stringify({ name: 'app', lockfileVersion: 3, packages }),
        );
        return run('bash', ['-ec', step?.run ?? 'exit 9'], { cwd: app, env }).then(
          ({ stdout }) => ({ code: 0, stdout }),
          ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
        );
      };
      expect(await checked('express')).toMatchObject({ code: 0 });
      const red = await checked('stranger');
      expect(red.code).toBe(1);
      expect(red.stdout).toContain('NOT_ALLOWLISTED');
    } finally {
      await registry.close();
    }
  });

  test('the pre-commit hook runs the same commands', () => {
    const text = PAGE.blocks.find((one) => one.text.startsWith('repos:'))?.text ?? '';
    const { repos } = parse(text) as { repos: { hooks: { entry: string; files: string }[] }[] };
    const [hook] = repos[0]?.hooks ?? [];
    expect(hook?.entry).toBe("sh -c 'sallyport policy lint && sallyport policy test'");
    expect(new RegExp(hook?.files ?? '$^').test('allowlists/team.yaml')).toBe(true);
  });
});
