import { type AlarmInput, alarmEntry } from './ledger/entry.ts';
import type { AlarmKind } from './ledger/entry-codes.ts';
import type { Stamp } from './ledger/entry-parts.ts';
import type { EntryDraft } from './ledger/ledger.ts';

/** What an alarm is about. */
export type AlarmSubject = Omit<AlarmInput, 'id' | 'time' | 'code'>;

/** Where alarms go. */
export interface AlarmSinks {
  /** The time, and an id that is used once. */
  stamp(): Stamp;
  /** Each alarm, however often it comes: for counting. */
  count(kind: AlarmKind): void;
  warn(kind: AlarmKind, about: AlarmSubject): void;
  /** Never rejects: an alarm that cannot be entered stops nobody. */
  enter(entry: EntryDraft): Promise<void>;
}

/** How often the same alarm is entered and logged within so many ms; each is counted. */
const AGAIN = { times: 10, within: 60_000 } as const;

/** As many as are remembered; a newer one takes the place of the oldest. */
const MAX_REMEMBERED = 1_000;

/**
 * Counts, logs and enters what a person should look at. Whoever asks for one bad file again and again must not fill
 * the ledger with its alarm: the same one is news a few times a minute.
 */
export class Alarms {
  readonly #sinks: AlarmSinks;
  readonly #said = new Map<string, { readonly since: number; times: number }>();

  constructor(sinks: AlarmSinks) {
    this.#sinks = sinks;
  }

  raise(kind: AlarmKind, about: AlarmSubject): void {
    const sinks = this.#sinks;
    const stamp = sinks.stamp();
    sinks.count(kind);
    if (!this.#isNews(JSON.stringify([kind, about]), stamp.time)) return;
    sinks.warn(kind, about);
    void sinks.enter(alarmEntry({ ...stamp, code: kind, ...about }));
  }

  #isNews(word: string, at: number): boolean {
    const before = this.#said.get(word);
    // A clock that was set back makes everything news.
    if (before && at >= before.since && at - before.since < AGAIN.within) {
      before.times += 1;
      return before.times <= AGAIN.times;
    }
    this.#said.delete(word);
    this.#said.set(word, { since: at, times: 1 });
    for (const oldest of this.#said.keys()) {
      if (this.#said.size <= MAX_REMEMBERED) break;
      this.#said.delete(oldest);
    }
    return true;
  }
}
