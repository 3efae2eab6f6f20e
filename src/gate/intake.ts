import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

const unpack = promisify(gunzip);

/** A request's body that is too large, is packed in a way that we do not read, or does not unpack. */
export class BodyUnreadable extends Error {
  override readonly name = 'BodyUnreadable';
}

/**
 * Reads an audit's body: plain or gzip (npm sends gzip), at most `max` bytes as it comes and as unpacked.
 * Throws BodyUnreadable; how long it may take is the server's requestTimeout.
 */
export async function readBody(request: IncomingMessage, max: number): Promise<Uint8Array> {
  const coding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (coding !== 'gzip' && coding !== 'x-gzip' && coding !== 'identity') {
    throw new BodyUnreadable('a content coding that is not read here');
  }
  if (Number(request.headers['content-length'] ?? 0) > max) throw new BodyUnreadable('too large');
  const pieces: Buffer[] = [];
  let size = 0;
  // Leaving the loop must not destroy the socket: the refusal still has to be written to it.
  for await (const piece of request.iterator({ destroyOnReturn: false })) {
    size += piece.length;
    if (size > max) throw new BodyUnreadable('too large');
    pieces.push(piece);
  }
  const body = Buffer.concat(pieces);
  if (coding === 'identity') return body;
  try {
    return await unpack(body, { maxOutputLength: max });
  } catch (error) {
    throw new BodyUnreadable('does not unpack', { cause: error });
  }
}
