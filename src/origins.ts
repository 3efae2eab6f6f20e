import type { Memory } from './ledger/ledger.ts';
import { baseUrl, httpUrl, isOwnOrigin } from './upstream/locations.ts';
import type { FileOrigins, Source } from './upstream/upstream.ts';

/**
 * Which origins a source's files may come from, beside its own and those that were configured: the one of its
 * first verified file, and no other. Upstream asks before it fetches; admission tells what was verified.
 */
export class FileOriginBook implements FileOrigins {
  readonly #memory: Pick<Memory, 'fileOrigins' | 'learnFileOrigin'>;
  readonly #learned: (source: string, origin: string) => void;
  #turn: Promise<unknown> = Promise.resolve();

  /** `learned` is told after an origin is durable in the memory. */
  constructor(
    memory: Pick<Memory, 'fileOrigins' | 'learnFileOrigin'>,
    learned: (source: string, origin: string) => void,
  ) {
    this.#memory = memory;
    this.#learned = learned;
  }

  async check(sourceId: string, origin: string, learn: boolean): Promise<'known' | 'first' | 'new'> {
    const known = await this.#memory.fileOrigins(sourceId);
    if (known.includes(origin)) return 'known';
    return known.length > 0 || !learn ? 'new' : 'first';
  }

  /**
   * A file from this address was verified: its origin is learned where the source has none yet. Rejects where that
   * cannot be made durable: what was fetched from there is not answered then.
   */
  verifiedFrom(source: Source, url: string): Promise<void> {
    // One after the other: of two that come at once, only the first is learned.
    const turn = this.#turn.then(() => this.#learn(source, url));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #learn(source: Source, url: string): Promise<void> {
    // Only an address that upstream fetches from: an opaque one would have the origin "null".
    const origin = httpUrl(url, baseUrl(source))?.origin;
    if (!origin || isOwnOrigin(source, origin)) return;
    if ((await this.#memory.fileOrigins(source.id)).length > 0) return;
    await this.#memory.learnFileOrigin(source.id, origin);
    this.#learned(source.id, origin);
  }
}
