import type { Metrics } from './gate/metrics.ts';
import type { EntryDraft, EntryValue, Ledger } from './ledger/ledger.ts';
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

/**
 * The same ledger, with the time of every durable append, and with the count of what was admitted only by a waiver or
 * by mode observe: what is counted is in the ledger. `lifted`: what the waiver at a place lifts.
 */
export function watchedLedger(
  ledger: Ledger,
  metrics: Metrics,
  lifted: (place: string) => string | null = () => null,
): Ledger {
  function count({ type, verdict, waived, observed }: EntryDraft): void {
    if (type !== 'decision' || verdict !== 'allow') return;
    for (const place of textsOf(waived, 'place')) metrics.waiverUsed(lifted(place) ?? 'unknown');
    for (const code of textsOf(observed, 'code')) metrics.wouldRefuse(code);
  }
  return {
    async append(draft, first, carried) {
      const started = performance.now();
      const receipt = await ledger.append(draft, first, carried).catch((error: unknown) => {
        if (draft.type === 'served' || draft.type === 'aborted') metrics.tally.unwritten();
        throw error;
      });
      metrics.append((performance.now() - started) / 1000, draft.type);
      count(draft);
      return receipt;
    },
    query: (filter) => ledger.query(filter),
    stats: (filter, by, limit) => ledger.stats(filter, by, limit),
    versionsOf: (name) => ledger.versionsOf(name),
    memory: ledger.memory,
    health: () => ledger.health(),
    close: () => ledger.close(),
  };
}

/** A member of each object in a list, where it is a text. */
function textsOf(list: EntryValue | undefined, member: string): string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((one: EntryValue) => {
    if (typeof one !== 'object' || !(member in one)) return [];
    const value = Reflect.get(one, member);
    return typeof value === 'string' ? [value] : [];
  });
}
