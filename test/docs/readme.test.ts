import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadPolicy } from '../../src/allowlists.ts';
import { startHint } from '../../src/cli/client-config.ts';
import { type Actions, program } from '../../src/cli/program.ts';
import { loadConfig } from '../../src/config.ts';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { runCases } from '../../src/policy/cases/cases.ts';
import { parsePolicy } from '../../src/policy/load.ts';
import { type Firewall, startFirewall } from '../harness/firewall.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';
import { commandNames, mentions, problemOf } from './commands.ts';
import { type Block, codesIn, pages, readPage, tableOf } from './markdown.ts';

// What the documents say is what the program does: commands, settings, policies, answers, addresses.

const ROOT = join(import.meta.dirname, '..', '..');
const PAGES = pages();
const README = PAGES.find((page) => page.file === 'README.md') ?? readPage('README.md', '');
const SCRIPTS = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object }).scripts;
const ROOT_COMMAND = program({} as Actions, '0.0.0', () => {});
const BLOCKS = PAGES.flatMap((page) => page.blocks);
const at = (block: Block) => `${block.file}:${block.line}`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'docs-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('commands', () => {
  const said = PAGES.flatMap(mentions);

  test('every one that is named exists, with its options', () => {
    expect(said.length).toBeGreaterThan(10);
    expect(said.map((mention) => problemOf(ROOT_COMMAND, mention)).filter(Boolean)).toEqual([]);
  });

  test('one that does not exist is noticed', () => {
    const page = readPage(
      'x.md',
      '`sallyport vault shrink` and `sallyport ledger list --colour`\n```sh\nsallyport policy grow\n```\n',
    );
    expect(mentions(page).map((mention) => problemOf(ROOT_COMMAND, mention))).toEqual([
      'x.md: sallyport policy grow: there is no such command',
      'x.md: sallyport vault shrink: there is no such command',
      'x.md: sallyport ledger list --colour: there is no option --colour',
    ]);
  });

  test('the README lists all of them, each with all of its options', () => {
    const rows = tableOf(README, 'command');
    for (const name of commandNames(ROOT_COMMAND)) {
      const row = rows.find(([cell]) => ` ${codesIn(cell ?? '')[0]} `.startsWith(` sallyport ${name} `));
      expect(row, name).toBeDefined();
      const [first = '', second = ''] = name.split(' ');
      const command = ROOT_COMMAND.commands.find((one) => one.name() === first);
      const leaf = command?.commands.find((one) => one.name() === second) ?? command;
      const options = (leaf?.options ?? []).map((one) => one.long).filter((one) => one !== '--config');
      expect(
        options.filter((option) => !row?.join(' ').includes(option ?? '')),
        name,
      ).toEqual([]);
    }
  });
});

describe('npm scripts and test files', () => {
  const code = [
    ...PAGES.flatMap((page) => page.spans),
    ...BLOCKS.filter((b) => b.language === 'sh').map((b) => b.text),
  ];

  test('every script that is named exists', () => {
    const named = code.flatMap((text) =>
      [...text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map((m) => m[1] ?? ''),
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !Object.hasOwn(SCRIPTS, name))).toEqual([]);
  });

  test('every promise has a command, whose tests exist', () => {
    const promises = /^## Promises$([\s\S]*?)^## /m.exec(README.text)?.[1] ?? '';
    const items = promises.split(/^\d+\. /m).slice(1);
    expect(items).toHaveLength(8);
    for (const item of items) {
      const commands = codesIn(item).filter((text) => text.startsWith('npm '));
      expect(commands.length, item).toBeGreaterThan(0);
      for (const command of commands) {
        const [, full, paths = ''] = /^npm (?:test|run (test:full)) -- (.+)$/.exec(command) ?? [];
        for (const path of paths.split(' ')) {
          expect(existsSync(join(ROOT, path)), `${command}: ${path}`).toBe(true);
          expect(path.startsWith('test/full/'), command).toBe(full !== undefined);
        }
      }
    }
  });

  test('what holds of policies and evidence has a command each, whose tests exist', () => {
    const rows = tableOf(README, 'what holds');
    expect(rows.length).toBeGreaterThan(12);
    for (const [what, cell = ''] of rows) {
      const [, full, paths = ''] =
        /^npm (?:test|run (test:full)) -- (.+)$/.exec(codesIn(cell)[0] ?? '') ?? [];
      expect(paths, what).not.toBe('');
      for (const path of paths.split(' ')) {
        expect(existsSync(join(ROOT, path)), path).toBe(true);
        expect(path.startsWith('test/full/'), path).toBe(full !== undefined);
      }
    }
  });

  test('the first command under Test is the one that decides', () => {
    const section = /^## Test$([\s\S]*?)^## /m.exec(README.text)?.[1] ?? '';
    expect(readPage('x', section).blocks[0]).toMatchObject({ language: 'sh', text: 'npm ci && npm test' });
  });
});

describe('configuration', () => {
  const rows = tableOf(README, 'key');
  const variables = rows.flatMap(([, cell]) => codesIn(cell ?? ''));
  const keys = rows.flatMap(([cell]) => codesIn(cell ?? ''));

  const load = (config: unknown) => {
    const file = join(folder, 'sallyport.yaml');
    writeFileSync(file, stringify(config));
    return loadConfig({}, file);
  };

  test('every variable in the table is a setting, and every setting is in the table', () => {
    const source = readFileSync(join(ROOT, 'src/config.ts'), 'utf8');
    const known = new Set([...source.matchAll(/SALLYPORT_[A-Z_]+/g)].map((m) => m[0]));
    const apart = ['SALLYPORT_CONFIG', 'SALLYPORT_', ...reserved(source)];
    expect([...variables].sort()).toEqual([...known].filter((name) => !apart.includes(name)).sort());
    for (const name of variables) expect(() => loadConfig({ [name]: '' })).not.toThrow();
    for (const name of reserved(source)) {
      expect(() => loadConfig({ [name]: 'x' })).toThrow('not available');
      expect(README.text).toContain(name);
    }
    expect(() => loadConfig({ SALLYPORT_NO_SUCH: 'x' })).toThrow('is not a setting');
  });

  test('no page names another variable', () => {
    const inTests = ['SALLYPORT_TOKEN', 'SALLYPORT_CLIENTS', 'SALLYPORT_CONFIG'];
    const known = new Set([
      ...variables,
      ...reserved(readFileSync(join(ROOT, 'src/config.ts'), 'utf8')),
      ...inTests,
    ]);
    const named = PAGES.flatMap((page) =>
      [...page.text.matchAll(/SALLYPORT_[A-Z_]*[A-Z]/g)].map((m) => m[0]),
    );
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  test('every key in the table is known', () => {
    for (const key of keys) {
      const nested = key.split('.').reduceRight<unknown>((value, part) => ({ [part]: value }), { no: 1 });
      let words = '';
      try {
        load(nested);
      } catch (error) {
        words = String(error);
      }
      expect(words, key).not.toContain('nrecognized key');
      expect(words, key).toContain(key);
    }
  });

  test('every key with a default is in the table, and the defaults are right', () => {
    const defaults = Object.fromEntries(
      rows.flatMap(([cell, , value]) => {
        const said = codesIn(value ?? '')[0];
        return said === undefined
          ? []
          : codesIn(cell ?? '').map((key): [string, unknown] => [key, parse(said)]);
      }),
    );
    expect(load(nest(defaults))).toEqual(loadConfig({}));
    expect(Object.keys(flat(loadConfig({}))).sort()).toEqual(Object.keys(defaults).sort());
  });
});

describe('YAML', () => {
  // Workflows of others, which test/docs/policy.test.ts runs.
  const yaml = BLOCKS.filter((block) => block.language === 'yaml' && !/^(jobs|repos):/m.test(block.text));

  test('there is one of each kind', () => {
    expect(new Set(yaml.map((block) => kindOf(block.text)))).toEqual(
      new Set(['config', 'policy', 'cases', 'auth']),
    );
  });

  test.each(yaml.map((block) => [at(block), block] as const))('%s loads', (_, block) => {
    const text = filled(block.text);
    const kind = kindOf(text);
    const file = join(folder, 'block.yaml');
    writeFileSync(file, text);
    const schemes = ECOSYSTEMS.map((one) => one.versions);
    if (kind === 'policy') {
      const { extends: upper = [] } = parse(text) as { extends?: string[] };
      const layers = upper.map((name) => ({ path: `${name}.yaml`, text: `profile: ${name}\n` }));
      expect(() => parsePolicy([...layers, { path: 'block.yaml', text }], schemes)).not.toThrow();
    } else if (kind === 'cases') {
      // What they expect is held by test/policy/starter.test.ts.
      const policy = parsePolicy([{ path: 'a.yaml', text: 'profile: default\n' }], schemes);
      expect(runCases(policy, [{ path: 'block.yaml', text }], schemes).length).toBeGreaterThan(0);
    } else if (kind === 'auth') expect(loadConfig({ SALLYPORT_AUTH: file }).auth.tokens).not.toEqual([]);
    else expect(() => loadConfig({}, file)).not.toThrow();
  });

  test('the README’s policy adds to the starter policy, and decides as its cases would', async () => {
    const policy = await loadPolicy(join(ROOT, 'allowlists'));
    const text = filled(
      yaml.find((block) => block.file === 'README.md' && kindOf(block.text) === 'policy')?.text ?? '',
    );
    const schemes = ECOSYSTEMS.map((one) => one.versions);
    const cases = `profile: default\ncases:
  - { npm: left-pad@1.3.0, expect: allow, why: in range }
  - { npm: left-pad@1.3.0, age: 6d, expect: refuse, code: TOO_YOUNG, why: too young }
  - { npm: left-pad@2.0.0, expect: refuse, code: VERSION_NOT_ALLOWED, why: out of range }
  - { npm: "@acme/x", expect: refuse, code: NOT_ALLOWLISTED, why: internal }
  - { npm: "@acme-tools/x", expect: allow, why: a prefix }
  - { npm: "@acme-tools/x@1.0.0", vulnerability: high, expect: allow, why: it is told and let in }
  - { npm: "@acme-tools/x@1.0.0", vulnerability: critical, expect: allow, why: this too }
  - { npm: left-pad@1.3.1, age: 1d, at: 2027-01-31, waived: age, expect: allow, why: waived }
  - { npm: left-pad@1.3.1, age: 1d, at: 2027-02-01, expect: refuse, code: TOO_YOUNG, why: no longer }
  - { pypi: six@1.16.0, age: 0, licence: GPL-3.0-only, expect: allow, why: pinned and warned of }
  - { pypi: six@1.16.0, startup-hooks: true, expect: refuse, code: STARTUP_HOOK, why: a pin does not stand for it }
  - { npm: cowsay, expect: refuse, code: NOT_ALLOWLISTED, why: no rule }\n`;
    const results = runCases(
      parsePolicy([{ path: 'a.yaml', text }], schemes),
      [{ path: 'c.yaml', text: cases }],
      schemes,
    );
    expect(results.filter((result) => !result.passed)).toEqual([]);
    expect(policy.profiles.size).toBeGreaterThan(0);
  });
});

describe('what the program answers', () => {
  let upstream: FakeRegistry;
  let firewall: Firewall;
  beforeAll(async () => {
    upstream = await startRegistry();
    firewall = await startFirewall({
      policy: { 'a.yaml': 'profile: default\nallow:\n  - npm: express\n' },
      upstream: { npm: upstream.npmBase, pypi: upstream.pypiBase },
    });
  });
  afterAll(async () => {
    await firewall?.remove();
    await upstream?.close();
  });

  test('serve prints what the README shows', () => {
    const shown = README.blocks.find((block) => block.language === 'text')?.text;
    expect(shown).toBe(startHint('http://127.0.0.1:4880', false).trimEnd());
    expect(firewall.log).toContain(startHint(firewall.url, false));
  });

  test('a refusal has the body, and a ledger row the form, that the README shows', async () => {
    const answer = await fetch(`${firewall.url}/npm/cowsay`);
    const body = (await answer.text()).replaceAll(firewall.url, 'http://127.0.0.1:4880');
    const shown = README.blocks.find((block) => block.language === 'json')?.text ?? '';
    const plain = (text: string) => JSON.parse(text.replace(/[0-9a-f]{64}/g, '<leaf>')) as { error: string };
    expect(plain(body)).toEqual(plain(shown));
    expect(answer.status).toBe(403);
    expect(answer.statusText).toBe(plain(shown).error);
    expect(answer.headers.get('npm-notice')).toBe(plain(shown).error);

    const console = README.blocks.find((block) => block.language === 'console')?.text ?? '';
    expect(console).toContain(`npm notice ${plain(shown).error}\n`);
    const { stdout } = await firewall.command('ledger', 'list', '--verdict', 'refuse');
    const form = (line: string | undefined) =>
      line?.replace(/^ *\d+ [\d:.TZ-]+/, '<seq> <time>').replace(/[0-9a-f]{12}$/, '<leaf>');
    const row = console.split('\n').find((line) => / decision refuse .*npm\/cowsay/.test(line));
    expect(form(stdout.split('\n')[0])).toBe(form(row));
    expect(upstream.pathsAsked()).toEqual([]);
  });
});

describe('links and addresses', () => {
  test('every relative link leads somewhere', () => {
    const lost: string[] = [];
    for (const page of PAGES) {
      for (const link of page.links) {
        if (/^https?:/.test(link)) continue;
        const [path = '', anchor] = link.split('#');
        const file = path === '' ? join(ROOT, page.file) : resolve(ROOT, dirname(page.file), path);
        const target = PAGES.find((one) => join(ROOT, one.file) === file);
        if (!existsSync(file) || (anchor && target && !target.anchors.has(anchor)))
          lost.push(`${page.file}: ${link}`);
      }
    }
    expect(lost).toEqual([]);
  });

  test('what a packed document links to is packed with it', () => {
    const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
    const isPacked = (path: string) => files.some((one) => path === one || path.startsWith(`${one}/`));
    const deeper = files.filter((one) => one.includes('/') && one.endsWith('.md'));
    const packed = [
      ...PAGES.filter((page) => isPacked(page.file)),
      ...deeper.map((file) => readPage(file, readFileSync(join(ROOT, file), 'utf8'))),
    ];
    expect(packed.map((page) => page.file)).toContain('src/ledger/log/SPEC.md');
    const lost = packed.flatMap((page) =>
      page.links.flatMap((link) => {
        const [path = ''] = link.split('#');
        if (/^https?:/.test(link) || path === '') return [];
        const target = relative(ROOT, resolve(ROOT, dirname(page.file), path));
        return isPacked(target) && existsSync(join(ROOT, target)) ? [] : [`${page.file}: ${link}`];
      }),
    );
    expect(lost).toEqual([]);
  });

  // That no registry's address stands in them is held for every file of the tree by test/architecture.test.ts.
  test('no path of anybody’s machine', () => {
    const found = PAGES.flatMap(
      (page) => page.text.match(/(?<![\w.])\/(?:home|root|Users|work|tmp)\/[\w.]+/g) ?? [],
    );
    expect(found).toEqual([]);
  });
});

function kindOf(text: string): 'config' | 'policy' | 'cases' | 'auth' {
  const keys = Object.keys(parse(filled(text)) as object);
  if (keys.includes('cases')) return 'cases';
  if (keys.includes('profile')) return 'policy';
  return keys.length === 1 && keys[0] === 'tokens' ? 'auth' : 'config';
}

/** Digests that a document leaves out (`sha256:…`) are made up, each another one. */
function filled(text: string): string {
  let n = 0;
  const hex = (length: number) => (++n).toString(16).padStart(length, '0');
  return text
    .replace(/sha256:…/g, () => `sha256:${hex(64)}`)
    .replace(/sha512-…/g, () => `sha512-${Buffer.from(hex(128), 'hex').toString('base64')}`);
}

function reserved(source: string): string[] {
  const list = /const NOT_YET = \[([^\]]*)\]/.exec(source)?.[1] ?? '';
  return [...list.matchAll(/'(\w+)'/g)].map((m) => m[1] ?? '');
}

/** `limits.vault` → value, for every key that has one; lists and empty mappings are values. */
function flat(config: object, prefix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
        ? Object.entries(flat(value, `${prefix}${key}.`))
        : [[prefix + key, value]],
    ),
  );
}

function nest(values: Readonly<Record<string, unknown>>): object {
  const root: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) {
    const parts = key.split('.');
    let target = root;
    for (const part of parts.slice(0, -1)) {
      target[part] ??= {};
      target = target[part] as Record<string, unknown>;
    }
    target[parts.at(-1) ?? ''] = value;
  }
  return root;
}
