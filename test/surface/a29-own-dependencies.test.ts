import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hexSha256, tarballPath } from '../admission/harness.ts';
import { sallyport } from '../harness/sallyport.ts';
import { makeNpmTarball } from '../verify/archives.ts';
import { heading } from './attacks.ts';
import { server } from './server.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const read = (path: string) => readFile(join(PROJECT, path), 'utf8');

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
}

async function locked(): Promise<[string, Locked][]> {
  const lock = JSON.parse(await read('package-lock.json')) as { packages: Record<string, Locked> };
  return Object.entries(lock.packages).filter(([path]) => path !== '');
}

describe(heading('A29'), () => {
  test('every package is locked by SHA-512, comes from no address, and is no link', async () => {
    const all = await locked();
    expect(all.length).toBeGreaterThan(50);
    for (const [path, { integrity, resolved, link }] of all) {
      expect([path, link, resolved]).toEqual([path, undefined, undefined]);
      expect([path, integrity?.slice(0, 7)]).toEqual([path, 'sha512-']);
    }
  });

  test('none of them runs a script of its own at an install: each that has one is named, and forbidden', async () => {
    const { allowScripts } = JSON.parse(await read('package.json')) as {
      allowScripts: Record<string, boolean>;
    };
    const scripts = new Set<string>();
    let looked = 0;
    for (const [path] of await locked()) {
      // What is for other systems is locked, and not here.
      const text = await read(`${path}/package.json`).catch(() => null);
      const manifest = text === null ? {} : (JSON.parse(text) as { scripts?: Record<string, string> });
      looked += text === null ? 0 : 1;
      const runs = ['preinstall', 'install', 'postinstall'].some((name) => manifest.scripts?.[name]);
      if (runs) scripts.add(path.split('node_modules/').at(-1) ?? '');
    }
    expect(looked).toBeGreaterThan(50);
    for (const name of scripts) expect(Object.keys(allowScripts)).toContain(name);
    expect(new Set(Object.values(allowScripts))).toEqual(new Set([false]));
  });

  test('what is installed for release is what is locked, by a clean install without scripts', async () => {
    const lines = (await read('Dockerfile')).match(/npm (?:ci|i|install)\b.*/g) ?? [];
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatch(/^npm ci .*--ignore-scripts/);
  });

  test('every direct dependency has its reason in ARCHITECTURE.md', async () => {
    const { dependencies } = JSON.parse(await read('package.json')) as {
      dependencies: Record<string, string>;
    };
    const reasons = (await read('ARCHITECTURE.md')).split('## Dependencies')[1] ?? '';
    for (const name of Object.keys(dependencies))
      expect([name, reasons.includes(name)]).toEqual([name, true]);
  });

  describe('our own lockfile as the policy of a real server, frozen', () => {
    const house = server({ policy: 'profile: default\nallow: [{ npm: "*", wide: true }]\n' });
    test('takes no other bytes of our own dependencies than the locked ones, whoever serves them', async () => {
      const all = await locked();
      const [path, entry] = all.find(([path]) => path === 'node_modules/fastify') ?? ['', {}];
      const version = entry.version ?? '';
      const pins = all
        .filter(([path, one]) => !path.slice(13).includes('node_modules/') && one.integrity && !one.inBundle)
        .map(
          ([path, one]) => `  - { npm: "${path.slice(13)}@${one.version}", integrity: "${one.integrity}" }`,
        );
      expect(pins.length).toBeGreaterThan(50);
      expect(await house().setPolicy(`profile: default\nmode: frozen\npins:\n${pins.join('\n')}\n`)).toBe(
        true,
      );
      // An upstream that was taken over: right name, right version, own bytes, own digest in the index.
      const tarball = makeNpmTarball({ name: 'fastify', version }, { 'evil.js': '1' });
      house().registry.addNpm('fastify', { [version]: { tarball }, '999.0.0': {} });
      const answer = await house().ask(tarballPath('fastify', version));
      expect([path, answer.status, answer.json.code]).toEqual(['node_modules/fastify', 403, 'PIN_MISMATCH']);
      expect(hexSha256(answer.body)).not.toBe(hexSha256(tarball));
      const newer = await house().ask(tarballPath('fastify', '999.0.0'));
      expect([newer.status, newer.json.code]).toEqual([403, 'NOT_PINNED']);
      const env = {
        SALLYPORT_DATA: join(house().root, 'other'),
        SALLYPORT_ALLOWLISTS: join(house().root, 'allowlists'),
      };
      expect((await sallyport(env, 'policy', 'lint')).code).toBeLessThan(2);
    });
  });
});
