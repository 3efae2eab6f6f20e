import { createInflateRaw } from 'node:zlib';
import { ArchiveUnsafe } from './unsafe.ts';

export interface Inflated {
  /** The unpacked bytes in pieces, as they come. Throws ArchiveUnsafe where the stream is broken or cut off. */
  readonly pieces: AsyncGenerator<Uint8Array, void, undefined>;
  /** How many packed bytes the stream took, once `pieces` has ended. */
  consumed(): number;
}

const OUTPUT_PIECE = 256 * 1024;

/**
 * Unpacks one raw DEFLATE stream (RFC 1951). It says where the stream ended, which the gzip streams of
 * node:zlib do not: they skip trailing bytes and run several members together.
 */
export function inflateRaw(packed: AsyncIterable<Uint8Array>): Inflated {
  const stream = createInflateRaw({ chunkSize: OUTPUT_PIECE });
  const source: { failure: { readonly error: unknown } | null; closed: boolean } = {
    failure: null,
    closed: false,
  };

  const feed = async (): Promise<void> => {
    try {
      for await (const piece of packed) {
        if (source.closed) return;
        if (!stream.write(piece)) await roomOrEnd(stream);
        if (source.closed) return;
      }
      stream.end();
    } catch (error) {
      source.failure = { error };
      stream.destroy();
    }
  };

  const pieces = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    const fed = feed();
    try {
      for await (const piece of stream) yield piece as Uint8Array;
    } catch (error) {
      if (source.failure) throw source.failure.error;
      if (isZlibError(error)) throw new ArchiveUnsafe('broken compressed data');
      throw error;
    } finally {
      source.closed = true;
      stream.destroy();
      await fed;
    }
    if (source.failure) throw source.failure.error;
  };

  return { pieces: pieces(), consumed: () => stream.bytesWritten };
}

/** Resolves when more may be written, or when there will be no reader any more. */
function roomOrEnd(stream: ReturnType<typeof createInflateRaw>): Promise<void> {
  if (stream.destroyed || stream.readableEnded) return Promise.resolve();
  return new Promise((resolve) => {
    const events = ['drain', 'end', 'close', 'error'] as const;
    const done = (): void => {
      for (const event of events) stream.removeListener(event, done);
      resolve();
    };
    for (const event of events) stream.once(event, done);
  });
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^Z_/.test(String(error.code));
}
