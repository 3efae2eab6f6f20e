import { createReadStream } from 'node:fs';
import type { Piece, SourceLimits } from './limits.ts';

const BREAK = 0x0a;

/** The records of a file with one on each line (JSON Lines). A line that is too long is passed over. */
export async function* recordsOfLines(path: string, limits: SourceLimits): AsyncGenerator<Piece> {
  let pieces: Buffer[] = [];
  let length = 0;
  const line = (): Piece | null => {
    const whole = length > limits.record ? 'too-large' : Buffer.concat(pieces);
    const empty = whole !== 'too-large' && whole.toString('latin1').trim() === '';
    pieces = [];
    length = 0;
    return empty ? null : whole;
  };
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) {
    if (!Buffer.isBuffer(chunk)) continue;
    for (let at = 0; at < chunk.length; ) {
      const end = chunk.indexOf(BREAK, at);
      const part = chunk.subarray(at, end < 0 ? chunk.length : end);
      length += part.length;
      if (length <= limits.record) pieces.push(part);
      else pieces = [];
      at += part.length + 1;
      if (end < 0) break;
      const record = line();
      if (record !== null) yield record;
    }
  }
  const last = line();
  if (last !== null) yield last;
}
