import type { PackageId } from '../model/artifact.ts';
import type { Policy } from '../policy/policy.ts';
import { requirementsFor } from '../policy/requirements.ts';
import type { Approval, WrittenPin } from './pinned.ts';

/** Whether any profile calls a name internal: then it goes nowhere, whoever asks. In every case of its letters, as in `decide`. */
export function isInternal(policy: Policy, { ecosystem, name }: PackageId): boolean {
  for (const { ecosystems } of policy.profiles.values()) {
    const internal = ecosystems.get(ecosystem)?.internal;
    if (internal && [name, name.toLowerCase()].some((cased) => internal.best(cased) !== null)) return true;
  }
  return false;
}

/** What of a pin's approvals nobody has given yet: no requirement lets it pass, and no waiver, though one may have ended. */
export function unapproved(policy: Policy, profile: string, pin: WrittenPin): WrittenPin['approvals'] {
  const rules = policy.profiles.get(profile)?.ecosystems.get(pin.ecosystem);
  if (!rules) return pin.approvals;
  const required = requirementsFor(rules, rules.allow.best(pin.name)?.value ?? null, pin.version);
  const waivers = rules.waivers.get(pin.name)?.get(pin.version) ?? [];
  // Of the others, the decision itself says whether they are asked for.
  const allowed: Partial<Record<Approval, boolean>> = {
    'install-scripts': required.installScripts === 'allow',
    sdist: required.sdist === 'allow',
  };
  return pin.approvals.filter(
    ({ lifts, digests }) =>
      !allowed[lifts] &&
      !waivers.some((waiver) => waiver.lifts === lifts && digests.every((one) => waiver.digests.has(one))),
  );
}
