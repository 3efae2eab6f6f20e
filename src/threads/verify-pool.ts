import type { EvidenceChecker } from '../admission/ports.ts';
import type { Digest } from '../model/digest.ts';
import type { EvidenceJob, EvidenceName, EvidenceVerdict } from '../model/evidence.ts';
import type { CheckResult } from '../model/verdict.ts';
import { servedKeys } from '../verify/npm/served-keys.ts';
import { openTrust, type Trust, type TrustBytes } from '../verify/trust.ts';
import { Thread, threadFile } from './rpc.ts';
import { ThreadPool } from './thread-pool.ts';

export interface VerifyPoolOptions {
  /** Milliseconds since 1970: the time at which keys and certificates are looked at. */
  readonly now: () => number;
  /** Told of each thread that died, when its place is taken or given up. */
  readonly replaced: () => void;
  /** Told of each check: how long it took inside its thread, and what came of it. */
  readonly timed: (check: EvidenceName, seconds: number, result: CheckResult) => void;
  /** Threads at most. */
  readonly size?: number;
}

/** What a thread answers to `check`. */
export interface Checked {
  readonly verdict: EvidenceVerdict;
  readonly trust: Digest;
  readonly seconds: number;
}

/** How long one check may take in its thread, ms: thousands of times what any document needs. */
const DEADLINE = 30_000;

/** Memory of a thread, MB: a document that needs more ends the thread, and its check, not the firewall. */
const HEAP = 512;

/** Threads that verify evidence, each with a trust root of its own, read from the same bytes. */
export class VerifyPool implements EvidenceChecker {
  readonly #now: () => number;
  readonly #timed: VerifyPoolOptions['timed'];
  readonly #pool: ThreadPool;
  #inForce: InForce;

  /** @throws TrustError */
  constructor(trust: TrustBytes, { now, replaced, timed, size = 2 }: VerifyPoolOptions) {
    this.#now = now;
    this.#timed = timed;
    this.#inForce = read(trust);
    const start = () => startThread(this.#inForce.trust.bytes);
    this.#pool = new ThreadPool({ start, replaced, deadline: DEADLINE, size, eager: false });
  }

  trust(): Digest {
    return this.#inForce.trust.digest;
  }

  npmKeys(): Uint8Array {
    return this.#inForce.npmKeys;
  }

  async check(job: EvidenceJob): Promise<{ readonly verdict: EvidenceVerdict; readonly trust: Digest }> {
    // Of these bytes alone: the caller's may be a piece of something larger, and he keeps them.
    const bytes = Uint8Array.from(job.bytes);
    const { verdict, trust, seconds } = await this.#pool.call<Checked>(
      'check',
      [{ ...job, bytes }, this.#now()],
      [bytes.buffer],
    );
    this.#timed(verdict.check, seconds, verdict.result);
    return { verdict, trust };
  }

  /**
   * Takes a trust root and keys into use for every check that begins later; those under way end under the one
   * before, and say so. A thread does what it is told in order, so none can be between the two.
   * @throws TrustError, and then the one before stays in use
   */
  setTrust(bytes: TrustBytes): void {
    this.#inForce = read(bytes);
    this.#pool.tellAll('setTrust', [this.#inForce.trust.bytes]);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

interface InForce {
  readonly trust: Trust;
  readonly npmKeys: Uint8Array;
}

/** From a copy, because threads are started from it later. */
function read({ root, npmKeys, ...rest }: TrustBytes): InForce {
  const trust = openTrust({ ...rest, root: Uint8Array.from(root), npmKeys: Uint8Array.from(npmKeys) });
  return { trust, npmKeys: servedKeys(trust) };
}

function startThread(trust: TrustBytes): Thread {
  return new Thread(threadFile(import.meta.url, 'verify.thread'), trust, { maxOldGenerationSizeMb: HEAP });
}
