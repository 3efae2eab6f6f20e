import type { Policy } from './policy/policy.ts';

export interface PolicySteps {
  /** Reads the policy's files. Rejects with PolicyError where they are none. */
  load(): Promise<Policy>;
  /** Hands it to those who decide in threads. When it rejects, the one before is in force there. */
  take(policy: Policy): Promise<void>;
  /** A policy is in force now, in place of another. */
  changed(policy: Policy, before: Policy): Promise<void>;
  /** A policy was not taken; this one stays in force. */
  rejected(error: unknown, current: Policy): Promise<void>;
}

/** The policy that decides. Another one takes its place whole, or not at all. */
export class PolicyInForce {
  readonly #steps: PolicySteps;
  #current: Policy;
  #failed = false;
  #turn: Promise<unknown> = Promise.resolve();

  /** Begins with a policy that the threads have taken already. */
  constructor(first: Policy, steps: PolicySteps) {
    this.#current = first;
    this.#steps = steps;
  }

  get current(): Policy {
    return this.#current;
  }

  /** The files that were read last could not be taken into use. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Reads the files again; false where the policy before them stays in force. */
  reload(): Promise<boolean> {
    // One after the other, so that the files that were read last are the policy in force.
    const reloaded = this.#turn.then(() => this.#reload());
    this.#turn = reloaded.catch(() => undefined);
    return reloaded;
  }

  async #reload(): Promise<boolean> {
    const before = this.#current;
    let next: Policy;
    try {
      next = await this.#steps.load();
      if (next.digest !== before.digest) await this.#steps.take(next);
    } catch (error) {
      this.#failed = true;
      await this.#steps.rejected(error, before);
      return false;
    }
    this.#failed = false;
    if (next.digest === before.digest) return true;
    this.#current = next;
    await this.#steps.changed(next, before);
    return true;
  }
}
