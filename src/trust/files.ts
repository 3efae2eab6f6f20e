import { readFile } from 'node:fs/promises';
import { printable } from '../cli/ledger-line.ts';
import { type Config, ConfigError } from '../config.ts';
import { type Digest, sha256 } from '../model/digest.ts';
import { defaultNpmBase } from '../upstream/defaults.ts';
import { openTrust, type Trust, type TrustBytes, TrustError } from '../verify/trust.ts';
import {
  type Copies,
  copyPath,
  filesIn,
  pinnedFile,
  readIfThere,
  readUpdateRecord,
  TRUST_FILES,
  type TrustFile,
  trustFolder,
  type UpdateRecord,
} from './folder.ts';

/** Where a file of trust came from. */
export type TrustOrigin = 'pinned' | 'updated' | 'configured';

/** What is trusted, and what is wrong with it. */
export interface LoadedTrust {
  readonly bytes: TrustBytes;
  /** sha256 over all of the bytes. */
  readonly digest: Digest;
  readonly from: Readonly<Record<TrustFile, TrustOrigin>>;
  /** What somebody should look at, printable ASCII; null for nothing. */
  readonly problem: string | null;
  /** An updated copy is there, or should be, and cannot be used: the pinned one stands for it. */
  readonly fallback: boolean;
  /** Of the last update; null where none was tried, and where what is known of it cannot be read. */
  readonly update: UpdateRecord | null;
}

const DAY = 86_400_000;

/** Configuration keys and variables that name a file. */
const SETTINGS = { root: 'SALLYPORT_TRUSTED_ROOT', npmKeys: 'SALLYPORT_NPM_KEYS' } as const;

/**
 * Reads the trusted root and the npm registry's keys, each from the first of these: the configured file, which is
 * taken or refuses the start; the copy of the last update, where it is what that update put there, by the TUF root
 * and for the release that are in use now, and passes the lint; the pinned file.
 * @throws ConfigError, TrustError where a pinned file is broken
 */
export async function loadTrust(config: Config): Promise<LoadedTrust> {
  const folder = trustFolder(config);
  const problems: string[] = [];
  let fallback = false;
  const fallBack = (error: unknown): undefined => {
    if (!(error instanceof TrustError)) throw error;
    fallback = true;
    problems.push(`${error.message}; the pinned copy is in force until \`sallyport trust update\` succeeds`);
  };

  const configured = { root: config.trustedRoot, npmKeys: config.npmKeys };
  const updatable = configured.root === undefined || configured.npmKeys === undefined;
  const update = updatable ? await readUpdateRecord(folder).catch(fallBack) : null;
  if (updatable && update !== undefined && !update?.copies) await refuseOthers(folder).catch(fallBack);
  if (update?.problem) problems.push(`the update of ${update.tried} failed: ${update.problem}`);

  let trust = await openPinned(config);
  const from: Record<TrustFile, TrustOrigin> = { root: 'pinned', npmKeys: 'pinned' };
  for (const file of ['root', 'npmKeys'] as const) {
    const path = configured[file];
    if (path !== undefined) {
      trust = await openConfigured(trust, file, path);
      from[file] = 'configured';
    } else if (update?.copies) {
      try {
        const copy = await updatedCopy(folder, file, update.copies, config);
        trust = openTrust({ ...trust.bytes, [file]: copy });
        from[file] = 'updated';
      } catch (error) {
        fallBack(error);
      }
    }
  }
  const problem = problems.length > 0 ? printable(problems.join('; ')).replaceAll('\n', ' ') : null;
  return { bytes: trust.bytes, digest: trust.digest, from, problem, fallback, update: update ?? null };
}

/** An update that is older, ms, has been forgotten by whoever should repeat it. */
const MAX_AGE = 90 * DAY;

/**
 * What somebody should look at at `now`, ms since 1970: the problem of what was loaded, and the age of an updated copy
 * that is in force. What is pinned is as old as its release, and what is configured somebody else's business.
 */
export function problemAt({ problem, from, update }: LoadedTrust, now: number): string | null {
  if (from.root !== 'updated' && from.npmKeys !== 'updated') return problem;
  const age = now - Date.parse(update?.copies?.at ?? '');
  if (age <= MAX_AGE && age >= -DAY) return problem;
  const words =
    age < 0
      ? 'the last update that succeeded is of a time in the future'
      : `the last update that succeeded is ${daysOf(age)} days old`;
  return [problem, `${words}; run \`sallyport trust update\``].filter((one) => one !== null).join('; ');
}

/** Whole days in so many ms. */
export function daysOf(ms: number): number {
  return Math.trunc(ms / DAY);
}

/** The files as they were pinned at release, with what else is configured. @throws TrustError */
export async function openPinned({ proofSince }: Pick<Config, 'proofSince'>): Promise<Trust> {
  return openTrust({
    root: await pinnedFile('root'),
    npmKeys: await pinnedFile('npmKeys'),
    proofSince,
    npmRegistry: new URL(await defaultNpmBase()).origin,
  });
}

/** What the TUF client starts from, as an update's record names it. @throws ConfigError */
export async function tufRootName({ tufRoot }: Pick<Config, 'tufRoot'>): Promise<string> {
  if (tufRoot === undefined) return 'built-in';
  try {
    return sha256(await readFile(tufRoot));
  } catch (error) {
    throw new ConfigError(`SALLYPORT_TUF_ROOT: ${tufRoot} cannot be read: ${wordsOf(error)}`);
  }
}

async function openConfigured(trust: Trust, file: TrustFile, path: string): Promise<Trust> {
  try {
    return openTrust({ ...trust.bytes, [file]: await readFile(path) });
  } catch (error) {
    throw new ConfigError(`${SETTINGS[file]}: ${path} cannot be used: ${wordsOf(error)}`);
  }
}

/** Where no update has put copies in place, there are none. @throws TrustError */
async function refuseOthers(folder: string): Promise<void> {
  const [path] = await filesIn(folder);
  if (path !== undefined) throw new TrustError(`${path} is there, and no update is known that put it there`);
}

/** @throws TrustError where it is not to be used, ConfigError */
async function updatedCopy(
  folder: string,
  file: TrustFile,
  copies: Copies,
  config: Config,
): Promise<Uint8Array> {
  const path = copyPath(folder, copies[file].sha256);
  const copy = `${TRUST_FILES[file]} of the last update (${path})`;
  if (copies.tufRoot !== (await tufRootName(config)))
    throw new TrustError(`${copy} was fetched by another TUF root than the one that is configured now`);
  if (copies[file].pinned !== sha256(await pinnedFile(file)))
    throw new TrustError(
      `${copy} was fetched for another release, which pinned another ${TRUST_FILES[file]}`,
    );
  const bytes = await readIfThere(path);
  if (bytes === null) throw new TrustError(`${copy} is gone`);
  if (copies[file].sha256 !== sha256(bytes))
    throw new TrustError(`${copy} is not what the last update put there`);
  return bytes;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
