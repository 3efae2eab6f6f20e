import { createHash } from 'node:crypto';
import { noise, startRegistry } from '../../harness/registry.ts';

// The fake upstream as a process of its own: large documents are made and packed here, and not on the loop of
// whoever measures. It ends with its parent.

const registry = await startRegistry();

const calls = {
  bases: async () => ({ npm: registry.npmBase, pypi: registry.pypiBase }),

  /** One version with so many bytes that do not compress. Resolves with the sha512 of the archive, hex. */
  async npm(name: string, version: string, bulk: number): Promise<string> {
    registry.addNpm(name, { [version]: bulk > 0 ? { bulk } : {} });
    return sha512(registry.tarball(name, version));
  },

  async wheel(name: string, filename: string, bulk: number): Promise<string> {
    registry.addPypi(name, [{ filename, bulk }]);
    return sha512(registry.file(filename));
  },

  /** A packument of about `bytes`: versions whose manifests are long in what is kept and in what is dropped. */
  async largePackument(name: string, bytes: number): Promise<number> {
    const tarball = noise(200);
    const each = 4096;
    const versions = Array.from({ length: Math.ceil(bytes / each) }, (_, v) => {
      const dependencies = Object.fromEntries(
        Array.from({ length: 80 }, (_, i) => [`@scope-${i % 7}/dependency-${i}`, `^${i}.${(v * i) % 997}.0`]),
      );
      const readme = 'r'.repeat(each - JSON.stringify(dependencies).length - 600);
      return [`1.${Math.floor(v / 100)}.${v % 100}`, { tarball, manifest: { dependencies, readme } }];
    });
    registry.addNpm(name, Object.fromEntries(versions));
    return sizeOf(`${registry.npmBase}${name}`);
  },

  /** A simple index of about `bytes`, each file with as much beside its digest as real ones have. */
  async largePage(name: string, bytes: number): Promise<number> {
    const each = 540;
    const files = Array.from({ length: Math.ceil(bytes / each) }, (_, i) => ({
      filename: `${name.replaceAll('-', '_')}-1.${Math.floor(i / 20)}-cp3${i % 20}-cp3${i % 20}-manylinux_2_28_x86_64.whl`,
      bytes: Buffer.from(String(i)),
      requiresPython: '>=3.9',
      extra: { 'data-extra': 'x'.repeat(120), 'core-metadata': { sha256: 'a'.repeat(64) } },
    }));
    registry.addPypi(name, files);
    return sizeOf(`${registry.pypiBase}${name}/`);
  },

  /** `count` packages `PREFIX-0`, `PREFIX-1`, …, each with so many versions that depend on eight others. */
  async manyVersions(prefix: string, count: number, versions: number): Promise<number> {
    const tarball = noise(200);
    const numbers = Array.from({ length: versions }, (_, v) => `1.${v}.0`);
    for (let i = 0; i < count; i++) {
      // As in practice, most versions ask for the same as the one before.
      const needs = (v: number) =>
        Object.fromEntries(
          Array.from({ length: 8 }, (_, d) => [`need-${d}`, `^${d}.${Math.floor((v * d) / 20)}.0`]),
        );
      const manifests = numbers.map((version, v) => [
        version,
        { tarball, manifest: { description: 'd'.repeat(600), dependencies: needs(v) } },
      ]);
      registry.addNpm(`${prefix}-${i}`, Object.fromEntries(manifests));
    }
    return sizeOf(`${registry.npmBase}${prefix}-0`);
  },

  /** `count` packages `PREFIX-0`, `PREFIX-1`, …, each with a few small versions. */
  async many(prefix: string, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      registry.addNpm(`${prefix}-${i}`, Object.fromEntries(['1.0.0', '1.0.1', '1.1.0'].map((v) => [v, {}])));
    }
  },

  asked: async () => registry.pathsAsked(),
  async forget() {
    registry.requests.length = 0;
  },
};

export type UpstreamCalls = typeof calls;

function sha512(bytes: Uint8Array): string {
  return createHash('sha512').update(bytes).digest('hex');
}

async function sizeOf(url: string): Promise<number> {
  const response = await fetch(url, { headers: { accept: 'application/vnd.pypi.simple.v1+json' } });
  const { byteLength } = await response.arrayBuffer();
  registry.requests.length = 0;
  return byteLength;
}

process.on('message', async (message: { id: number; call: keyof UpstreamCalls; args: never[] }) => {
  const run = calls[message.call] as (...args: never[]) => Promise<unknown>;
  const value = await run(...message.args);
  process.send?.({ id: message.id, value });
});
process.on('disconnect', () => process.exit());
process.send?.({ id: -1 });
