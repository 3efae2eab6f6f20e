import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { PackageId } from '../../src/model/artifact.ts';

/** A file of a package that a client fetched, or would have. */
export interface Kept extends Omit<PackageId, 'name'> {
  readonly name: string;
  readonly filename: string;
  readonly path: string;
}

/**
 * What was fetched, as the registries gave it: `index/<ecosystem>/<name>.gz` and `files/<ecosystem>/<name>/<file>`. A file
 * has its name once it is whole.
 */
export class Cache {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  async index(ecosystem: string, name: string): Promise<Uint8Array | null> {
    const packed = await readFile(this.#index(ecosystem, name)).catch(() => null);
    return packed && promisify(gunzip)(packed);
  }

  async keepIndex(ecosystem: string, name: string, bytes: Uint8Array): Promise<void> {
    const packed = await promisify(gzip)(bytes, { level: 1 });
    await this.#put(this.#index(ecosystem, name), packed);
  }

  file(ecosystem: string, name: string, filename: string): string {
    return join(this.root, 'files', ecosystem, encodeURIComponent(name), encodeURIComponent(filename));
  }

  async has(path: string): Promise<boolean> {
    return (await stat(path).catch(() => null)) !== null;
  }

  /** Where a file is written until it is whole; `whole` gives it its name. */
  async begin(path: string): Promise<{ readonly part: string; whole(): Promise<void> }> {
    await mkdir(dirname(path), { recursive: true });
    const part = `${path}.${Math.random().toString(36).slice(2)}.part`;
    return { part, whole: () => rename(part, path) };
  }

  async files(): Promise<Kept[]> {
    const kept: Kept[] = [];
    for (const ecosystem of await list(join(this.root, 'files'))) {
      for (const name of await list(join(this.root, 'files', ecosystem))) {
        const folder = join(this.root, 'files', ecosystem, name);
        for (const file of await list(folder)) {
          if (file.endsWith('.part')) continue;
          const filename = decodeURIComponent(file);
          kept.push({ ecosystem, name: decodeURIComponent(name), filename, path: join(folder, file) });
        }
      }
    }
    return kept;
  }

  #index(ecosystem: string, name: string): string {
    return join(this.root, 'index', ecosystem, `${encodeURIComponent(name)}.gz`);
  }

  async #put(path: string, bytes: Uint8Array): Promise<void> {
    const { part, whole } = await this.begin(path);
    await writeFile(part, bytes);
    await whole();
  }
}

async function list(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}
