import type { ServerResponse } from 'node:http';

/**
 * How a body ended. `unreadable`: nothing was sent, another answer is still possible. `damaged`: the
 * connection was cut, because bytes were missing or wrong. `aborted`: the client went away.
 */
export interface Poured {
  readonly end: 'complete' | 'aborted' | 'unreadable' | 'damaged';
  readonly bytes: number;
  readonly error?: unknown;
}

/**
 * Sends exactly `length` bytes, at the client's pace. `head` is called once, when the first piece is here;
 * `sending` before each piece, with the bytes up to its end.
 * The last piece is held back until the reader has said that it is done: whatever it finds wrong, up to its
 * very end, the declared length is never completed.
 */
export async function pour(
  response: ServerResponse,
  pieces: AsyncIterable<Uint8Array>,
  length: number,
  head: () => void,
  sending: (bytes: number) => void = () => undefined,
): Promise<Poured> {
  const reader = pieces[Symbol.asyncIterator]();
  let bytes = 0;
  let started = false;
  try {
    while (bytes < length) {
      const { done, value: piece } = await reader.next();
      if (done || piece.length === 0 || bytes + piece.length > length)
        throw new Error('not the bytes that were promised');
      const last = bytes + piece.length === length;
      if (last && !(await reader.next()).done) throw new Error('more bytes than were promised');
      if (response.destroyed) return { end: 'aborted', bytes };
      if (!started) head();
      started = true;
      bytes += piece.length;
      sending(bytes);
      if (last) response.end(piece);
      else if (!response.write(piece)) await eventOf(response, 'drain');
    }
    if (length === 0) {
      head();
      response.end();
    }
  } catch (error) {
    if (!started) return { end: 'unreadable', bytes: 0, error };
    response.destroy();
    return { end: 'damaged', bytes, error };
  } finally {
    // Closes the file behind a reader that was left early; a reader that fails even there has nothing to add.
    if (bytes < length) await Promise.resolve(reader.return?.()).catch(() => undefined);
  }
  await eventOf(response, 'finish');
  return { end: response.writableFinished ? 'complete' : 'aborted', bytes };
}

/** Resolves on the event, or when the connection is gone. */
export function eventOf(response: ServerResponse, event: 'drain' | 'finish'): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed || response.writableFinished) return resolve();
    const settle = () => {
      response.off(event, settle);
      response.off('close', settle);
      resolve();
    };
    response.on(event, settle);
    response.on('close', settle);
  });
}
