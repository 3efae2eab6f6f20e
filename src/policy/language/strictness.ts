import type { Liftable } from '../../model/liftable.ts';
import type {
  ChangesLevel,
  EvidenceLevel,
  FloorLevel,
  Identity,
  LicenceRule,
  MalwareLevel,
  Mode,
  Permission,
  Requirements,
  VulnerabilityLevel,
} from '../profile.ts';
import { issuerOfHost, startedBy, workflowPath } from '../providers.ts';

/*
 * The order from loose to strict of everything that a layer can lock. It is an order, not a ranking: two named
 * signers, or two lists of licences, may be such that neither is as strict as the other.
 */

/** Every requirement, as a policy spells it. */
export type RequirementKey = Exclude<Liftable, 'metadata'>;

/** Each requirement's field of `Requirements`. */
export const REQUIREMENTS = {
  age: 'age',
  'install-scripts': 'installScripts',
  sdist: 'sdist',
  'startup-hooks': 'startupHooks',
  'foreign-places': 'foreignPlaces',
  'direct-urls': 'directUrls',
  'registry-signature': 'registrySignature',
  provenance: 'provenance',
  malware: 'malware',
  vulnerability: 'vulnerability',
  licence: 'licence',
  floor: 'floor',
  changes: 'changes',
} as const satisfies Record<RequirementKey, keyof Requirements>;

export const REQUIREMENT_KEYS = Object.keys(REQUIREMENTS) as [RequirementKey, ...RequirementKey[]];

/** What a layer can lock: a requirement, the mode, and what may be installed at all. */
export type Lockable = RequirementKey | 'mode' | 'allow';
export const LOCKABLE: readonly [Lockable, ...Lockable[]] = [...REQUIREMENT_KEYS, 'mode', 'allow'];

export const MODES = ['observe', 'enforce', 'frozen'] as const satisfies readonly Mode[];
export const PERMISSIONS = ['allow', 'deny'] as const satisfies readonly Permission[];
export const EVIDENCE_LEVELS = [
  'off',
  'if-present',
  'no-downgrade',
  'required',
] as const satisfies readonly EvidenceLevel[];
export const MALWARE_LEVELS = ['off', 'warn', 'deny', 'required'] as const satisfies readonly MalwareLevel[];
export const VULNERABILITY_LEVELS = [
  'off',
  'warn',
  'critical',
  'high',
  'moderate',
  'low',
] as const satisfies readonly VulnerabilityLevel[];
export const FLOOR_LEVELS = ['off', 'line', 'admitted'] as const satisfies readonly FloorLevel[];
export const CHANGES_LEVELS = ['off', 'warn', 'deny'] as const satisfies readonly ChangesLevel[];
export const OTHERWISE = ['warn', 'deny'] as const satisfies readonly LicenceRule['otherwise'][];

/** Whether mode `a` lets in nothing that mode `b` keeps out. */
export function isModeAsStrict(a: Mode, b: Mode): boolean {
  return isFrom(MODES, a, b);
}

/** Whether `a` asks for all that `b` asks for under one key. */
export function isAsStrict(key: RequirementKey, a: Requirements, b: Requirements): boolean {
  switch (key) {
    case 'age':
      return a.age >= b.age;
    case 'install-scripts':
      return isFrom(PERMISSIONS, a.installScripts, b.installScripts);
    case 'sdist':
      return isFrom(PERMISSIONS, a.sdist, b.sdist);
    case 'startup-hooks':
      return isFrom(PERMISSIONS, a.startupHooks, b.startupHooks);
    case 'foreign-places':
      return isFrom(PERMISSIONS, a.foreignPlaces, b.foreignPlaces);
    case 'direct-urls':
      return isFrom(PERMISSIONS, a.directUrls, b.directUrls);
    case 'registry-signature':
      return isFrom(EVIDENCE_LEVELS, a.registrySignature, b.registrySignature);
    case 'provenance':
      return isProvenanceAsStrict(a.provenance, b.provenance);
    case 'malware':
      return isFrom(MALWARE_LEVELS, a.malware, b.malware);
    case 'vulnerability':
      return isFrom(VULNERABILITY_LEVELS, a.vulnerability, b.vulnerability);
    case 'licence':
      return isLicenceAsStrict(a.licence, b.licence);
    case 'floor':
      return isFrom(FLOOR_LEVELS, a.floor, b.floor);
    case 'changes':
      return isFrom(CHANGES_LEVELS, a.changes, b.changes);
  }
}

/**
 * `own`, with what `asked` says wherever it is not as strict, of the given keys. Of two signers neither of which is
 * stricter, the asked one is taken.
 */
export function tightened(
  own: Requirements,
  asked: Requirements,
  keys: Iterable<RequirementKey>,
): Requirements {
  let result = own;
  for (const key of keys) {
    if (isAsStrict(key, result, asked)) continue;
    const field = REQUIREMENTS[key];
    result = { ...result, [field]: asked[field] };
  }
  return result;
}

function isFrom<T extends string>(order: readonly T[], a: T, b: T): boolean {
  return order.indexOf(a) >= order.indexOf(b);
}

/**
 * A named signer is stricter than `required`, unless it takes builds that `required` refuses: those on anybody's
 * runner, or started by events that strangers can cause. `no-downgrade` refuses these after others, too.
 */
function isProvenanceAsStrict(a: EvidenceLevel | Identity, b: EvidenceLevel | Identity): boolean {
  if (typeof a === 'string') return typeof b === 'string' && isFrom(EVIDENCE_LEVELS, a, b);
  if (typeof b !== 'string') return isNarrower(a, b);
  return b === 'off' || b === 'if-present' || (!a.selfHosted && isOrdinary(a));
}

/** Whether everything that one signer must be is also asked by the other, in the same words. */
function isNarrower(a: Identity, b: Identity): boolean {
  const issuer = issuerOf(b);
  if (issuer === null || issuerOf(a) !== issuer) return false;
  const same = (x: string | null, y: string | null): boolean => y === null || x === y;
  const path = ({ workflow }: Identity): string | null =>
    workflow === null ? null : workflowPath(workflow, issuer);
  return (
    same(a.repository, b.repository) &&
    same(path(a), path(b)) &&
    same(a.ref, b.ref) &&
    same(a.environment, b.environment) &&
    same(a.ownerId, b.ownerId) &&
    same(a.subject, b.subject) &&
    same(a.predicate, b.predicate) &&
    (b.selfHosted || !a.selfHosted) &&
    areFewer(a, b)
  );
}

function areFewer(a: Identity, b: Identity): boolean {
  if (a.triggers === null) return b.triggers === null;
  const among = b.triggers;
  return among === null ? isOrdinary(a) : a.triggers.every((trigger) => among.includes(trigger));
}

/** Whether strangers can cause none of the events that it accepts, as far as is known. */
function isOrdinary(identity: Identity): boolean {
  const issuer = issuerOf(identity) ?? '';
  return identity.triggers?.every((trigger) => startedBy({ issuer, trigger }, null)) ?? true;
}

function issuerOf({ issuer, repository }: Identity): string | null {
  return issuer ?? (repository === null ? null : issuerOfHost(repository));
}

function isLicenceAsStrict(a: LicenceRule | null, b: LicenceRule | null): boolean {
  if (b === null) return true;
  if (a === null) return false;
  return isFrom(OTHERWISE, a.otherwise, b.otherwise) && a.allow.every((id) => b.allow.includes(id));
}
