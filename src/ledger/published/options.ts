import type { LogPlaces } from './log-places.ts';
import type { LogStore } from './log-store.ts';

/** What a person must be told of; beside it stands what is known, as words and numbers. */
export type LogAlarm = 'log-rolled-back' | 'head-copy-failed' | 'witness-unreachable';

/** What a witness says that it last cosigned of our log. */
export interface WitnessedHead {
  readonly size: number;
  /** Hex, where it is known. */
  readonly root?: string;
  /** It says itself that ours is another, whatever its root is. */
  readonly other?: boolean;
}

export interface PublishedLogOptions {
  readonly places: LogPlaces;
  readonly store: LogStore;
  /** Name of the log; null: the one that it has, or a random one. */
  readonly name: string | null;
  /** A file on another volume; null for none. */
  readonly headCopy: string | null;
  /** Milliseconds since 1970. */
  now(): number;
  /** Asks witnesses for what they last cosigned. Rejects where one of them cannot be asked. */
  askWitnesses?(origin: string, checkpoint: string): Promise<readonly WitnessedHead[]>;
  /** `ours` and `theirs` are heads in words. */
  alarm(
    kind: LogAlarm,
    about: { readonly expected?: string; readonly found?: string; readonly source?: string },
  ): void;
  /** For the log of the process: what happened, in words. */
  say(what: string): void;
  /** For the log of the process. */
  failed(what: string, error: unknown): void;
  /** How long entries may wait to be published before nothing more is taken in, ms. */
  readonly lateAfter?: number;
}
