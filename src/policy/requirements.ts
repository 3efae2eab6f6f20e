import { parseAge } from './language/age.ts';
import { identityOf } from './language/identity-schema.ts';
import type { LicenceInput, RequirementsInput } from './language/schema.ts';
import type { AllowRule, EcosystemRules, LicenceRule, Requirements } from './profile.ts';

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
    startupHooks: input['startup-hooks'] ?? otherwise.startupHooks,
    foreignPlaces: input['foreign-places'] ?? otherwise.foreignPlaces,
    malware: input.malware ?? otherwise.malware,
    vulnerability: input.vulnerability ?? otherwise.vulnerability,
    licence: input.licence === undefined ? otherwise.licence : licenceOf(input.licence),
    floor: input.floor ?? otherwise.floor,
    changes: input.changes ?? otherwise.changes,
  };
}

function licenceOf(input: LicenceInput): LicenceRule | null {
  if (input === 'off') return null;
  // As `readLicence` writes them: a blank more is no other licence.
  const allow = input.allow.map((id) => id.trim().replaceAll(/\s+/g, ' '));
  return { allow: [...new Set(allow)].sort(), otherwise: input.otherwise ?? 'deny' };
}

/** A rule's own requirements hold for what it admits; a pinned version outside of its range has those of `beyond`. */
export function requirementsFor(
  rules: EcosystemRules,
  rule: AllowRule | null,
  version: string,
): Requirements {
  if (rule === null) return rules.requirements;
  return rule.range === null || rule.range.has(version) ? rule.requirements : rule.beyond;
}
