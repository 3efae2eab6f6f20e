import type { ServerResponse } from 'node:http';
import { eventOf } from './pour.ts';

/**
 * Sends a body whose length nobody knows before its end, at the client's pace. `head` is called when the first piece is
 * here, so that another answer is possible until then; `sending` before each piece, with the bytes up to its end. Where
 * the pieces fail the connection is cut before the end that would say that this was all; `error` says why.
 */
export async function pourStream(
  response: ServerResponse,
  pieces: AsyncIterable<Uint8Array>,
  head: () => void,
  sending: (bytes: number) => void,
): Promise<{ readonly error?: unknown }> {
  let bytes = 0;
  let started = false;
  try {
    // Leaving the loop returns from the pieces: whatever they hold is let go of.
    for await (const piece of pieces) {
      if (response.destroyed) return {};
      if (!started) head();
      started = true;
      bytes += piece.length;
      sending(bytes);
      if (!response.write(piece)) await eventOf(response, 'drain');
      if (response.destroyed) return {};
    }
    if (response.destroyed) return {};
    if (!started) head();
    response.end();
  } catch (error) {
    if (started) response.destroy();
    return { error };
  }
  await eventOf(response, 'finish');
  return {};
}
