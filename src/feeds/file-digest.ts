import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Digest } from '../model/digest.ts';

/** In pieces that hold up nobody. null where `until` says that nobody wants it any more. */
export async function fileDigest(path: string, until: () => boolean = () => false): Promise<Digest | null> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    if (until()) return null;
    hash.update(piece);
  }
  return `sha256:${hash.digest('hex')}`;
}
