import { evidenceWords } from '../admission/evidence/words.ts';
import { CAUSES, type EvidenceJob, type EvidenceVerdict, type Signer } from '../model/evidence.ts';
import { shown } from '../model/shown.ts';
import { BOUNDS, type Exhibit } from './exhibit.ts';

/** The members of a line of JSON that say what a document is about. */
export function subjectOf({ ecosystem, name, version, filename, sha256, sha512 }: EvidenceJob['artifact']) {
  return {
    ecosystem,
    name,
    version,
    ...(filename && { file: filename }),
    ...(sha256 && { sha256 }),
    ...(sha512 && { sha512 }),
  };
}

/** `sigstore@1.0.0 npm-attestations sha256:…` */
export function titleOf({
  artifact,
  kind,
  document,
}: Pick<Exhibit, 'artifact' | 'kind' | 'document'>): string {
  return `${artifact.name}@${artifact.version} ${kind} ${document}`;
}

/** Why a verdict is none to rely on, in our words; with `key-retired`, what is odd about it. */
export function whyOf({ check, cause, code }: EvidenceVerdict): string | null {
  if (!cause) return null;
  return `${evidenceWords({ check, cause }) ?? CAUSES[cause]}${code ? ` [${code}]` : ''}`;
}

/** What a verified document proves, a line each: who vouches, and for which bytes. */
export function proofOf({ artifact, bound }: Exhibit, { check, signers }: EvidenceVerdict): string[] {
  const bytes = [artifact.sha256, artifact.sha512].filter((digest) => digest !== undefined);
  return [
    ...(check === 'registry-signature' ? ['the registry vouches for this name, version and digest'] : []),
    ...signers.map(signerLine),
    ...bytes.map((digest) => `of ${digest}, ${BOUNDS[bound]}`),
  ];
}

/** Certificates are other people's words: a value that is not of the grammar is not printed. */
function signerLine(signer: Signer): string {
  const { repository, subject, workflow, ref, commit, trigger, runner, environment, issuer } = signer;
  const parts = Object.entries({
    ...(repository === null ? { subject } : { repository }),
    workflow,
    ref,
    commit,
    trigger,
    runner,
    environment,
    issuer,
  }).flatMap(([field, value]) => (value === null ? [] : `${field} ${shown(value) ?? '(unprintable)'}`));
  return `${signer.predicate === 'slsa' ? 'built' : 'uploaded'} by ${parts.join(', ')}`;
}
