import { z } from 'zod';
import {
  type Baseline,
  type Cause,
  codeOfCause,
  type EvidenceName,
  type EvidenceVerdict,
  NO_BASELINE,
  type Signer,
} from '../../model/evidence.ts';
import { known, oneOf, text } from '../language/schema-parts.ts';
import { hostedWord, issuerOfHost } from '../providers.ts';

/*
 * How a case tells what evidence a file has, and what earlier versions had. A signer is written as the certificate
 * says it; what is left out is what an ordinary build of today has.
 */

/** A result that needs no more words, and the cause that stands for it. */
const CAUSE_OF = { failed: 'signature', unchecked: 'unreachable' } as const satisfies Record<string, Cause>;

const signer = known({
  repository: text('host/owner/name').optional(),
  'repository-id': text('digits').optional(),
  'owner-id': text('digits').optional(),
  issuer: text('the address of an OIDC issuer').optional(),
  subject: text("the certificate's subject").optional(),
  workflow: text('a path in the repository').optional(),
  ref: text('a ref').optional(),
  environment: text('the name of an environment').optional(),
  trigger: text('the name of an event').optional(),
  runner: text('the word for a runner').optional(),
  predicate: oneOf(['slsa', 'publish'], 'What was attested.').optional(),
  legacy: z.literal(true, { error: 'must be true, or left out' }).optional(),
})
  .refine((said) => said.repository !== undefined || said.subject !== undefined, {
    error: 'must name a repository or a subject',
  })
  .refine(
    ({ repository, subject, issuer }) => {
      const host = repository === undefined ? null : issuerOfHost(repository);
      return issuer !== undefined || host !== null || (repository ?? subject) === undefined;
    },
    {
      error: 'must name the issuer, which this host does not tell',
    },
  );

/** The keys of a case that tell of evidence. */
export const evidenceFields = {
  'registry-signature': oneOf(
    ['verified', 'absent', 'failed', 'unchecked'],
    'What the check came to.',
  ).optional(),
  provenance: z
    .union([
      oneOf(['absent', 'failed', 'unchecked'], 'What the check came to.', ', or a map that says who signed'),
      signer,
    ])
    .optional(),
  earlier: known({
    'registry-signature': z.boolean('must be true or false').optional(),
    provenance: z
      .union([z.boolean('must be true or false, or a map that says who signed'), signer])
      .optional(),
  }).optional(),
};

type EvidenceInput = z.infer<z.ZodObject<typeof evidenceFields>>;

/** The verdicts that a case describes, or null where it says nothing of evidence: it is then about a listed file. */
export function verdictsOf(input: EvidenceInput): EvidenceVerdict[] | null {
  const { 'registry-signature': signature, provenance } = input;
  if (signature === undefined && provenance === undefined && input.earlier === undefined) return null;
  return [
    verdict('registry-signature', signature ?? 'absent', []),
    typeof provenance === 'object'
      ? verdict('provenance', 'verified', [signerOf(provenance)])
      : verdict('provenance', provenance ?? 'absent', []),
  ];
}

/** The verdicts on a file of which nobody claims any evidence. */
export const NOTHING_CLAIMED: readonly EvidenceVerdict[] = [
  verdict('registry-signature', 'absent', []),
  verdict('provenance', 'absent', []),
];

/** What the case says of earlier versions. */
export function baselineOf({ earlier }: EvidenceInput): Baseline {
  if (earlier === undefined) return NO_BASELINE;
  const { 'registry-signature': signed = false, provenance = false } = earlier;
  return {
    'registry-signature': signed,
    provenance: provenance !== false,
    signer: typeof provenance === 'object' ? signerOf(provenance) : null,
  };
}

function verdict(
  check: EvidenceName,
  result: EvidenceVerdict['result'],
  signers: readonly Signer[],
): EvidenceVerdict {
  const own = { check, result, signers, documents: [] };
  if (result === 'verified' || result === 'absent') return own;
  const cause = CAUSE_OF[result];
  return { ...own, cause, code: codeOfCause(check, cause) };
}

function signerOf(said: z.infer<typeof signer>): Signer {
  const { repository = null, workflow = null, legacy = false } = said;
  const ref = said.ref ?? (repository === null ? null : 'refs/heads/main');
  const built = repository !== null;
  // The schema sees to it that there is an issuer; without one, nobody would be wanted.
  const issuer = said.issuer ?? issuerOfHost(repository ?? '') ?? '';
  const today = built && !legacy;
  return {
    predicate: said.predicate ?? 'slsa',
    issuer,
    subject: said.subject ?? `https://${repository}/${workflow}@${ref}`,
    repository,
    repositoryId: said['repository-id'] ?? (today ? '1' : null),
    ownerId: said['owner-id'] ?? (today ? '1' : null),
    workflow,
    ref,
    commit: null,
    trigger: said.trigger ?? (built ? 'push' : null),
    runner: said.runner ?? (today ? hostedWord(issuer) : null),
    environment: said.environment ?? null,
    builder: null,
  };
}
