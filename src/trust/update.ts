import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DEFAULT_MIRROR_URL } from '@sigstore/tuf';
import { type Fetcher, Updater } from 'tuf-js';
import { DownloadHTTPError } from 'tuf-js/dist/error.js';
import { z } from 'zod';
import { printable } from '../cli/ledger-line.ts';
import type { Config } from '../config.ts';
import { ensureDir, temporaryBeside, writeDurable } from '../disk/durable.ts';
import { lockFolder } from '../ledger/lock.ts';
import { hexOf, parseDigest, sha256 } from '../model/digest.ts';
import { defaultNpmBase } from '../upstream/defaults.ts';
import { openTrust } from '../verify/trust.ts';
import { openPinned, tufRootName } from './files.ts';
import {
  type Copies,
  copyPath,
  pinnedFile,
  readIfThere,
  readUpdateRecord,
  removeOtherCopies,
  TRUST_FILES,
  trustFolder,
  type UpdateRecord,
  writeUpdateRecord,
} from './folder.ts';

/** No newer trust was put in place: says why, for people. */
export class UpdateFailed extends Error {
  override readonly name = 'UpdateFailed';
}

/** Bounds of an update. Times in ms. */
export interface UpdateLimits {
  /** One answer of the mirror, to its last byte. */
  readonly answer: number;
  /** Everything. */
  readonly whole: number;
  /** Between a try that may succeed later and the next one. */
  readonly pause: number;
}

const LIMITS: UpdateLimits = { answer: 10_000, whole: 120_000, pause: 1_000 };

/** How often one file is asked for. */
const TRIES = 3;

/** More than any metadata or target, whatever is said of its length, bytes. */
const MAX_ANSWER = 4 * 1024 ** 2;

/** More than this of what went wrong helps nobody, characters. */
const MAX_WORDS = 400;

/**
 * Fetches the trusted root and the npm registry's keys by TUF (the spec's client workflow, sections 5.2 to 5.7) into
 * `data/trust`, lints them, and puts both in place. It runs out of band: the server only ever reads what is there.
 * What it writes is below `data/trust`. The record, written last, switches from the old pair to the new one: an update
 * that fails or is killed at any point leaves either. Where it fails, the record says so.
 * `now`: ms since 1970.
 * @throws UpdateFailed, ConfigError, LedgerError where another update is running
 */
export async function updateTrust(
  config: Config,
  now: () => number,
  limits: UpdateLimits = LIMITS,
): Promise<Copies> {
  const folder = trustFolder(config);
  const tufRoot = await tufRootName(config);
  const release = await lockFolder(join(folder, 'tuf'));
  try {
    const tried = new Date(now()).toISOString();
    // One that cannot be read vouches for nothing: an update that succeeds takes its place, and one that fails leaves it.
    const before = await readUpdateRecord(folder).catch(() => undefined);
    const put = async (record: UpdateRecord) => {
      await writeUpdateRecord(folder, record);
      // Those of the record before stay for whoever is reading by it.
      await removeOtherCopies(folder, [record.copies, before?.copies ?? null]);
    };
    try {
      const mirror = config.tufMirror ?? DEFAULT_MIRROR_URL;
      const fetched = await fetchTrust(config, tufRoot, mirror, folder, limits);
      // Linted with what would be in force, before anything is replaced.
      openTrust({ ...(await openPinned(config)).bytes, ...fetched });
      const copies: Copies = {
        at: tried,
        mirror,
        tufRoot,
        root: { sha256: sha256(fetched.root), pinned: sha256(await pinnedFile('root')) },
        npmKeys: { sha256: sha256(fetched.npmKeys), pinned: sha256(await pinnedFile('npmKeys')) },
      };
      for (const file of ['root', 'npmKeys'] as const)
        await writeDurable(copyPath(folder, copies[file].sha256), fetched[file]);
      await put({ tried, problem: null, copies });
      return copies;
    } catch (error) {
      const problem = wordsOf(error);
      if (before === undefined) throw new UpdateFailed(problem, { cause: error });
      try {
        await put({ tried, problem, copies: before?.copies ?? null });
      } catch (another) {
        throw new UpdateFailed(`${problem}; nor can that be written down: ${wordsOf(another)}`, {
          cause: error,
        });
      }
      throw new UpdateFailed(problem, { cause: error });
    }
  } finally {
    release();
  }
}

/** Name of the npm registry's keys among the TUF targets: the registry's host is its folder. */
export async function npmKeysTarget(): Promise<string> {
  return `${new URL(await defaultNpmBase()).host}/keys.json`;
}

async function fetchTrust(
  config: Config,
  tufRoot: string,
  mirror: string,
  folder: string,
  limits: UpdateLimits,
): Promise<{ readonly root: Uint8Array; readonly npmKeys: Uint8Array }> {
  // What one root vouched for is never looked at under another.
  const digest = parseDigest(tufRoot);
  const cache = join(folder, 'tuf', digest ? hexOf(digest) : tufRoot);
  const targets = join(cache, 'targets');
  await ensureDir(targets);
  const rootPath = join(cache, 'root.json');
  if ((await readIfThere(rootPath)) === null) await writeDurable(rootPath, await firstRoot(config));
  const updater = openUpdater(mirror, cache, new MirrorFetcher(targets, limits));
  await updater.refresh();
  const target = async (name: string) => {
    const info = await updater.getTargetInfo(name);
    if (!info) throw new Error(`the mirror has no target ${name}`);
    return readFile((await updater.findCachedTarget(info)) ?? (await updater.downloadTarget(info)));
  };
  return { root: await target(TRUST_FILES.root), npmKeys: await target(await npmKeysTarget()) };
}

function openUpdater(mirror: string, cache: string, fetcher: Fetcher): Updater {
  try {
    return new Updater({
      metadataBaseUrl: mirror,
      metadataDir: cache,
      targetBaseUrl: `${mirror.replace(/\/$/, '')}/targets`,
      targetDir: join(cache, 'targets'),
      fetcher,
    });
  } catch {
    throw new Error(
      `${join(cache, 'root.json')} is no TUF root; if the one that was configured is, remove the folder to start anew`,
    );
  }
}

const seeds = z.record(z.string(), z.object({ 'root.json': z.base64() }));

async function firstRoot({ tufRoot }: Config): Promise<Uint8Array> {
  if (tufRoot !== undefined) return readFile(tufRoot);
  const path = fileURLToPath(import.meta.resolve('@sigstore/tuf/seeds.json'));
  const seed = seeds.parse(JSON.parse(await readFile(path, 'utf8')))[DEFAULT_MIRROR_URL];
  if (!seed) throw new Error('the TUF client has no root of its own mirror; set SALLYPORT_TUF_ROOT');
  return Buffer.from(seed['root.json'], 'base64');
}

/**
 * Asks one mirror, follows no redirect, and waits for nothing for ever. The TUF client's own would put what it
 * fetches into the system's temporary folder, which a read-only container does not have.
 */
class MirrorFetcher implements Fetcher {
  readonly #folder: string;
  readonly #limits: UpdateLimits;
  readonly #end: AbortSignal;

  constructor(folder: string, limits: UpdateLimits) {
    this.#folder = folder;
    this.#limits = limits;
    this.#end = AbortSignal.timeout(limits.whole);
  }

  /** Metadata. */
  async downloadBytes(url: string, maxLength: number): Promise<Buffer> {
    const bytes = await this.#ask(url, maxLength);
    if (!isMetadata(bytes)) throw new Unusable(`${url} was answered with something that is no TUF metadata`);
    return bytes;
  }

  /** A target. */
  async downloadFile<T>(url: string, maxLength: number, handler: (file: string) => Promise<T>): Promise<T> {
    const path = temporaryBeside(join(this.#folder, 'target'));
    try {
      await writeFile(path, await this.#ask(url, maxLength), { flag: 'wx', mode: 0o600 });
      return await handler(path);
    } finally {
      await rm(path, { force: true });
    }
  }

  async #ask(url: string, maxLength: number): Promise<Buffer> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#get(url, Math.min(maxLength, MAX_ANSWER));
      } catch (error) {
        if (tries >= TRIES || this.#end.aborted || !isPassing(error)) throw error;
      }
      await sleep(this.#limits.pause);
    }
  }

  async #get(url: string, maxLength: number): Promise<Buffer> {
    const signal = AbortSignal.any([this.#end, AbortSignal.timeout(this.#limits.answer)]);
    try {
      const answer = await fetch(url, { signal, redirect: 'error' });
      if (!answer.ok || !answer.body) {
        await answer.body?.cancel();
        // The client takes 403 and 404 for the end of the roots.
        throw new DownloadHTTPError(`${url} was answered with ${answer.status}`, answer.status);
      }
      const pieces: Uint8Array[] = [];
      let length = 0;
      for await (const piece of answer.body) {
        length += piece.byteLength;
        if (length > maxLength) throw new Unusable(`${url} is larger than it may be`);
        pieces.push(piece);
      }
      return Buffer.concat(pieces);
    } catch (error) {
      if (error instanceof DownloadHTTPError || error instanceof Unusable) throw error;
      throw new Unreachable(`${url} could not be fetched: ${causeOf(error)}`);
    }
  }
}

const metadata = z.looseObject({
  signed: z.looseObject({ _type: z.enum(['root', 'timestamp', 'snapshot', 'targets']) }),
  signatures: z.array(z.looseObject({ keyid: z.string().regex(/^[\w-]{1,128}$/) })),
});

/** What the client repeats of metadata before it knows who signed it, is of these forms. */
function isMetadata(bytes: Buffer): boolean {
  try {
    return metadata.safeParse(JSON.parse(bytes.toString())).success;
  } catch {
    return false;
  }
}

/** There was an answer, and it is none. */
class Unusable extends Error {
  override readonly name = 'Unusable';
}

/** There was no answer, or not all of one. */
class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

function isPassing(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof DownloadHTTPError && error.statusCode >= 500);
}

/** `fetch` says only that it failed; why, is in its cause. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

/** For a terminal and the ledger. */
function wordsOf(error: unknown): string {
  const words = error instanceof Error ? error.message || error.constructor.name : String(error);
  return printable(words).replaceAll('\n', ' ').slice(0, MAX_WORDS);
}
