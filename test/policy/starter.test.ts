import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { runCases } from '../../src/policy/cases.ts';
import { isPolicyPath, parsePolicy } from '../../src/policy/load.ts';
import { admittedNames } from '../../src/policy/names.ts';

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
      const names = new Set<string>(admittedNames(policy, 'default', id).exact);
      const roots = readFileSync(join(FOLDER, 'roots.txt'), 'utf8')
        .split('\n')
        .filter((line) => line.startsWith(`${id} `))
        .map((line) => line.slice(id.length + 1).replace(/\[.*\]$|(?<=.)@[^/]*$/, ''));
      expect(roots.length).toBeGreaterThan(50);
      expect(roots.filter((root) => !names.has(versions.canonicalName(root) ?? ''))).toEqual([]);
    }
  });

  test('admits whole names only, and lets few of them run code at install', () => {
    for (const { id } of ECOSYSTEMS) expect(admittedNames(policy, 'default', id).prefixes).toEqual([]);
    const npm = policy.profiles.get('default')?.ecosystems.get('npm');
    const running = [...(npm?.allow.exact ?? [])].filter(
      ([, rule]) => rule.requirements.installScripts === 'allow',
    );
    expect(running.map(([name]) => name).sort()).toEqual(['@parcel/watcher', 'esbuild', 'fsevents']);
  });
});
