import type { ReasonCode } from './reason-codes.ts';

/** What a waiver can lift: a requirement, or `metadata` that disagrees with the artifact. */
export const LIFTABLE = [
  'age',
  'install-scripts',
  'sdist',
  'startup-hooks',
  'foreign-places',
  'direct-urls',
  'registry-signature',
  'provenance',
  'malware',
  'vulnerability',
  'licence',
  'floor',
  'changes',
  'metadata',
] as const;
export type Liftable = (typeof LIFTABLE)[number];

/** The requirement whose waiver lifts a reason; evidence of both kinds can be lost. What is not here, none lifts. */
export const LIFTED_BY: Readonly<Partial<Record<ReasonCode, readonly Liftable[]>>> = {
  METADATA_MISMATCH: ['metadata'],
  MALWARE: ['malware'],
  TOO_YOUNG: ['age'],
  INSTALL_SCRIPTS: ['install-scripts'],
  SDIST: ['sdist'],
  STARTUP_HOOK: ['startup-hooks'],
  FOREIGN_PLACE: ['foreign-places'],
  DIRECT_URL: ['direct-urls'],
  ALIAS_NOT_ADMITTED: ['direct-urls'],
  VULNERABLE: ['vulnerability'],
  VULNERABILITY_UNCHECKED: ['vulnerability'],
  LICENCE: ['licence'],
  BELOW_FLOOR: ['floor'],
  NEW_INSTALL_SCRIPT: ['changes'],
  NEW_DEPENDENCY: ['changes'],
  SDIST_INSTEAD: ['changes'],
  SIGNATURE_MISSING: ['registry-signature'],
  SIGNATURE_INVALID: ['registry-signature'],
  SIGNATURE_UNCHECKED: ['registry-signature'],
  PROVENANCE_MISSING: ['provenance'],
  PROVENANCE_UNREADABLE: ['provenance'],
  PROVENANCE_INVALID: ['provenance'],
  PROVENANCE_MISMATCH: ['provenance'],
  PROVENANCE_UNCHECKED: ['provenance'],
  PROVENANCE_SIGNER: ['provenance'],
  SIGNER_CHANGED: ['provenance', 'changes'],
  EVIDENCE_DOWNGRADE: ['registry-signature', 'provenance', 'changes'],
};
