import { z } from 'zod';
import { ADVISORY_ID, SEVERITIES } from '../model/advisory.ts';
import type { ArtifactKind } from '../model/artifact.ts';
import { type Digest, parseDigest } from '../model/digest.ts';
import { CAUSES, type Cause, EVIDENCE } from '../model/evidence.ts';
import { FINDINGS, type FindingCode } from '../model/finding.ts';
import { REASONS, type ReasonCode } from '../model/reason-codes.ts';
import type { CheckName } from '../model/verdict.ts';

/** The shape of a stored decision (ledger/entry.ts, format version 1), read back. */

const yes = z.literal('yes');
const instant = z.int().min(0);
const digest = z.custom<Digest>((text) => typeof text === 'string' && parseDigest(text) === text);
const kinds = z.strictObject({ 'registry-signature': yes.optional(), provenance: yes.optional() });
const optionalText = z.string().optional();

const signer = z.strictObject({
  predicate: z.enum(['slsa', 'publish']),
  issuer: z.string().min(1),
  subject: z.string().min(1),
  repository: optionalText,
  repositoryId: optionalText,
  ownerId: optionalText,
  workflow: optionalText,
  ref: optionalText,
  commit: optionalText,
  trigger: optionalText,
  runner: optionalText,
  environment: optionalText,
  builder: optionalText,
});

const CHECKS = [
  'declared-digest',
  'pin',
  'first-digest',
  'size',
  'archive',
  'metadata',
  ...EVIDENCE,
] as const satisfies readonly CheckName[];

const check = z.strictObject({
  check: z.enum(CHECKS),
  result: z.enum(['verified', 'failed', 'absent', 'unchecked']),
  code: z.enum(keysOf<ReasonCode>(REASONS)).optional(),
  cause: z.enum(keysOf<Cause>(CAUSES)).optional(),
  documents: z.array(digest).optional(),
  signers: z.array(signer).optional(),
});

/** A fact that is not known here may be one that decides: it is an error. */
const facts = z.strictObject({
  index: digest.optional(),
  quarantined: yes.optional(),
  firstSeen: instant.optional(),
  lastAbsent: instant.optional(),
  claimedAt: z.int().optional(),
  first: z.strictObject({ sha256: digest, sha512: digest }).optional(),
  findings: z
    .array(z.strictObject({ code: z.enum(keysOf<FindingCode>(FINDINGS)), place: z.string() }))
    .optional(),
  kind: z.enum(['npm-tarball', 'wheel', 'sdist'] satisfies readonly ArtifactKind[]).optional(),
  declared: z.array(digest).optional(),
  declaredSize: instant.optional(),
  metadataDigest: digest.optional(),
  yanked: yes.optional(),
  installScripts: yes.optional(),
  directUrls: yes.optional(),
  aliases: z.array(z.string()).optional(),
  evidenceListed: z.strictObject({ signed: yes.optional(), attestations: yes.optional() }).optional(),
  trust: digest.optional(),
  claimed: kinds.optional(),
  carried: kinds.optional(),
  held: kinds.optional(),
  baseline: kinds.extend({ signer: signer.optional() }).optional(),
  evidence: z
    .strictObject({
      sha256: digest,
      sha512: digest,
      at: instant,
      trust: digest,
      checks: z.array(check),
    })
    .optional(),
  licenceListed: optionalText,
  licence: optionalText,
  places: z.array(z.string()).optional(),
  placesCut: yes.optional(),
  placesTaken: z.array(z.strictObject({ place: z.string(), by: z.string() })).optional(),
  placesTakenMore: yes.optional(),
  before: z
    .strictObject({
      version: z.string(),
      runs: yes.optional(),
      kinds: z.array(z.enum(['npm-tarball', 'wheel', 'sdist'] satisfies readonly ArtifactKind[])).optional(),
    })
    .optional(),
  newDependencies: z.array(z.strictObject({ name: z.string(), born: z.int().optional() })).optional(),
  newDependenciesUnread: yes.optional(),
  above: z.strictObject({ line: optionalText, any: optionalText }).optional(),
  feed: z.strictObject({ digest, at: instant, staleAt: instant }).optional(),
  advisories: z
    .array(
      z.strictObject({
        id: z.string().regex(ADVISORY_ID),
        kind: z.enum(['malware', 'vulnerability']),
        severity: z.enum(SEVERITIES).optional(),
      }),
    )
    .optional(),
});

/** An entry of type `decision`, strictly as far as its question is made of it. */
export const decisionEntry = z.object({
  type: z.literal('decision'),
  v: z.literal(1),
  time: instant,
  route: z.string(),
  ecosystem: optionalText,
  name: optionalText,
  version: optionalText,
  file: optionalText,
  sha256: digest.optional(),
  sha512: digest.optional(),
  verdict: z.enum(['allow', 'refuse']),
  reasons: z.array(z.object({ code: z.enum(keysOf<ReasonCode>(REASONS)) })).optional(),
  observed: z.unknown().optional(),
  place: optionalText,
  checks: z.array(check).optional(),
  facts: facts.optional(),
  evidenceCut: yes.optional(),
});
export type DecisionEntry = z.infer<typeof decisionEntry>;
export type FactsOfEntry = z.infer<typeof facts>;
export type KindsOfEntry = z.infer<typeof kinds>;
export type CheckOfEntry = z.infer<typeof check>;
export type SignerOfEntry = z.infer<typeof signer>;

function keysOf<K extends string>(record: Readonly<Record<K, unknown>>): [K, ...K[]] {
  return Object.keys(record) as [K, ...K[]];
}
