import type { Policy } from '../policy/policy.ts';

/** The same policy with one profile in mode enforce: what it says of all that it only observes. */
export function enforced(policy: Policy, name: string): Policy {
  const profile = policy.profiles.get(name);
  if (!profile) return policy;
  const { layers, locked, ecosystems } = profile;
  const strict = { name, mode: 'enforce', until: null, layers, locked, ecosystems } as const;
  return {
    digest: policy.digest,
    sources: policy.sources,
    upstreams: policy.upstreams,
    profiles: new Map(policy.profiles).set(name, strict),
  };
}
