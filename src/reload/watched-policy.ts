import { readFile } from 'node:fs/promises';
import { fingerprintOf } from '../allowlists.ts';
import type { Config } from '../config.ts';
import type { InForce } from '../in-force.ts';
import { type Digest, parseDigest } from '../model/digest.ts';
import type { Policy } from '../policy/policy.ts';
import { FolderWatch } from './folder-watch.ts';

/** More than a digest and a comment; bytes. */
const MAX_DIGEST_FILE = 4_096;

/** A log, as far as watching needs one. */
interface Log {
  info(about: object, what: string): void;
  error(about: object, what: string): void;
}

/** The watch that the configuration asks for; null where it asks for none. */
export function watchOf<T extends Policy>(
  config: Pick<Config, 'allowlists' | 'policyWatch' | 'policyDigest'>,
  policy: InForce<T>,
  parts: {
    /** Reads the files; null where their digest is not `expect`. */
    load(expect: Digest | null): Promise<T | null>;
    readonly log: Log;
  },
): FolderWatch | null {
  if (config.policyWatch <= 0) return null;
  const { load, log } = parts;
  const awaited = config.policyDigest;
  return new FolderWatch({
    quiet: config.policyWatch,
    elapsed: () => performance.now(),
    fingerprint: () => fingerprintOf(config.allowlists),
    ...(awaited === undefined ? {} : { expected: () => readExpected(awaited) }),
    reload: ({ expect, still }) => policy.reloadQuietly({ load: () => load(expect), still }),
    say: (what) => log.info({ policy: policy.current.digest }, what),
    fault: (error) => log.error({ err: error }, 'the allowlists folder could not be watched'),
  });
}

/** The digest that a file holds as its first word, as `policy digest` prints it; null where it holds none. */
async function readExpected(path: string): Promise<Digest | null> {
  try {
    const bytes = await readFile(path);
    if (bytes.byteLength > MAX_DIGEST_FILE) return null;
    const [word = ''] = bytes.toString('utf8').trim().split(/\s+/, 1);
    return word.startsWith('sha256:') ? parseDigest(word) : null;
  } catch {
    return null;
  }
}
