import type { Cause } from '../../model/evidence.ts';

/** A document of evidence, or why there is none. */
export type EvidenceAnswer = Uint8Array | Cause;

/**
 * How long an answer is used again, ms: the one who causes a fetch of the file looks at its evidence, and then each
 * who waited for it does.
 */
const KEPT = 2_000;

/** What an answer costs beside its document, bytes: about. */
const OVERHEAD = 512;

interface Recent {
  readonly answer: EvidenceAnswer;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly bytes: number;
}

/** What an upstream said of evidence a moment ago; oldest first out, while it takes more than `capacity` bytes. */
export class RecentAnswers {
  readonly #capacity: number;
  readonly #recent = new Map<string, Recent>();
  #bytes = 0;

  constructor(capacity = 8 * 1024 ** 2) {
    this.#capacity = capacity;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** null where there was none lately. */
  get(key: string, now: number): EvidenceAnswer | null {
    const recent = this.#recent.get(key);
    return recent && isRecent(recent, now) ? recent.answer : null;
  }

  put(key: string, answer: EvidenceAnswer, now: number): void {
    this.#drop(key);
    const bytes = OVERHEAD + (typeof answer === 'string' ? 0 : answer.byteLength);
    this.#recent.set(key, { answer, at: now, bytes });
    this.#bytes += bytes;
    for (const [oldest, recent] of this.#recent) {
      if (this.#bytes <= this.#capacity && isRecent(recent, now)) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#recent.get(key)?.bytes ?? 0;
    this.#recent.delete(key);
  }
}

/** A clock that was set back makes nothing recent. */
function isRecent({ at }: Recent, now: number): boolean {
  return Math.abs(now - at) < KEPT;
}
