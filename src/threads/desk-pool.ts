import type { FactsBytes } from '../admission/facts.ts';
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
import type { Baseline } from '../model/evidence.ts';
import type { ListedFile } from '../model/listing.ts';
import type { AdmittedBefore } from '../policy/judge/admitted-files.ts';
import type { HigherAdmitted } from '../policy/policy.ts';
import type { TrustBytes } from '../verify/trust.ts';
import type { LoadedPolicy } from './policy-pieces.ts';
import { owned, Thread, threadFile } from './rpc.ts';

/** What is needed of a thread. */
export type Callee = Pick<Thread, 'call' | 'close' | 'dead'>;

/** Starts a desk thread; `givesWay`: it yields to the event loop where processors are short. */
export type StartDesk = (data: { readonly givesWay: boolean }) => Callee;

/** From this many bytes on a document goes to the thread for large ones, so that small ones never wait for it. */
const LARGE = 1024 ** 2;

/** Memory of a desk thread, MB: an index that needs more ends the thread, and its request, not the firewall. */
const HEAP = 1024;

/** New objects of it, MB: V8 would let them grow to several times what is kept, and never gives that back. */
const YOUNG = 24;

/** How long one call may take, ms, with those before it. A longer one is a document that its reader chokes on. */
const DEADLINE = 120_000;

interface FileOfIndex {
  readonly file: ListedFile | null;
  readonly manifest: string | null;
  readonly quarantined: boolean;
  readonly baseline: Baseline;
  readonly above: HigherAdmitted;
  readonly before: AdmittedBefore | null;
}

/** What both threads hold alike, by the method that gives it to them. */
type Setting = 'setPolicy' | 'setTrust';

/** The desk as two threads: one for small documents, one for large ones. A thread that died is replaced. */
export class DeskPool implements IndexDesk {
  readonly #small: DeskThread;
  readonly #large: DeskThread;
  readonly #where = new Map<Digest, DeskThread>();
  readonly #files = new Map<string, FileOfIndex>();

  /** `replaced`: told of each thread that died and has a successor. */
  constructor(replaced: () => void, start: StartDesk = startDesk) {
    this.#small = new DeskThread(() => start({ givesWay: false }), replaced);
    this.#large = new DeskThread(() => start({ givesWay: true }), replaced);
  }

  async open(id: PackageId, chunks: Uint8Array[]): Promise<OpenedIndex> {
    const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    const desk = size >= LARGE ? this.#large : this.#small;
    const pieces = chunks.map(owned);
    const opened = await desk.call<OpenedIndex>(
      'open',
      [id, pieces],
      pieces.map((p) => p.buffer as ArrayBuffer),
    );
    this.#where.delete(opened.digest);
    this.#where.set(opened.digest, desk);
    bound(this.#where, 100_000);
    return opened;
  }

  /** What an index and our facts say of a file never changes while their digests are the same: it is kept here as well. */
  async file(ref: IndexRef, filename: string, facts: FactsBytes): Promise<FileOfIndex> {
    const key = `${ref.ecosystem}\n${ref.name}\n${ref.digest}\n${facts.digest}\n${filename}`;
    const known = this.#files.get(key);
    if (known) return known;
    const file = await this.#holding(ref).call<FileOfIndex>('file', [ref, filename, facts]);
    this.#files.set(key, file);
    bound(this.#files, 10_000);
    return file;
  }

  async page(request: PageRequest): Promise<Page> {
    return this.#holding(request).call<Page>('page', [request]);
  }

  async versions(request: VersionsRequest) {
    return this.#holding(request).call<{ admitted: readonly string[]; known: readonly string[] }>(
      'versions',
      [request],
    );
  }

  /** Takes a policy into use in both threads, or rejects with the one before in force in both. */
  setPolicy({ pieces }: LoadedPolicy): Promise<void> {
    return this.#set('setPolicy', pieces);
  }

  /** Takes a trust root and keys into use in both threads, or rejects with those before in use in both. */
  setTrust({ root, npmKeys, ...rest }: TrustBytes): Promise<void> {
    // A copy, because successors start with it; and of these bytes alone, because all that lies around them would go too.
    const trust = { ...rest, root: Uint8Array.from(root), npmKeys: Uint8Array.from(npmKeys) };
    return this.#set('setTrust', trust);
  }

  async #set(setting: Setting, value: unknown): Promise<void> {
    const threads = [this.#small, this.#large];
    const offered = await Promise.allSettled(threads.map((thread) => thread.call(setting, [value])));
    const refused = offered.find((one) => one.status === 'rejected');
    if (refused) {
      await Promise.all(threads.map((thread) => thread.withdraw(setting)));
      throw refused.reason;
    }
    for (const thread of threads) thread.keep(setting, value);
  }

  async close(): Promise<void> {
    await Promise.all([this.#small.close(), this.#large.close()]);
  }

  #holding(ref: IndexRef): DeskThread {
    const desk = this.#where.get(ref.digest);
    if (!desk) throw new NotOpen();
    return desk;
  }
}

/** Drops the oldest beyond `max`. */
function bound<K>(map: Map<K, unknown>, max: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= max) break;
    map.delete(oldest);
  }
}

/** One desk thread with the policy and the trust that are in force, so that its successor starts with the same. */
class DeskThread {
  readonly #open: () => Callee;
  readonly #replaced: () => void;
  #thread: Promise<Callee | null> = Promise.resolve(null);
  readonly #inForce = new Map<Setting, unknown>();

  constructor(open: () => Callee, replaced: () => void) {
    this.#open = open;
    this.#replaced = replaced;
  }

  /** The thread, started anew if it died; its listings are gone then, and NotOpen says so. */
  async running(): Promise<Callee> {
    // One after the other, so that two who find it dead do not both start one.
    const running = this.#thread.then((thread) => {
      if (thread && !thread.dead) return thread;
      if (thread) this.#replaced();
      return this.#start();
    });
    this.#thread = running.catch(() => null);
    return running;
  }

  /** Calls the running thread. One that takes longer than `DEADLINE` is ended, and with it all that it was asked. */
  async call<T>(method: string, args: readonly unknown[], transfer: readonly ArrayBuffer[] = []): Promise<T> {
    const thread = await this.running();
    const timer = setTimeout(() => void thread.close(), DEADLINE);
    try {
      return await thread.call<T>(method, args, transfer);
    } finally {
      clearTimeout(timer);
    }
  }

  /** What the thread was given is in force: successors start with it. */
  keep(setting: Setting, value: unknown): void {
    this.#inForce.set(setting, value);
  }

  /**
   * What the thread was given is not taken: the one in force is given again. Of policies a thread holds the two that
   * it was given last, and the next one would drop it. A thread that does not take it, or that has none to go back to,
   * is ended: its successor starts with what is in force.
   */
  async withdraw(setting: Setting): Promise<void> {
    const thread = await this.#thread;
    if (!thread || thread.dead) return;
    try {
      if (!this.#inForce.has(setting)) throw new Error('there is none to go back to');
      await this.call(setting, [this.#inForce.get(setting)]);
    } catch {
      await thread.close();
    }
  }

  async close(): Promise<void> {
    await (await this.#thread)?.close();
  }

  async #start(): Promise<Callee> {
    const thread = this.#open();
    const given = new Map<Setting, unknown>();
    // Again where another one came into force meanwhile: the thread that accepted it may have died since.
    const next = () => [...this.#inForce].find(([setting, value]) => given.get(setting) !== value);
    for (let missing = next(); missing; missing = next()) {
      const [setting, value] = missing;
      await thread.call(setting, [value]);
      given.set(setting, value);
    }
    return thread;
  }
}

function startDesk(data: { readonly givesWay: boolean }): Callee {
  return new Thread(threadFile(import.meta.url, 'desk.thread'), data, {
    maxOldGenerationSizeMb: HEAP,
    maxYoungGenerationSizeMb: YOUNG,
  });
}
