import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { runCases } from '../../src/policy/cases/cases.ts';
import { isPolicyPath, parsePolicy } from '../../src/policy/load.ts';
import { admittedNames } from '../../src/policy/names.ts';
import { TRIGGERS } from '../../src/policy/providers.ts';

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

describe('the README beside it', () => {
  const readme = readFileSync(join(FOLDER, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
  const [language = '', signers = '', cases = ''] = blocks;
  const read = (text: string) => parsePolicy([{ path: 'README.yaml', text }], schemes);

  test('has no example but these', () => {
    expect(blocks).toHaveLength(3);
  });

  test('shows policies that load, once its digests are whole', () => {
    const whole = language
      .replaceAll('sha512-…', `sha512-${Buffer.alloc(64).toString('base64')}`)
      .replace('sha256:…', `sha256:${'a'.repeat(64)}`)
      .replace('sha256:…', `sha256:${'b'.repeat(64)}`);
    expect(read(whole).profiles.get('default')?.ecosystems.get('npm')?.allow.exact.size).toBeGreaterThan(0);
    expect(read(signers).profiles.get('default')?.ecosystems.get('pypi')?.allow.exact.size).toBe(2);
  });

  test('says the requirements that the starter policy has', () => {
    for (const id of ['npm', 'pypi']) {
      const of = (policy: ReturnType<typeof read>) =>
        policy.profiles.get('default')?.ecosystems.get(id)?.requirements;
      expect(of(policy)).toEqual(of(read(language.replace(/^pins:[\s\S]*?(?=^internal)/m, ''))));
    }
  });

  test.each(
    runCases(read(signers), [{ path: 'README.yaml', text: cases }], schemes).map((result) => ({
      ...result,
      title: `${result.subject}: ${result.expected}, ${result.why}`,
    })),
  )('and cases that pass: $title', ({ got, expected, place }) => {
    expect({ got, place }).toEqual({ got: expected, place });
  });

  test('and the events that count where nothing is said', () => {
    for (const [host, words] of TRIGGERS) {
      expect(readme).toContain(`on ${host} ${words.map((word) => `\`${word}\``).join(', ')}`);
    }
  });
});
