import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { runCases } from '../../src/policy/cases/cases.ts';
import { isPolicyPath, parsePolicy } from '../../src/policy/load.ts';
import { admittedNames } from '../../src/policy/names.ts';
import { TRIGGERS } from '../../src/policy/providers.ts';
import { readPage } from '../docs/markdown.ts';

const FOLDER = join(import.meta.dirname, '../../allowlists');
const files = globSync('**/*.yaml', { cwd: FOLDER }).map((path) => ({
  path: path.replaceAll('\\', '/'),
  text: readFileSync(join(FOLDER, path), 'utf8'),
}));
const schemes = ECOSYSTEMS.map((ecosystem) => ecosystem.versions);
const policy = parsePolicy(
  files.filter(({ path }) => isPolicyPath(path)),
  schemes,
);
const cases = files.filter(({ path }) => path.startsWith('cases/'));

describe('the starter policy', () => {
  test.each(
    runCases(policy, cases, schemes).map((result) => ({
      ...result,
      title: `${result.subject}: ${result.expected}, ${result.why}`,
    })),
  )('$title', ({ got, expected, place }) => {
    expect({ got, place }).toEqual({ got: expected, place });
  });

  test('holds every root of roots.txt', () => {
    for (const { id, versions } of ECOSYSTEMS) {
      const names = new Set<string>(admittedNames(policy, 'default', id, Date.now()).exact);
      const roots = readFileSync(join(FOLDER, 'roots.txt'), 'utf8')
        .split('\n')
        .filter((line) => line.startsWith(`${id} `))
        .map((line) => line.slice(id.length + 1).replace(/\[.*\]$|(?<=.)@[^/]*$/, ''));
      expect(roots.length).toBeGreaterThan(50);
      expect(roots.filter((root) => !names.has(versions.canonicalName(root) ?? ''))).toEqual([]);
    }
  });

  test('admits whole names only, and lets few of them run code at install', () => {
    for (const { id } of ECOSYSTEMS)
      expect(admittedNames(policy, 'default', id, Date.now()).prefixes).toEqual([]);
    const npm = policy.profiles.get('default')?.ecosystems.get('npm');
    const running = [...(npm?.allow.exact ?? [])].filter(
      ([, rule]) => rule.requirements.installScripts === 'allow',
    );
    expect(running.map(([name]) => name).sort()).toEqual(['@parcel/watcher', 'esbuild', 'fsevents']);
  });
});

describe('what default.yaml has commented out', () => {
  const text = files.find(({ path }) => path === 'default.yaml')?.text ?? '';

  test('loads once the # is taken away, and warns', () => {
    const on = text.replace(/^( +)# (?=vulnerability:|licence:)/gm, '$1');
    const { profiles } = parsePolicy([{ path: 'default.yaml', text: on }], schemes);
    for (const id of ['npm', 'pypi']) {
      const asked = profiles.get('default')?.ecosystems.get(id)?.requirements;
      expect(asked).toMatchObject({ vulnerability: 'warn', licence: { otherwise: 'warn' } });
    }
  });

  test('the waiver too', () => {
    const on = text
      .replace(/^# (?=waivers:| {2})/gm, '')
      .replace('sha512-…', `sha512-${Buffer.alloc(64).toString('base64')}`);
    const { profiles } = parsePolicy([{ path: 'default.yaml', text: on }], schemes);
    const waivers = profiles.get('default')?.ecosystems.get('npm')?.waivers;
    expect([...(waivers?.keys() ?? [])]).toEqual(['esbuild']);
  });
});

describe('the README beside it', () => {
  const page = readPage('allowlists/README.md', readFileSync(join(FOLDER, 'README.md'), 'utf8'));
  const blocks = page.blocks.filter(({ language }) => language === 'yaml').map(({ text }) => text);
  /** The one block that has a line. */
  const block = (line: string): string => {
    const having = blocks.filter((text) => text.split('\n').some((one) => one.trim() === line));
    if (having.length !== 1) throw new Error(`${having.length} blocks have the line ${line}`);
    return whole(having[0] ?? '');
  };
  const language = block(
    'mode: enforce                     # or frozen: pins only; or observe, with until: see below',
  );
  const signers = block('- npm: sigstore');
  const read = (...texts: string[]) =>
    parsePolicy(
      texts.map((text, i) => ({ path: /^# allowlists\/(.*)$/m.exec(text)?.[1] ?? `README-${i}.yaml`, text })),
      schemes,
    );
  const starter = files.filter(({ path }) => isPolicyPath(path)).map(({ text }) => text);
  const layers = ['organisation', 'web', 'web-ci'].map((name) => block(`# allowlists/${name}.yaml`));
  const waivers = block('# allowlists/waivers.yaml');
  const learn = block('extends: [default]');

  test('shows policies that load, once its digests are whole', () => {
    expect(read(language).profiles.get('default')?.ecosystems.get('npm')?.allow.exact.size).toBe(2);
    expect(read(signers).profiles.get('default')?.ecosystems.get('pypi')?.allow.exact.size).toBe(2);
    expect([...read(...layers).profiles.keys()]).toEqual(['organisation', 'web', 'web-ci']);
    const feeds = read(block('# allowlists/feeds.yaml')).profiles.get('team')?.ecosystems;
    expect(feeds?.get('npm')?.requirements).toMatchObject({ malware: 'required', vulnerability: 'warn' });
    expect(feeds?.get('pypi')?.requirements).toMatchObject({ malware: 'required', vulnerability: 'warn' });
  });

  test('a learning profile stands on the starter policy, and under no lock', () => {
    expect(read(...starter, learn).profiles.get('learn')).toMatchObject({ mode: 'observe' });
    const locked = starter.map((text) => text.replace('mode: enforce', 'locked: [age]'));
    expect(() => read(...locked, learn)).toThrow('observe');
  });

  test('layers: what is looser than a lock loads nothing, and is said as the page says it', () => {
    const shown = page.blocks.find(
      ({ language, text }) => language === 'text' && text.includes('looser'),
    )?.text;
    const loose = layers.map((text) => text.replace('age: 14d', 'age: 1d'));
    let said = '';
    try {
      read(...loose);
    } catch (error) {
      said = String(error);
    }
    expect(said).toBe(shown?.replace('sallyport: ', 'PolicyError: '));
    for (const key of ['malware: off', 'startup-hooks: allow', 'install-scripts: allow']) {
      const [, web = '', ...others] = layers;
      const own = web.replace('age: 14d', key);
      const rule = `${web}\n  - { npm: esbuild, requirements: { ${key} } }\n`;
      for (const text of [own, rule])
        expect(() => read(layers[0] ?? '', text, ...others), text).toThrow('looser');
    }
    const observing = layers.map((text) => text.replace('mode: frozen', 'mode: observe\nuntil: 2027-01-31'));
    expect(() => read(...observing)).toThrow('observe');
    const ci = read(...layers).profiles.get('web-ci');
    expect(ci).toMatchObject({ mode: 'frozen', layers: ['organisation', 'web', 'web-ci'] });
  });

  test('says the requirements that the starter policy has', () => {
    for (const id of ['npm', 'pypi']) {
      const of = (policy: ReturnType<typeof read>) =>
        policy.profiles.get('default')?.ecosystems.get(id)?.requirements;
      expect(of(policy)).toEqual(of(read(language.replace(/^pins:[\s\S]*?(?=^internal)/m, ''))));
    }
  });

  const shown = [
    {
      policy: read(...starter, learn),
      text: block('# yaml-language-server: $schema=../cases.schema.json'),
      count: 3,
    },
    { policy: read(waivers), text: block('# allowlists/cases/waivers.yaml'), count: 3 },
    { policy: read(signers), text: block('- npm: sigstore@4.1.0'), count: 7 },
  ].map((one) => ({
    ...one,
    results: runCases(one.policy, [{ path: 'README.yaml', text: one.text }], schemes),
  }));

  test('shows no cases but these', () => {
    expect(shown.map(({ results }) => results.length)).toEqual(shown.map(({ count }) => count));
    expect(blocks.filter((text) => /^ *cases:/m.test(text))).toHaveLength(shown.length);
  });

  test.each(
    shown
      .flatMap(({ results }) => results)
      .map((result) => ({ ...result, title: `${result.subject}: ${result.expected}, ${result.why}` })),
  )('and cases that pass: $title', ({ got, expected, place }) => {
    expect({ got, place }).toEqual({ got: expected, place });
  });

  test('and the events that count where nothing is said', () => {
    for (const [host, words] of TRIGGERS) {
      expect(page.text).toContain(`on ${host} ${words.map((word) => `\`${word}\``).join(', ')}`);
    }
  });
});

/** A text whose digests are left out (`sha512-…`), with some that are made up, each another one. */
function whole(text: string): string {
  let n = 0;
  const hex = (length: number) => (++n).toString(16).padStart(length, '0');
  return text
    .replace(/sha256:…/g, () => `sha256:${hex(64)}`)
    .replace(/sha512-…/g, () => `sha512-${Buffer.from(hex(128), 'hex').toString('base64')}`);
}
