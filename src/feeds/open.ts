import { readFileSync, statSync } from 'node:fs';
import type { FeedFacts, PackageAdvisories } from '../model/advisory.ts';
import type { PackageId } from '../model/artifact.ts';
import type { Digest } from '../model/digest.ts';
import { FeedDatabase } from './database.ts';
import { FeedError } from './feed-error.ts';
import type { Advisories } from './feeds.ts';
import { fileDigest } from './file-digest.ts';
import { NO_ADVISORIES } from './none.ts';
import { RecentPackages } from './recent.ts';
import { databasePath, type FeedStatus, parseStatus, statusPath } from './status.ts';

export interface FeedOptions {
  /** The folder that an update fills. */
  readonly dir: string;
  /** How old the feed may be, ms. */
  readonly maxAge: number;
  /** The bytes of a database are not those that its update wrote: for the log. */
  damaged?(error: FeedError): void;
}

/** What is in force. */
export interface FeedState {
  readonly status: FeedStatus;
  readonly feed: FeedFacts;
}

/** The feed of one data folder. */
export interface OpenFeed extends Advisories {
  /** null where there is no feed. Throws as `of` does. */
  state(): FeedState | null;
  /** From now on `changed` is told of another feed as it comes into use; `previous` is null where there was none. */
  tellChanges(changed: (digest: Digest, previous: Digest | null) => void): void;
  /** Resolves when the bytes that are in force were hashed once; from then on a damaged feed throws. Never rejects. */
  checked(): Promise<void>;
  close(): void;
}

/** Opens nothing yet: the first look-up does. */
export function openFeed(options: FeedOptions): OpenFeed {
  return new FileFeed(options);
}

/** One database that is or was in force. */
interface Generation extends FeedState {
  /** Says which `status.json` it was. */
  readonly mark: string;
  readonly database: FeedDatabase;
  readonly recent: RecentPackages;
  readonly checked: Promise<void>;
  damage: FeedError | null;
}

class FileFeed implements OpenFeed {
  readonly #options: FeedOptions;
  #generation: Generation | null = null;
  /** There was one: where it vanishes, nothing is known any more. */
  #seen = false;
  #closed = false;
  #changed: (digest: Digest, previous: Digest | null) => void = () => undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  of({ ecosystem, name }: PackageId): PackageAdvisories {
    const generation = this.#current();
    if (generation === null) return NO_ADVISORIES;
    const { recent, database, feed } = generation;
    const key = `${ecosystem}\n${name}`;
    const known = recent.get(key);
    if (known) return known;
    const stored = database.get(ecosystem, name);
    const found: PackageAdvisories = stored
      ? { feed, digest: `sha256:${stored.sha256}`, records: JSON.parse(stored.text) }
      : { ...NO_ADVISORIES, feed };
    recent.put(key, found, stored?.text.length ?? 0);
    return found;
  }

  state(): FeedState | null {
    return this.#current();
  }

  tellChanges(changed: (digest: Digest, previous: Digest | null) => void): void {
    this.#changed = changed;
  }

  async checked(): Promise<void> {
    await this.#generation?.checked;
  }

  close(): void {
    this.#closed = true;
    this.#generation?.database.close();
    this.#generation = null;
  }

  #current(): Generation | null {
    if (this.#closed) throw new FeedError('the feed is closed');
    const path = statusPath(this.#options.dir);
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (!found) {
      if (this.#seen)
        throw new FeedError('there was a feed, and its status.json is gone; a restart would do without');
      return null;
    }
    this.#seen = true;
    const mark = `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
    if (this.#generation?.mark !== mark) {
      const next = this.#open(mark, parseStatus(readFileSync(path, 'utf8')));
      const previous = this.#generation?.feed.digest ?? null;
      this.#generation?.database.close();
      this.#generation = next;
      if (next.feed.digest !== previous) this.#changed(next.feed.digest, previous);
    }
    if (this.#generation.damage) throw this.#generation.damage;
    return this.#generation;
  }

  #open(mark: string, status: FeedStatus): Generation {
    const { dir, maxAge } = this.#options;
    const { digest, at } = status;
    const path = databasePath(dir, digest);
    // Half a file would still answer for the half that is there.
    if (statSync(path, { throwIfNoEntry: false })?.size !== status.bytes)
      throw new FeedError('the database of the feed is missing, or not whole');
    const generation: Generation = {
      mark,
      status,
      feed: { digest, at, staleAt: at + maxAge },
      database: new FeedDatabase(path),
      recent: new RecentPackages(),
      damage: null,
      checked: Promise.resolve().then(async () => {
        const read = await fileDigest(path, () => this.#generation !== generation).catch(() => 'unreadable');
        if (read === null || read === digest) return;
        generation.damage = new FeedError('the database of the feed is damaged');
        this.#options.damaged?.(generation.damage);
      }),
    };
    return generation;
  }
}
