import type { Signer } from '../model/evidence.ts';

/** A build service whose certificates say more than others', and how its own words are read. */
interface Provider {
  readonly host: string;
  /** The OIDC issuer of its builds. */
  readonly issuer: string;
  /** Where its workflows lie; null where a workflow can only be named by its whole path. */
  readonly workflows: string | null;
  /** Its word for runners of its own (.11). */
  readonly hosted: string;
  /** What only those can cause who may write to the repository (.20). */
  readonly triggers: readonly string[];
}

/**
 * GitHub's events that only those can cause who may write to the repository, and none that runs for, or after,
 * what a stranger sent: not `pull_request`, `pull_request_target`, `workflow_run`, `issue_comment`, `fork`.
 */
const GITHUB_TRIGGERS = [
  'push',
  'release',
  'workflow_dispatch',
  'repository_dispatch',
  'schedule',
  'create',
  'deployment',
];

/**
 * GitLab's sources of a pipeline (`CI_PIPELINE_SOURCE`) that build a branch or tag of the project for one of its
 * members or for a token of theirs: not `merge_request_event` and `external_pull_request_event`, nor
 * `parent_pipeline` and `pipeline`, which hide what started the pipeline before them.
 */
const GITLAB_TRIGGERS = ['push', 'web', 'schedule', 'api', 'trigger'];

const PROVIDERS: readonly Provider[] = [
  {
    host: 'github.com',
    issuer: 'https://token.actions.githubusercontent.com',
    workflows: '.github/workflows/',
    hosted: 'github-hosted',
    triggers: GITHUB_TRIGGERS,
  },
  {
    host: 'gitlab.com',
    issuer: 'https://gitlab.com',
    workflows: null,
    hosted: 'gitlab-hosted',
    triggers: GITLAB_TRIGGERS,
  },
];

/** Provider's host → what may start a build there where the policy does not say. */
export const TRIGGERS: ReadonlyMap<string, readonly string[]> = new Map(
  PROVIDERS.map(({ host, triggers }) => [host, triggers]),
);

/** The issuer of a repository's host, or null where none is known: then the policy must name it. */
export function issuerOfHost(repository: string): string | null {
  const host = repository.slice(0, repository.indexOf('/'));
  return PROVIDERS.find((provider) => provider.host === host)?.issuer ?? null;
}

/** The path in the repository that a policy's `workflow` stands for, among the workflows of this issuer. */
export function workflowPath(workflow: string, issuer: string): string {
  const folder = providerOf(issuer)?.workflows ?? null;
  return folder === null || workflow.includes('/') ? workflow : folder + workflow;
}

/**
 * Whether what started the build is one of `triggers`; null: one that strangers cannot cause, as far as is known.
 * Of an issuer that we do not know (a self-managed GitLab is one) it need not be said; where it is, it must be a word
 * of one of the others.
 */
export function startedBy(
  { issuer, trigger }: Pick<Signer, 'issuer' | 'trigger'>,
  triggers: readonly string[] | null,
): boolean {
  const known = providerOf(issuer);
  if (triggers === null && known === null && trigger === null) return true;
  const allowed = triggers ?? known?.triggers ?? [...TRIGGERS.values()].flat();
  return trigger !== null && allowed.includes(trigger);
}

/** Whether the build ran on a runner of its provider's, as far as certificates of its time say. */
export function isHosted(signer: Signer): boolean {
  const provider = providerOf(signer.issuer);
  // Certificates of today always name the runner; where it is missing, it is not known.
  if (signer.runner === null) return provider === null || isLegacy(signer);
  return signer.runner === provider?.hosted;
}

/** A certificate of 2022 or 2023, which has extensions .1 to .6 only; the authority alone decides which it has. */
function isLegacy({ runner, builder, repositoryId, ownerId, environment }: Signer): boolean {
  return [runner, builder, repositoryId, ownerId, environment].every((value) => value === null);
}

/** The word for hosted runners of this issuer, for people. */
export function hostedWord(issuer: string): string | null {
  return providerOf(issuer)?.hosted ?? null;
}

function providerOf(issuer: string): Provider | null {
  return PROVIDERS.find((provider) => provider.issuer === issuer) ?? null;
}
