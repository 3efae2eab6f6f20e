import { type DecisionInput, decisionEntry, refusalSumEntry } from '../ledger/entry-decision.ts';
import type { Receipt } from '../ledger/ledger.ts';
import { ENGINE } from '../model/engine.ts';
import type { ReasonCode } from '../model/reason-codes.ts';
import type { Ports } from './ports.ts';

/** How many refusals have entries of their own, and how often the others are summed. Times in milliseconds. */
export interface RefusalBudget {
  /** Entries of one agent within one `window`. */
  readonly own: number;
  readonly window: number;
  readonly sumEvery: number;
}

export const REFUSAL_BUDGET: RefusalBudget = { own: 1_000, window: 3_600_000, sumEvery: 60_000 };

interface Account {
  /** When the window began, and how many entries were made in it. */
  opened: number;
  own: number;
  /** Refusals since the last sum, by the code of each one's first reason. */
  open: Map<ReasonCode, number>;
  /** When the first of them was refused. */
  since: number;
  /** When the last sum was written. */
  summed: number | null;
}

/**
 * Enters refusals in the ledger. A refused request costs its sender nothing and us a synced write, so each agent
 * has a budget of entries; past it refusals are summed, at most one entry in `sumEvery`, with how many there were
 * of each code. What is admitted never comes here: it always has its own entry.
 */
export class RefusalLog {
  readonly #ports: Ports;
  readonly #budget: RefusalBudget;
  /** By agent: as many as the configuration has, and those without a token. */
  readonly #accounts = new Map<string, Account>();

  constructor(ports: Ports, budget: RefusalBudget = REFUSAL_BUDGET) {
    this.#ports = ports;
    this.#budget = budget;
  }

  /**
   * The refusal's own entry, or the sum that it is part of; null where that sum is still to be written. Rejects
   * with LedgerError as `append` does.
   */
  async record(input: DecisionInput): Promise<Receipt | null> {
    const now = this.#ports.now();
    const account = this.#accountOf(input.agent, now);
    if (account.own < this.#budget.own) {
      account.own += 1;
      return this.#ports.ledger.append(decisionEntry(input));
    }
    const [first] = input.reasons;
    const code = (typeof first === 'string' ? first : first?.code) ?? 'INTERNAL';
    if (account.open.size === 0) account.since = now;
    account.open.set(code, (account.open.get(code) ?? 0) + 1);
    const waits = account.summed !== null && isWithin(account.summed, now, this.#budget.sumEvery);
    return waits ? null : this.#sum(input.agent, account, now);
  }

  /** Writes the sums that are still to be written. Rejects with LedgerError where one cannot be. */
  async flush(): Promise<void> {
    for (const [agent, account] of this.#accounts) {
      if (account.open.size > 0) await this.#sum(agent, account, this.#ports.now());
    }
  }

  #accountOf(agent: string, now: number): Account {
    let account = this.#accounts.get(agent);
    if (!account) {
      account = { opened: now, own: 0, open: new Map(), since: now, summed: null };
      this.#accounts.set(agent, account);
    }
    if (!isWithin(account.opened, now, this.#budget.window)) {
      account.opened = now;
      account.own = 0;
    }
    return account;
  }

  async #sum(agent: string, account: Account, now: number): Promise<Receipt> {
    const { open, since, summed } = account;
    account.open = new Map();
    account.summed = now;
    try {
      return await this.#ports.ledger.append(
        refusalSumEntry({
          id: `refusals-${now}`,
          time: now,
          agent,
          since,
          counts: open,
          policy: this.#ports.policy().digest,
          engine: ENGINE,
        }),
      );
    } catch (error) {
      // Nothing is forgotten: they are part of the next sum.
      for (const [code, count] of open) account.open.set(code, (account.open.get(code) ?? 0) + count);
      account.since = since;
      account.summed = summed;
      throw error;
    }
  }
}

/** Also false where the clock was set back: a budget must not wait for the old time to come again. */
function isWithin(start: number, now: number, length: number): boolean {
  return now >= start && now - start < length;
}
