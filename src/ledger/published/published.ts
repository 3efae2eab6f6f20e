import type { LogSource } from '../log/log-source.ts';
import type { SignerKey } from '../log/note.ts';

/** One transparency log. `seq` of an entry is its place in the ledger; in its log it is `seq - base`. */
export interface LogRow {
  /** 1 and up; the highest is the running one. */
  readonly number: number;
  /** `<name>/<number>`: the first line of its checkpoints, and the name of its key. */
  readonly origin: string;
  /** The verifier key (C2SP signed-note). */
  readonly vkey: string;
  readonly base: number;
  /** Milliseconds since 1970. */
  readonly opened: number;
  /** Entries below this place in the log are withdrawn from reading; a multiple of 256 (C2SP tlog-tiles, Pruning). */
  readonly minimum: number;
}

/** A head of a log that is durable in the ledger, and so may be signed. */
export interface Head {
  /** Number of the log. */
  readonly log: number;
  readonly origin: string;
  readonly size: number;
  /** 64 lower-case hex digits. */
  readonly root: string;
  /** When it was sealed, milliseconds since 1970. */
  readonly time: number;
}

/** A head that somebody else has, and that ours contradicts. `root` null: only the size is known. */
export interface KnownHead {
  readonly size: number;
  readonly root: string | null;
  readonly from: 'head-copy' | 'witness' | 'checkpoint';
}

/** The published log of a running house. */
export interface PublishedLog {
  readonly current: LogRow;
  /** Signs checkpoints and, with a domain of their own, other statements of this firewall. */
  readonly signer: SignerKey;
  /** The newest head whose checkpoint is published; null before the first. */
  head(): Head | null;
  /**
   * Resolves with the newest head when the entry is under a published checkpoint. Rejects with LedgerError
   * `unavailable` where that will not come: the log is closed, signs no more, or the entry is in an earlier log.
   */
  published(seq: number): Promise<Head>;
  /**
   * `late`: entries wait, and none could be published for a minute. `stopped`: somebody knows a head that contradicts
   * ours. In both cases nothing may be appended.
   */
  state(): 'ok' | 'late' | 'stopped';
  /** Called after each publication with the signed checkpoint, as it lies in the log. Never removed. */
  onPublished(listener: (head: Head, checkpoint: string) => void): void;
  /**
   * Witnesses cosigned the checkpoint of this size: their lines are written into it, if it is still the newest. `met`:
   * they are enough under the policy, and it is kept as `cosigned`, too.
   */
  cosigned(size: number, lines: readonly string[], met: boolean): Promise<void>;
  /** A witness or a copy knows what contradicts our log: nothing more is signed, now and after a restart. */
  contradicted(known: KnownHead): Promise<void>;
  /** The files of a log, the running one's where no number is given. */
  files(log?: number): LogSource;
  /** Publishes what waits, and ends. */
  close(): Promise<void>;
}
