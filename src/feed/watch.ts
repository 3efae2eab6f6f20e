import type { AlarmSubject } from '../alarms.ts';
import type { FeedState, OpenFeed } from '../feeds/open.ts';
import type { Metrics } from '../gate/metrics.ts';
import type { Digest } from '../model/digest.ts';
import type { Policy } from '../policy/policy.ts';
import { asksForFeed } from './asked.ts';

export interface FeedWatchParts {
  readonly feed: Pick<OpenFeed, 'state'>;
  /** Milliseconds since 1970. */
  now(): number;
  policy(): Policy;
  readonly metrics: Pick<Metrics, 'feed'>;
  /** It is older than it may be. */
  stale(about: AlarmSubject): void;
  /** It cannot be read: for the log. */
  failed(error: unknown): void;
}

/** Whether the feed serves, and what is weaker than the policy means it. */
export interface FeedHealth {
  readonly ok: boolean;
  readonly notes: readonly string[];
}

/** Looks at the feed as time goes on: nobody has to ask for a package to learn that it is old, or broken. */
export class FeedWatch {
  readonly #parts: FeedWatchParts;
  /** Of which time the feed was whose age was alarmed. */
  #alarmed: number | null = null;
  #failed = false;
  #asked: { readonly policy: Policy; readonly asks: boolean } | null = null;

  constructor(parts: FeedWatchParts) {
    this.#parts = parts;
  }

  /** At the start, and as time goes on: alarms once for each feed that became too old, and each time it breaks. */
  look(): void {
    const { now, metrics, stale } = this.#parts;
    const state = this.#state();
    const at = now();
    const known = state === 'broken' ? null : state;
    metrics.feed(known && { age: at - known.feed.at, records: known.status.records });
    if (known === null || at < known.feed.staleAt || this.#alarmed === known.feed.at) return;
    this.#alarmed = known.feed.at;
    const iso = (time: number) => new Date(time).toISOString();
    stale({ expected: `before ${iso(known.feed.staleAt)}`, found: `of ${iso(known.feed.at)}` });
  }

  /** Of the one in force; undefined where there is none that can be read. */
  digest(): Digest | undefined {
    const state = this.#state();
    return state === 'broken' ? undefined : state?.feed.digest;
  }

  /** For `/readyz`. */
  health(): FeedHealth {
    const state = this.#state();
    if (state === 'broken')
      return { ok: false, notes: ['the feed of advisories cannot be read, so nothing is served'] };
    if (state === null) {
      const notes = ['there is no feed of advisories, and the policy asks for one'];
      return { ok: true, notes: this.#isAsked() ? notes : [] };
    }
    const isStale = this.#parts.now() >= state.feed.staleAt;
    return { ok: true, notes: isStale ? ['the feed of advisories is older than it may be'] : [] };
  }

  #state(): FeedState | 'broken' | null {
    try {
      const state = this.#parts.feed.state();
      this.#failed = false;
      return state;
    } catch (error) {
      if (!this.#failed) this.#parts.failed(error);
      this.#failed = true;
      return 'broken';
    }
  }

  #isAsked(): boolean {
    const policy = this.#parts.policy();
    if (this.#asked?.policy !== policy) this.#asked = { policy, asks: asksForFeed(policy) };
    return this.#asked.asks;
  }
}
