import type { Identity, LicenceRule, Requirements } from '../profile.ts';
import { REQUIREMENTS, type RequirementKey } from './strictness.ts';

/** The value of one requirement on one line, as a policy file could write it. */
export function requirementText(requirements: Requirements, key: RequirementKey): string {
  switch (key) {
    case 'age':
      return ageText(requirements.age);
    case 'provenance': {
      const { provenance } = requirements;
      return typeof provenance === 'string' ? provenance : identityText(provenance);
    }
    case 'licence':
      return licenceText(requirements.licence);
    default: {
      const value = requirements[REQUIREMENTS[key]];
      return typeof value === 'string' ? value : JSON.stringify(value);
    }
  }
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const;

/** Milliseconds in the largest unit that has no rest: `7d`, `36h`, `0`. */
export function ageText(age: number): string {
  if (age === 0) return '0';
  for (const [unit, ms] of UNITS) if (age % ms === 0) return `${age / ms}${unit}`;
  return Number.isFinite(age) ? `${age}ms` : 'never';
}

function licenceText(rule: LicenceRule | null): string {
  if (rule === null) return 'off';
  return `{ allow: [${rule.allow.join(', ')}], otherwise: ${rule.otherwise} }`;
}

/** What an identity asks for; what it leaves open is left out. */
function identityText(identity: Identity): string {
  const said = Object.entries({
    repository: identity.repository,
    workflow: identity.workflow,
    issuer: identity.issuer,
    ref: identity.ref,
    environment: identity.environment,
    'owner-id': identity.ownerId,
    subject: identity.subject,
    triggers: identity.triggers && `[${identity.triggers.join(', ')}]`,
    runner: identity.selfHosted ? 'self-hosted' : null,
    predicate: identity.predicate,
  }).filter(([, value]) => value !== null);
  return `{ ${said.map(([key, value]) => `${key}: ${value}`).join(', ')} }`;
}
