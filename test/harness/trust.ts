import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, loadConfig } from '../../src/config.ts';
import { copyPath, readUpdateRecord, type TrustFile, trustFolder } from '../../src/trust/folder.ts';
import { npmKeysTarget } from '../../src/trust/update.ts';
import { startTufMirror, type TufMirror } from './tuf-mirror.ts';

const PINNED = join(import.meta.dirname, '..', '..', 'trust');

/** The pinned files, and others that say the same in other bytes. */
export const pinned = {
  root: () => readFile(join(PINNED, 'trusted_root.json')),
  npmKeys: () => readFile(join(PINNED, 'npm-keys.json')),
};

/** The same in other bytes: `n` tells them apart. */
export async function another(file: keyof typeof pinned, n = 1): Promise<Buffer> {
  return Buffer.from(JSON.stringify(JSON.parse((await pinned[file]()).toString()), null, n));
}

/** The pinned root, of which no log says from when on it is valid. */
export async function rootWithoutStart(): Promise<Buffer> {
  const root = JSON.parse((await pinned.root()).toString());
  for (const log of root.tlogs) delete log.publicKey.validFor;
  return Buffer.from(JSON.stringify(root));
}

/** Where the copy lies that the last update put in place. */
export async function copyOf(config: Pick<Config, 'data'>, file: TrustFile): Promise<string> {
  const folder = trustFolder(config);
  const copies = (await readUpdateRecord(folder))?.copies;
  if (!copies) throw new Error('no update has put a copy in place');
  return copyPath(folder, copies[file].sha256);
}

/** A data folder, a mirror, and the configuration that names both. */
export interface TrustPlace {
  /** Holds `data` and `root.json`. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly config: Config;
  readonly mirror: TufMirror;
  /** Publishes a trusted root and keys; left out, those of `another`. */
  publish(
    files?: { root?: Uint8Array; npmKeys?: Uint8Array },
    how?: Parameters<TufMirror['publish']>[1],
  ): Promise<void>;
  /** Path below `data/trust`. */
  path(name: string): string;
  remove(): Promise<void>;
}

export async function trustPlace(): Promise<TrustPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'trust-'));
  const mirror = await startTufMirror();
  const tufRoot = join(folder, 'root.json');
  await writeFile(tufRoot, mirror.firstRoot);
  const data = join(folder, 'data');
  const env = { SALLYPORT_DATA: data, SALLYPORT_TUF_MIRROR: mirror.url, SALLYPORT_TUF_ROOT: tufRoot };
  return {
    folder,
    env,
    config: loadConfig(env),
    mirror,
    async publish(files = {}, how) {
      const root = files.root ?? (await another('root'));
      const npmKeys = files.npmKeys ?? (await another('npmKeys'));
      mirror.publish({ 'trusted_root.json': root, [await npmKeysTarget()]: npmKeys }, how);
    },
    path: (name) => join(data, 'trust', name),
    async remove() {
      await mirror.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
