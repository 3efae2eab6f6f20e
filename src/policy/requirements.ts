import { parseAge } from './age.ts';
import { identityOf } from './identity-schema.ts';
import type { AllowRule, EcosystemRules, Requirements } from './profile.ts';
import type { RequirementsInput } from './schema.ts';

/** The requirements that `input` says, and `otherwise` where it is silent. */
export function overridden(otherwise: Requirements, input: RequirementsInput | undefined): Requirements {
  if (input === undefined) return otherwise;
  // The schema has accepted the text; were it ever unreadable here, no artifact would be old enough.
  const age = input.age === undefined ? otherwise.age : (parseAge(input.age) ?? Number.POSITIVE_INFINITY);
  const { provenance } = input;
  return {
    age,
    installScripts: input['install-scripts'] ?? otherwise.installScripts,
    sdist: input.sdist ?? otherwise.sdist,
    directUrls: input['direct-urls'] ?? otherwise.directUrls,
    registrySignature: input['registry-signature'] ?? otherwise.registrySignature,
    provenance:
      typeof provenance === 'object' ? identityOf(provenance) : (provenance ?? otherwise.provenance),
    startupHooks: otherwise.startupHooks,
    malware: otherwise.malware,
    vulnerability: otherwise.vulnerability,
    licence: otherwise.licence,
    floor: otherwise.floor,
  };
}

/** A rule's own requirements hold for what it admits; a pinned version outside of its range has the profile's. */
export function requirementsFor(
  rules: EcosystemRules,
  rule: AllowRule | null,
  version: string,
): Requirements {
  if (rule === null) return rules.requirements;
  return rule.range === null || rule.range.has(version) ? rule.requirements : rules.requirements;
}
