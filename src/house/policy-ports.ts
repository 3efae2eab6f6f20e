import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../config.ts';
import type { Metrics } from '../gate/metrics.ts';
import type { Steps } from '../in-force.ts';
import { policyEntry } from '../ledger/entry.ts';
import type { Digest } from '../model/digest.ts';
import { PolicyError } from '../policy/policy.ts';
import { keepPolicy } from '../replay/kept-policies.ts';
import type { Sources } from '../sources.ts';
import type { DeskPool } from '../threads/desk-pool.ts';
import { loadInThread } from '../threads/policy-loader.ts';
import type { LoadedPolicy } from '../threads/policy-pieces.ts';
import type { Entering } from './entering.ts';

/**
 * Reads the policy files off the event loop, and holds them against the sources; null where they have another digest
 * than `expect`, which null leaves open.
 */
export function policyReader(
  config: Pick<Config, 'allowlists'>,
  sources: Pick<Sources, 'check'>,
  signal: AbortSignal,
): (expect: Digest | null) => Promise<LoadedPolicy | null> {
  return async (expect) => {
    const next = await loadInThread(config.allowlists, { expect, signal });
    if (next) sources.check(next);
    return next;
  };
}

export interface PolicyParts extends Entering {
  /** The data folder: policies are kept in it. */
  readonly data: string;
  readonly desk: DeskPool;
  readonly metrics: Metrics;
  readonly log: FastifyBaseLogger;
  /** Milliseconds since 1970. */
  now(): number;
  /** Reads the policy files; null where they were not read. */
  load(): Promise<LoadedPolicy | null>;
  /** Another one is in force, and its change is entered. */
  changed(): void;
}

/** What it takes to replace the policy of a house: it is kept before anything is decided under it, and entered after. */
export function policySteps(parts: PolicyParts): Steps<LoadedPolicy> {
  const { data, desk, metrics, log, now, stamp, enter } = parts;
  return {
    async load() {
      const next = await parts.load();
      if (!next) throw new Error('the policy files were not read');
      return next;
    },
    async take(next) {
      await keepPolicy(data, next);
      await desk.setPolicy(next);
    },
    async changed({ digest }, { digest: previous }) {
      metrics.policy(digest, now());
      // It is in force all the same: where nothing can be written, nothing is served.
      await enter('a reload', policyEntry({ ...stamp(), outcome: 'loaded', policy: digest, previous }));
      log.info({ before: previous, after: digest }, 'policy reloaded');
      parts.changed();
    },
    unchanged: ({ digest }) =>
      enter('a reload', policyEntry({ ...stamp(), outcome: 'unchanged', policy: digest })),
    async rejected(error, { digest }) {
      log.error({ err: error }, 'the policy was not reloaded; the one before stays in force');
      metrics.alarm('policy-reload');
      const problems = error instanceof PolicyError ? error.problems.length : 1;
      await enter(
        'a failed reload',
        policyEntry({ ...stamp(), outcome: 'rejected', policy: digest, problems }),
      );
    },
  };
}
