import type { LoggedEntry } from '../exports/logged.ts';

/** One entry as it is sent. */
export interface Message {
  readonly entry: LoggedEntry;
  readonly line: string;
}

/** The way to one target. */
export interface Sender {
  /**
   * Resolves when the target has taken all of the messages. Rejects with SendError where it is not known to have: then
   * some may have arrived, and all are sent again. At most one call at a time.
   */
  send(messages: readonly Message[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Words of ours, without an address, a credential or a word of the target's. */
export class SendError extends Error {
  override readonly name = 'SendError';
  /** What the target asks to wait, ms. */
  readonly retryAfter: number | null;
  /** It would take fewer at once. */
  readonly tooMany: boolean;
  constructor(
    message: string,
    more: { readonly retryAfter?: number | null; readonly tooMany?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.retryAfter = more.retryAfter ?? null;
    this.tooMany = more.tooMany ?? false;
  }
}

/** A fault of the network or of TLS, by its code alone: its message may hold what the other side said. */
export function codeOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code: unknown = 'code' in at ? at.code : undefined;
    if (typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code)) return code;
  }
  return error instanceof Error && error.name === 'TimeoutError' ? 'TIMEOUT' : 'UNKNOWN';
}
