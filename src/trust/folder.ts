import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { isTemporary, writeDurable } from '../disk/durable.ts';
import { isMissing } from '../disk/missing.ts';
import { TrustError } from '../verify/trust.ts';

/** The files that trust is made of, by their names in `trust/` and among the TUF targets. */
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

/** What is known of the updates of one data folder. Its copies alone count, whatever lies beside it. */
export type UpdateRecord = z.infer<typeof updateRecord>;

/** What an update put in place. */
export type Copies = NonNullable<UpdateRecord['copies']>;

/** Where updates are kept: the copies, what is known of them, and the TUF client's metadata. */
export function trustFolder({ data }: Pick<Config, 'data'>): string {
  return join(data, 'trust');
}

/** Where the copy of a digest is kept. The name stands for the bytes, so no copy takes the place of another. */
export function copyPath(folder: string, digest: string): string {
  return join(folder, `${digest.replace(':', '-')}.json`);
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

/** Files that lie where copies do, by their paths. @throws TrustError where that cannot be told */
export async function filesIn(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => name.endsWith('.json') && name !== RECORD)
      .map((name) => join(folder, name));
  } catch (error) {
    if (isMissing(error)) return [];
    throw new TrustError(`${folder} cannot be read: ${wordsOf(error)}`);
  }
}

/**
 * Removes the copies that are of none of these, and what a killed update left half written. What cannot be removed
 * stays: no record names it, so it counts for nothing.
 */
export async function removeOtherCopies(folder: string, kept: readonly (Copies | null)[]): Promise<void> {
  const paths = kept.flatMap((copies) =>
    copies ? [copies.root, copies.npmKeys].map(({ sha256 }) => copyPath(folder, sha256)) : [],
  );
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    if ((COPY.test(name) || isTemporary(name)) && !paths.includes(path))
      await rm(path, { force: true }).catch(() => undefined);
  }
}

/** null where there is no such file. @throws TrustError where it cannot be read */
export async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw new TrustError(`${path} cannot be read: ${wordsOf(error)}`);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const RECORD = 'status.json';
const COPY = /^sha256-[0-9a-f]{64}\.json$/;
