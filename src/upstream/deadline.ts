import { UpstreamFault } from './upstream.ts';

/**
 * Runs `work` with a signal that aborts after `ms` (null: never) or when `outer` does. The signal's reason is
 * the UpstreamFault to answer with.
 */
export async function withDeadline<T>(
  ms: number | null,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const giveUp = () => controller.abort(new UpstreamFault('UPSTREAM_FAULT', 'the exchange was given up'));
  const timer =
    ms === null
      ? undefined
      : setTimeout(
          () => controller.abort(new UpstreamFault('UPSTREAM_TIMEOUT', 'the whole answer took too long')),
          ms,
        );
  outer?.addEventListener('abort', giveUp, { once: true });
  if (outer?.aborted) giveUp();
  try {
    controller.signal.throwIfAborted();
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', giveUp);
  }
}
