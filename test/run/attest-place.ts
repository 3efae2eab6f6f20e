import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { theWorld } from '../admission/evidence-house.ts';
import { linesOf, type Ran, sallyport } from '../harness/sallyport.ts';
import type { World } from '../harness/sigstore-world.ts';

/** A data folder and a trust of its own, for commands. */
export interface Place {
  readonly root: string;
  readonly world: World;
  readonly env: Readonly<Record<string, string>>;
  run(...args: string[]): Promise<Ran>;
  /** With `--json`; the lines. */
  json(...args: string[]): Promise<{ readonly code: number; readonly lines: ReturnType<typeof linesOf> }>;
  /** Writes a file; resolves with its path. */
  put(name: string, bytes: Uint8Array | string): Promise<string>;
  /** Documents that the vault keeps. */
  kept(): Promise<string[]>;
  remove(): Promise<void>;
}

/** Trusts a minted world; with `minted: false`, what the project pins. */
export async function attestPlace({
  minted = true,
  data,
}: {
  minted?: boolean;
  data?: string;
} = {}): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'attest-'));
  const world = await theWorld();
  const put = async (name: string, bytes: Uint8Array | string) => {
    await writeFile(join(root, name), bytes);
    return join(root, name);
  };
  const folder = data ?? join(root, 'data');
  const env = {
    SALLYPORT_DATA: folder,
    ...(minted && {
      SALLYPORT_TRUSTED_ROOT: await put('root.json', world.trust.root),
      SALLYPORT_NPM_KEYS: await put('keys.json', world.trust.npmKeys),
    }),
  };
  await mkdir(folder, { recursive: true });
  const run = (...args: string[]) => sallyport(env, ...args);
  return {
    root,
    world,
    env,
    run,
    async json(...args) {
      const ran = await run(...args, '--json');
      return { code: ran.code, lines: linesOf(ran) };
    },
    put,
    async kept() {
      const shelf = join(folder, 'vault', 'evidence');
      const found = await readdir(shelf, { recursive: true, withFileTypes: true }).catch(() => []);
      return found.filter((one) => one.isFile()).map((one) => one.name);
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
