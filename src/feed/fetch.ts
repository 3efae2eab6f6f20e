import { open, rm } from 'node:fs/promises';
import { Agent, type Dispatcher, request } from 'undici';
import { temporaryBeside } from '../disk/durable.ts';
import { FeedError } from '../feeds/feed-error.ts';

/** Bounds of a download. Times in ms, sizes in bytes. */
export interface FetchLimits {
  readonly bytes: number;
  /** Until the connection is there, until the answer begins, and between its pieces. */
  readonly wait: number;
  /** Everything. */
  readonly whole: number;
  readonly redirects: number;
}

export const FETCH_LIMITS: FetchLimits = {
  bytes: 4 * 1024 ** 3,
  wait: 60_000,
  whole: 3_600_000,
  redirects: 5,
};

/**
 * Fetches what is at an address into a new file beside `path`, and resolves with its name. Redirects are followed within
 * the host that was named, and never from https to http. @throws FeedError; then there is no file
 */
export async function download(url: URL, path: string, limits: FetchLimits = FETCH_LIMITS): Promise<string> {
  const { wait } = limits;
  const dispatcher = new Agent({ connect: { timeout: wait }, headersTimeout: wait, bodyTimeout: wait });
  const temporary = temporaryBeside(path);
  try {
    const signal = AbortSignal.timeout(limits.whole);
    await written(await answerOf(url, { dispatcher, signal }, limits.redirects), temporary, limits.bytes);
    return temporary;
  } catch (error) {
    await rm(temporary, { force: true });
    if (error instanceof FeedError) throw error;
    throw new FeedError(`it could not be fetched: ${causeOf(error)}`, { cause: error });
  } finally {
    await dispatcher.destroy();
  }
}

interface Way {
  readonly dispatcher: Dispatcher;
  readonly signal: AbortSignal;
}

async function answerOf(url: URL, way: Way, redirects: number): Promise<Dispatcher.ResponseData> {
  const headers = { accept: 'application/zip, application/octet-stream, */*', 'accept-encoding': 'identity' };
  const answer = await request(url, { ...way, headers });
  const { statusCode } = answer;
  if (statusCode === 200) return answer;
  answer.body.on('error', () => undefined).destroy();
  const { location } = answer.headers;
  if (![301, 302, 303, 307, 308].includes(statusCode) || typeof location !== 'string')
    throw new FeedError(`it was answered with ${statusCode}`);
  const next = URL.parse(location, url.href);
  if (redirects === 0) throw new FeedError('it redirects too often');
  if (
    next === null ||
    next.host !== url.host ||
    (next.protocol !== url.protocol && next.protocol !== 'https:')
  )
    throw new FeedError('it redirects to another host');
  return answerOf(next, way, redirects - 1);
}

async function written(answer: Dispatcher.ResponseData, path: string, max: number): Promise<void> {
  const encoding = answer.headers['content-encoding'];
  const file = await open(path, 'wx', 0o600);
  try {
    if (encoding !== undefined && encoding !== 'identity')
      throw new FeedError('it was answered in an encoding that was not asked for');
    let length = 0;
    for await (const piece of answer.body) {
      if (!(piece instanceof Uint8Array)) continue;
      length += piece.byteLength;
      if (length > max) throw new FeedError(`it is larger than ${max} bytes`);
      await file.writeFile(piece);
    }
  } finally {
    answer.body.on('error', () => undefined).destroy();
    await file.close();
  }
}

/** A failed connection says why in its cause. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
