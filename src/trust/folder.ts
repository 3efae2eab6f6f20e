import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { writeDurable } from '../disk/durable.ts';
import { TrustError } from '../verify/trust.ts';

/** The files that trust is made of, in `trust/` as pinned and in `data/trust` as updated. */
export const TRUST_FILES = { root: 'trusted_root.json', npmKeys: 'npm-keys.json' } as const;
export type TrustFile = keyof typeof TRUST_FILES;

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

const copy = z.strictObject({
  sha256: digest,
  /** The pinned file that it stands for: with a newer release it is the pinned one that is newer. */
  pinned: digest,
});

const updateRecord = z.strictObject({
  /** When an update was tried last. */
  tried: z.iso.datetime(),
  /** Why that one failed, printable ASCII; null where it did not. */
  problem: z.string().nullable(),
  /** What the last update that succeeded put in place; null where none has. */
  copies: z
    .strictObject({
      at: z.iso.datetime(),
      mirror: z.string(),
      /** Digest of the root.json that was started from; `built-in` for the TUF client's own. */
      tufRoot: z.union([digest, z.literal('built-in')]),
      root: copy,
      npmKeys: copy,
    })
    .nullable(),
});

/** What is known of the updates of one data folder. */
export type UpdateRecord = z.infer<typeof updateRecord>;

/** Where updates are kept: the copies, what is known of them, and the TUF client's metadata. */
export function trustFolder({ data }: Pick<Config, 'data'>): string {
  return join(data, 'trust');
}

/** A file as it was pinned at release. */
export function pinnedFile(file: TrustFile): Promise<Uint8Array> {
  return readFile(new URL(`../../trust/${TRUST_FILES[file]}`, import.meta.url));
}

/** null where no update was ever tried. @throws TrustError where it cannot be read */
export async function readUpdateRecord(folder: string): Promise<UpdateRecord | null> {
  const path = join(folder, RECORD);
  const bytes = await readIfThere(path);
  if (bytes === null) return null;
  try {
    return updateRecord.parse(JSON.parse(bytes.toString()));
  } catch {
    throw new TrustError(`${path} is not what an update writes`);
  }
}

export async function writeUpdateRecord(folder: string, record: UpdateRecord): Promise<void> {
  await writeDurable(join(folder, RECORD), Buffer.from(`${JSON.stringify(record, null, 2)}\n`));
}

/** null where there is no such file. @throws TrustError where it cannot be read */
export async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new TrustError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const RECORD = 'status.json';
