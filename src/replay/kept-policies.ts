import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { ensureDir, writeDurable } from '../disk/durable.ts';
import { isMissing } from '../disk/missing.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import { type Digest, sha256 } from '../model/digest.ts';
import { textOfSources } from '../policy/language/plan.ts';
import { parsePolicy } from '../policy/load.ts';
import { type Policy, PolicyError, type PolicySource } from '../policy/policy.ts';

/*
 * Every policy that was ever in force, `<data>/policies/<hex>.json.gz`: unpacked, it is the JSON of its files' paths and
 * texts, whose sha256 is the policy's digest. So a kept policy needs no index and proves itself, to anybody with gunzip and
 * sha256sum.
 */

/** A policy's files as they are kept. Costs time by their size: large ones are packed where they are read, in a thread. */
export function packedPolicy(sources: readonly PolicySource[]): Uint8Array {
  return gzipSync(textOfSources(sources));
}

/** Durable when it resolves. Replaces what is there, which may be damaged. */
export async function keepPolicy(
  dir: string,
  { digest, packed }: { readonly digest: Digest; readonly packed: Uint8Array },
): Promise<void> {
  try {
    await ensureDir(folderIn(dir));
    await writeDurable(pathOf(dir, digest), packed);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`the policy cannot be kept, and what is decided under it could not be replayed: ${why}`, {
      cause: error,
    });
  }
}

/** More than any policy that people review: a kept one that unpacks to more is none. */
const MAX_PACKED = 64 * 1024 ** 2;
const MAX_TEXT = 512 * 1024 ** 2;

const files = z.array(z.tuple([z.string(), z.string()]));

export type KeptPolicy =
  | { readonly policy: Policy }
  | {
      readonly policy: null;
      /** In our words. */
      readonly why: string;
    };

/** The policy that had this digest. Rejects where the disk cannot be read. */
export async function keptPolicy(dir: string, digest: Digest): Promise<KeptPolicy> {
  const text = await keptText(dir, digest);
  if (text === null) return { policy: null, why: `the policy ${digest} is not kept here` };
  if (sha256(text) !== digest)
    return { policy: null, why: `what is kept as the policy ${digest} is damaged` };
  const sources = files
    .parse(JSON.parse(text.toString('utf8')))
    .map(([path, source]) => ({ path, text: source }));
  try {
    return {
      policy: parsePolicy(
        sources,
        ECOSYSTEMS.map((one) => one.versions),
      ),
    };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    const [first] = error.problems;
    const where = first ? `: ${first.path}:${first.line}:${first.column}: ${first.message}` : '';
    return { policy: null, why: `this version does not read the policy ${digest}${where}` };
  }
}

/** The unpacked bytes; null where there are none, and none (whose digest is another) where they do not unpack. */
async function keptText(dir: string, digest: Digest): Promise<Buffer | null> {
  const path = pathOf(dir, digest);
  try {
    if ((await stat(path)).size > MAX_PACKED) return Buffer.alloc(0);
    const packed = await readFile(path);
    return await promisify(gunzip)(packed, { maxOutputLength: MAX_TEXT });
  } catch (error) {
    if (isMissing(error)) return null;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code.startsWith('Z_') || code === 'ERR_BUFFER_TOO_LARGE') return Buffer.alloc(0);
    throw error;
  }
}

function folderIn(dir: string): string {
  return join(dir, 'policies');
}

function pathOf(dir: string, digest: Digest): string {
  return join(folderIn(dir), `${digest.slice('sha256:'.length)}.json.gz`);
}
