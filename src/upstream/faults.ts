import { AddressRefused } from './connect.ts';
import { UpstreamFault } from './upstream.ts';

/**
 * Wraps an error of a port that was handed in (a full disk while a piece is written, the memory of origins):
 * it is not the upstream's fault, is not retried, and reaches its owner unchanged.
 */
export class PortError extends Error {
  override readonly name = 'PortError';
  readonly error: unknown;
  constructor(error: unknown) {
    super('a port failed');
    this.error = error;
  }
}

/** Awaits a port's work. */
export async function port<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new PortError(error);
  }
}

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);

/** Broken connections that a second try may mend. Timeouts are not among them: each has cost its time already. */
const TRANSIENT = new Set([
  'UND_ERR_SOCKET',
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
]);

/** Whether another try may help: the connection broke, or a gateway said 502, 503 or 504. */
export function isTransient(error: unknown): boolean {
  if (error instanceof UpstreamFault) return [502, 503, 504].includes(error.status ?? 0);
  return TRANSIENT.has(codeOf(error));
}

/**
 * What is thrown for `error`: a PortError's own error, else an UpstreamFault in our words. Neither message nor
 * cause of a foreign error is kept: a parser's error carries bytes of the answer, others the address.
 */
export function asThrown(error: unknown): unknown {
  if (error instanceof PortError) return error.error;
  if (error instanceof UpstreamFault) return error;
  if (error instanceof AddressRefused) {
    return new UpstreamFault(
      'UPSTREAM_FAULT',
      'the address is private, and privateAddresses does not list it',
    );
  }
  const code = codeOf(error);
  if (TIMEOUTS.has(code)) return new UpstreamFault('UPSTREAM_TIMEOUT', `no answer in time (${code})`);
  return new UpstreamFault('UPSTREAM_FAULT', `the exchange failed (${code})`);
}

/** The error code that Node or undici set, if it looks like one. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : 'UNKNOWN';
}
