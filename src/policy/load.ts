import type { VersionScheme } from '../model/versions.ts';
import { PolicyOpening } from './language/open.ts';
import { planOf } from './language/plan.ts';
import type { Policy, PolicySource } from './policy.ts';

export type { Policy } from './policy.ts';

/** Whether a path below the allowlists folder is a policy file; those under `cases/` are not. */
export function isPolicyPath(path: string): boolean {
  return /\.ya?ml$/i.test(path) && !path.startsWith('cases/');
}

/**
 * Reads a whole policy and opens it at once, or throws PolicyError with every problem that was found: a policy is
 * complete and valid, or there is none. The order of `sources` does not matter.
 */
export function parsePolicy(sources: readonly PolicySource[], schemes: readonly VersionScheme[]): Policy {
  const opening = new PolicyOpening(schemes);
  for (const piece of planOf(sources, schemes).pieces) opening.add(piece);
  return opening.finish();
}
