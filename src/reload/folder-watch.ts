import type { Digest } from '../model/digest.ts';

/** What became of a reload that watching began: see `InForce.reload`. `passed`: the files were not to be taken yet. */
export type Taken = 'taken' | 'unchanged' | 'rejected' | 'passed';

export interface WatchParts {
  /** How long nothing may have changed before the files are taken, ms. */
  readonly quiet: number;
  /** Milliseconds that only go forward. */
  elapsed(): number;
  /** What is the same while no policy file of the folder changes. Never rejects: a folder that cannot be read has one, too. */
  fingerprint(): Promise<string>;
  /** The digest to wait for; null where there is none that can be read. Left out: quiet decides. */
  expected?(): Promise<Digest | null>;
  /**
   * Reads the files and takes them into use, unless they have another digest than `expect`, or `still` says, once they
   * are read, that they changed meanwhile.
   */
  reload(options: { readonly expect: Digest | null; still(): Promise<boolean> }): Promise<Taken>;
  /** Something that whoever waits for a change should know. */
  say(what: string): void;
  fault(error: unknown): void;
}

/** How often the files are looked at, ms: a quarter of the quiet that is asked for, within these bounds. */
const OFTEN = { least: 25, most: 2_000 } as const;

/** Less would not tell two changes within one tick of a file system's clock, ms. */
const LEAST_QUIET = 100;

/**
 * Takes changed policy files into use by itself. A pull of ten files has valid states in between, so they are taken
 * when their digest is the one that was announced, or when nothing has changed for a while. What was found wanting is
 * not tried again until something changes.
 */
export class FolderWatch {
  readonly #parts: WatchParts;
  readonly #quiet: number;
  readonly #period: number;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;
  /** The state that was seen last, and since when. */
  #seen: { readonly state: string; readonly since: number } | null = null;
  /** The state that was tried last, whatever became of it. */
  #tried: string | null = null;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#quiet = Math.max(parts.quiet, LEAST_QUIET);
    this.#period = Math.min(Math.max(this.#quiet / 4, OFTEN.least), OFTEN.most);
  }

  start(): void {
    this.#later();
  }

  /** Resolves when nothing of it is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#looking;
  }

  #later(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look()
        .catch((error: unknown) => this.#parts.fault(error))
        .then(() => this.#later());
    }, this.#period);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const expected = this.#parts.expected ? await this.#parts.expected() : undefined;
    const folder = await this.#parts.fingerprint();
    const state = `${expected ?? ''}\n${folder}`;
    const now = this.#parts.elapsed();
    if (this.#seen?.state !== state) {
      this.#seen = { state, since: now };
      // A digest says that all is there; without one only time does.
      if (expected === undefined) return;
    }
    if (state === this.#tried) return;
    if (expected === undefined && now - this.#seen.since < this.#quiet) return;
    if (expected === null) {
      this.#tried = state;
      this.#parts.say('there is no digest to wait for: the policy files are not taken');
      return;
    }
    const still = async () => (await this.#parts.fingerprint()) === folder;
    const taken = await this.#parts.reload({ expect: expected ?? null, still });
    // What changed while it was read is looked at again, once it is quiet.
    if (taken === 'passed' && !(await still())) return;
    this.#tried = state;
    if (taken === 'passed') this.#parts.say('the policy files do not have the digest that is waited for');
  }
}
