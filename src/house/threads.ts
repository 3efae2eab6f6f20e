import type { Metrics } from '../gate/metrics.ts';
import { DeskPool } from '../threads/desk-pool.ts';
import { InspectPool } from '../threads/inspect-pool.ts';
import type { LoadedPolicy } from '../threads/policy-pieces.ts';
import { VerifyPool } from '../threads/verify-pool.ts';
import type { LoadedTrust } from '../trust/files.ts';
import type { Closing } from './closing.ts';

export interface ThreadsParts {
  readonly policy: LoadedPolicy;
  readonly trust: LoadedTrust;
  readonly metrics: Metrics;
  readonly closing: Closing;
  /** Milliseconds since 1970. */
  now(): number;
  /** A thread ended, and another took its place. */
  replaced(thread: 'desk' | 'inspection' | 'verification'): void;
}

/** The threads of a house. */
export interface Threads {
  readonly desk: DeskPool;
  readonly inspectors: InspectPool;
  readonly verifiers: VerifyPool;
}

/** Opens the threads of a house, with the policy and the trust that they begin with. */
export async function openThreads(parts: ThreadsParts): Promise<Threads> {
  const { policy, trust, metrics, closing, now, replaced } = parts;
  const desk = new DeskPool(() => replaced('desk'));
  closing.add(() => desk.close());
  await desk.setPolicy(policy);
  await desk.setTrust(trust.bytes);
  const inspectors = new InspectPool(() => replaced('inspection'));
  closing.add(() => inspectors.close());
  const verifiers = new VerifyPool(trust.bytes, {
    now,
    replaced: () => replaced('verification'),
    timed: (check, seconds, result) => metrics.verification(check, seconds, result),
  });
  closing.add(() => verifiers.close());
  return { desk, inspectors, verifiers };
}
