import { join } from 'node:path';

/** Where a data folder has its logs, and the key that signs the running one. */
export class LogPlaces {
  readonly dir: string;
  readonly key: string;

  /** `key`: the key's file, where it is not the data folder's own. */
  constructor(dir: string, key?: string) {
    this.dir = dir;
    this.key = key ?? join(dir, 'ledger', 'key');
  }

  get ledger(): string {
    return join(this.dir, 'ledger');
  }

  get database(): string {
    return join(this.ledger, 'ledger.db');
  }

  /** The running log. */
  get running(): string {
    return join(this.ledger, 'log');
  }

  /** A log that has ended. */
  ended(number: number): string {
    return join(this.ledger, 'logs', String(number));
  }

  /** The key of a log that is about to be begun. */
  get nextKey(): string {
    return `${this.key}.next`;
  }

  /** What showed that our log is not the whole of it: read at a start, where a witness may not be there to ask. */
  get contradiction(): string {
    return join(this.ledger, 'contradicted');
  }
}
