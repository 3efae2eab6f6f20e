import {
  type IndexDesk,
  type IndexRef,
  NotOpen,
  type OpenedIndex,
  type Page,
  type PageRequest,
  type VersionsRequest,
} from '../admission/ports.ts';
import type { PackageId } from '../model/artifact.ts';
import type { Digest } from '../model/digest.ts';
import type { ListedFile } from '../model/listing.ts';
import type { Policy } from '../policy/policy.ts';
import { owned, Thread, threadFile } from './rpc.ts';

/** From this many bytes on a document goes to the thread for large ones, so that small ones never wait for it. */
const LARGE = 1024 ** 2;

/** Memory of a desk thread, MB: an index that needs more ends the thread, and its request, not the firewall. */
const HEAP = 1024;

/** The desk as two threads: one for small documents, one for large ones. A thread that died is replaced. */
export class DeskPool implements IndexDesk {
  readonly #small = new DeskThread();
  readonly #large = new DeskThread();
  readonly #where = new Map<Digest, DeskThread>();

  async open(id: PackageId, chunks: Uint8Array[]): Promise<OpenedIndex> {
    const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    const desk = size >= LARGE ? this.#large : this.#small;
    const pieces = chunks.map(owned);
    const thread = await desk.running();
    const opened = await thread.call<OpenedIndex>(
      'open',
      [id, pieces],
      pieces.map((p) => p.buffer as ArrayBuffer),
    );
    this.#where.delete(opened.digest);
    this.#where.set(opened.digest, desk);
    for (const oldest of this.#where.keys()) {
      if (this.#where.size <= 100_000) break;
      this.#where.delete(oldest);
    }
    return opened;
  }

  async file(ref: IndexRef, filename: string) {
    const thread = await this.#holding(ref);
    return thread.call<{ file: ListedFile | null; quarantined: boolean }>('file', [ref, filename]);
  }

  async page(request: PageRequest): Promise<Page> {
    return (await this.#holding(request)).call<Page>('page', [request]);
  }

  async versions(request: VersionsRequest) {
    const thread = await this.#holding(request);
    return thread.call<{ admitted: readonly string[]; known: readonly string[] }>('versions', [request]);
  }

  async setPolicy(policy: Policy): Promise<void> {
    await Promise.all([this.#small.setPolicy(policy), this.#large.setPolicy(policy)]);
  }

  async close(): Promise<void> {
    await Promise.all([this.#small.close(), this.#large.close()]);
  }

  async #holding(ref: IndexRef): Promise<Thread> {
    const desk = this.#where.get(ref.digest);
    if (!desk) throw new NotOpen();
    return desk.running();
  }
}

/** One desk thread with the policy that it was given, so that its successor starts with the same. */
class DeskThread {
  #thread: Promise<Thread | null> = Promise.resolve(null);
  #policy: Policy | null = null;

  /** The thread, started anew if it died; its listings are gone then, and NotOpen says so. */
  async running(): Promise<Thread> {
    // One after the other, so that two who find it dead do not both start one.
    const running = this.#thread.then((thread) => (thread && !thread.dead ? thread : this.#start()));
    this.#thread = running.catch(() => null);
    return running;
  }

  async setPolicy(policy: Policy): Promise<void> {
    this.#policy = policy;
    const thread = await this.#thread;
    if (!thread || thread.dead) await this.running();
    else await thread.call('setPolicy', [policy.sources]);
  }

  async close(): Promise<void> {
    await (await this.#thread)?.close();
  }

  async #start(): Promise<Thread> {
    const thread = new Thread(threadFile(import.meta.url, 'desk.thread'), undefined, {
      maxOldGenerationSizeMb: HEAP,
    });
    if (this.#policy) await thread.call('setPolicy', [this.#policy.sources]);
    return thread;
  }
}
