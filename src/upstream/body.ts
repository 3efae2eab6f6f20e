import { performance } from 'node:perf_hooks';
import { pipeline, Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import type { Attempt } from './retries.ts';
import { UpstreamFault } from './upstream.ts';

/** Pieces of a body. Each function below adds one limit and passes the pieces on; see open.ts for the order. */
export type Pieces = AsyncIterable<Uint8Array>;

/** Notes that a byte has come, which ends retries. */
export async function* started(pieces: Pieces, attempt: Attempt): Pieces {
  for await (const piece of pieces) {
    attempt.started = true;
    yield piece;
  }
}

/** Throws TOO_LARGE with the piece that passes `max` bytes. */
export async function* capped(pieces: Pieces, max: number): Pieces {
  let total = 0;
  for await (const piece of pieces) {
    total += piece.length;
    if (total > max) throw new UpstreamFault('TOO_LARGE', `larger than ${max} bytes`);
    yield piece;
  }
}

/** Throws unless exactly as many bytes come as were declared (null: nothing was). */
export async function* complete(pieces: Pieces, declared: number | null): Pieces {
  let total = 0;
  for await (const piece of pieces) {
    total += piece.length;
    yield piece;
  }
  if (declared !== null && declared !== total) {
    throw new UpstreamFault('UPSTREAM_FAULT', `${total} bytes came where ${declared} were declared`);
  }
}

/**
 * Throws UPSTREAM_TIMEOUT once the pieces have come slower than `bytesPerSecond`, with `grace` milliseconds to
 * spare. Only the time that we waited for a piece counts, not what the reader did with it. A body that stops
 * altogether is ended by the idle timeout.
 */
export async function* paced(pieces: Pieces, grace: number, bytesPerSecond: number): Pieces {
  let total = 0;
  let waited = 0;
  let asked = performance.now();
  for await (const piece of pieces) {
    waited += performance.now() - asked;
    total += piece.length;
    if (waited > grace + (total / bytesPerSecond) * 1000) {
      throw new UpstreamFault('UPSTREAM_TIMEOUT', `slower than ${bytesPerSecond} bytes a second`);
    }
    yield piece;
    asked = performance.now();
  }
}

/** Undoes Content-Encoding; only what was asked for is known. Throws INDEX_UNREADABLE. */
export async function* unpacked(pieces: Pieces, encoding: string): Pieces {
  if (encoding === '' || encoding === 'identity') return yield* pieces;
  if (!['gzip', 'x-gzip', 'br'].includes(encoding)) {
    throw new UpstreamFault('INDEX_UNREADABLE', 'the document is packed in a way that was not asked for');
  }
  const unpack = encoding === 'br' ? createBrotliDecompress() : createGunzip({ chunkSize: 64 << 10 });
  // an error of `pieces` destroys `unpack`, which then throws it below
  pipeline(Readable.from(pieces, { objectMode: false }), unpack, () => {});
  try {
    yield* unpack as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (!isZlibError(error)) throw error;
    throw new UpstreamFault('INDEX_UNREADABLE', 'the document cannot be unpacked');
  } finally {
    unpack.destroy();
  }
}

function isZlibError(error: unknown): boolean {
  // zlib's and brotli's errors carry their number beside a code
  return (
    error instanceof Error && 'errno' in error && 'code' in error && /^(Z_|ERR_)/.test(String(error.code))
  );
}
