import type { Metrics } from './gate/metrics.ts';
import type { Ledger } from './ledger/ledger.ts';
import { type Upstream, UpstreamFault } from './upstream/upstream.ts';

/** The same upstream, with every exchange counted and timed. */
export function watchedUpstream(upstream: Upstream, metrics: Metrics): Upstream {
  async function watched<T>(
    source: string,
    work: Promise<T>,
    outcome: (value: T) => [string, number],
  ): Promise<T> {
    const started = performance.now();
    const end = (word: string, bytes: number) =>
      metrics.upstream(source, word, (performance.now() - started) / 1000, bytes);
    try {
      const value = await work;
      end(...outcome(value));
      return value;
    } catch (error) {
      end(error instanceof UpstreamFault ? error.code : 'fault', 0);
      throw error;
    }
  }
  return {
    index: (source, ...rest) =>
      watched(source.id, upstream.index(source, ...rest), (answer) =>
        answer.kind === 'document' ? ['ok', answer.length] : [answer.kind, 0],
      ),
    file: (source, ...rest) => watched(source.id, upstream.file(source, ...rest), (bytes) => ['ok', bytes]),
    evidence: (source, ...rest) =>
      watched(source.id, upstream.evidence(source, ...rest), (bytes) =>
        bytes ? ['ok', bytes.byteLength] : ['absent', 0],
      ),
    audit: (source, ...rest) =>
      watched(source.id, upstream.audit(source, ...rest), (body) => ['ok', body.byteLength]),
    close: () => upstream.close(),
  };
}

/** The same ledger, with the time of every durable append. */
export function watchedLedger(ledger: Ledger, metrics: Metrics): Ledger {
  return {
    async append(draft, first, carried) {
      const started = performance.now();
      const receipt = await ledger.append(draft, first, carried);
      metrics.append((performance.now() - started) / 1000);
      return receipt;
    },
    query: (filter) => ledger.query(filter),
    memory: ledger.memory,
    health: () => ledger.health(),
    close: () => ledger.close(),
  };
}
