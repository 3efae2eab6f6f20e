import { IndexUnreadable } from '../ecosystems/ecosystem.ts';
import type { PackageId } from '../model/artifact.ts';
import type { Change } from '../model/change.ts';
import { birthsAsked } from '../policy/judge/changes.ts';
import type { ListingQuestion, Policy } from '../policy/policy.ts';
import { UpstreamFault } from '../upstream/upstream.ts';
import { readFacts } from './decide-listing.ts';
import type { FactsCache } from './facts.ts';
import type { Indexes } from './indexes.ts';

/** Indexes that one download asks for at one time. */
const AT_ONCE = 4;

/**
 * When packages appeared, for what a new release pulls in: asked of the upstream for names that the policy admits, and
 * of no others. A change has at most `MAX_NEW` of them, and an index that is fresh is not fetched again.
 */
export class Births {
  readonly #indexes: Pick<Indexes, 'get'>;
  readonly #facts: FactsCache;

  constructor(indexes: Pick<Indexes, 'get'>, facts: FactsCache) {
    this.#indexes = indexes;
    this.#facts = facts;
  }

  /** The question's change, with the birth of each dependency that the policy asks for. Rejects as ledger and vault do. */
  async of(
    policy: Policy,
    profile: string,
    question: Pick<ListingQuestion, 'ecosystem' | 'name' | 'file' | 'change'>,
  ): Promise<Change> {
    const { ecosystem, change } = question;
    const left = [...birthsAsked(policy, profile, question)];
    if (left.length === 0 || change.dependencies === null) return change;
    const born = new Map<string, number | null>();
    const work = async (): Promise<void> => {
      for (let name = left.pop(); name !== undefined; name = left.pop())
        born.set(name, await this.#born({ ecosystem, name }));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const dependencies = change.dependencies.map((one) => {
      const known = born.get(one.name);
      return known === undefined ? one : { ...one, born: known };
    });
    return { ...change, dependencies };
  }

  /** As `ripeAt` counts a file's age: by the claims of its oldest file, and not before we last saw the index without it. */
  async #born(id: PackageId): Promise<number | null> {
    try {
      if (!(await this.#indexes.get(id))) return null;
    } catch (error) {
      // Of what cannot be fetched or read nobody knows how old it is: it is too young, and the next request asks again.
      if (error instanceof UpstreamFault || error instanceof IndexUnreadable) return null;
      throw error;
    }
    let born: number | null = null;
    for (const { claimedAt, lastAbsent } of readFacts((await this.#facts.of(id)).bytes).values()) {
      if (claimedAt === null) continue;
      const since = Math.max(claimedAt, lastAbsent ?? Number.NEGATIVE_INFINITY);
      born = born === null ? since : Math.min(born, since);
    }
    return born;
  }
}
