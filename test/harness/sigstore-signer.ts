/** Where a workload ran that signed; each kind has identities of its own form. */
export type Provider = 'GitHub' | 'GitLab' | 'Google' | 'CircleCI';

/** A run of a workflow that signs: what its certificate and its predicates are made of. */
export interface Run {
  readonly provider: Provider;
  /** `owner/name` */
  readonly repository: string;
  readonly repositoryId: string;
  readonly ownerId: string;
  /** Path in the repository. */
  readonly workflow: string;
  readonly ref: string;
  readonly commit: string;
  readonly trigger: string;
  /** `github-hosted`, `gitlab-hosted`, `self-hosted` */
  readonly runner: string;
  readonly environment: string | null;
  readonly visibility: string;
  /** The run's number. */
  readonly run: string;
  /** The workflow that signs, as a URI with its ref, where it is a reusable one of another place. */
  readonly builder: string | null;
  /** Of a Google service account. */
  readonly email: string;
  readonly project: string;
  readonly pipeline: string;
}

export const RUN: Run = {
  provider: 'GitHub',
  repository: 'acme/widget',
  repositoryId: '4100',
  ownerId: '41',
  workflow: '.github/workflows/release.yml',
  ref: 'refs/tags/v1.2.3',
  commit: '0123456789abcdef0123456789abcdef01234567',
  trigger: 'push',
  runner: 'github-hosted',
  environment: 'release',
  visibility: 'public',
  run: '7000',
  builder: null,
  email: 'publisher@acme.iam.example',
  project: '11111111-1111-4111-8111-111111111111',
  pipeline: '22222222-2222-4222-8222-222222222222',
};

/** A run of each provider, as RUN is of GitHub. */
export function runOf(changes: Partial<Run>): Run {
  const gitlab: Partial<Run> =
    changes.provider === 'GitLab' ? { workflow: '.gitlab-ci.yml', runner: 'gitlab-hosted' } : {};
  return { ...RUN, ...gitlab, ...changes };
}

/** Fulcio's arc; the number after it says which fact an extension is. */
export const FULCIO_ARC = '1.3.6.1.4.1.57264.1';

/** What a certificate is made of. `extensions`: number in Fulcio's arc → text; to .6 raw, from .8 on DER UTF8String. */
export interface CertificateFacts {
  readonly subject: string;
  readonly extensions: Readonly<Record<number, string>>;
}

const HOSTS = { GitHub: 'https://github.com', GitLab: 'https://gitlab.com' } as const;

export function repositoryUrl(run: Run): string {
  return run.provider === 'GitLab'
    ? `${HOSTS.GitLab}/${run.repository}`
    : `${HOSTS.GitHub}/${run.repository}`;
}

/** Address of the run, as certificate (.21) and predicate have it. */
export function invocationOf(run: Run): string {
  return run.provider === 'GitLab'
    ? `${repositoryUrl(run)}/-/jobs/${run.run}`
    : `${repositoryUrl(run)}/actions/runs/${run.run}/attempts/1`;
}

/** The workflow with its ref, as a certificate has it (.18). */
export function configOf(run: Run): string {
  const slash = run.provider === 'GitLab' ? '//' : '/';
  return `${repositoryUrl(run)}${slash}${run.workflow}@${run.ref}`;
}

/**
 * The certificate that Fulcio would issue to a run.
 * Source: Fulcio's docs/oid-info.md, and certificates of each provider as they are published.
 */
export function certificateFacts(run: Run): CertificateFacts {
  switch (run.provider) {
    case 'GitHub': {
      const builder = run.builder ?? configOf(run);
      return {
        subject: builder,
        extensions: {
          1: 'https://token.actions.githubusercontent.com',
          2: run.trigger,
          3: run.commit,
          4: 'Release',
          5: run.repository,
          6: run.ref,
          ...sourceFacts(run, 'https://token.actions.githubusercontent.com', builder),
          24: `repo:${run.repository}:${run.environment ? `environment:${run.environment}` : `ref:${run.ref}`}`,
        },
      };
    }
    case 'GitLab': {
      const builder = run.builder ?? configOf(run);
      return {
        subject: builder,
        extensions: { 1: HOSTS.GitLab, ...sourceFacts(run, HOSTS.GitLab, builder) },
      };
    }
    case 'Google':
      return {
        subject: run.email,
        extensions: { 1: 'https://accounts.google.com', 8: 'https://accounts.google.com' },
      };
    case 'CircleCI': {
      const issuer = 'https://oidc.circleci.com';
      const api = 'https://circleci.com/api/v2';
      const builder = `${api}/projects/${run.project}/pipeline-definitions/${run.pipeline}`;
      return {
        subject: builder,
        extensions: {
          1: issuer,
          8: issuer,
          9: builder,
          11: '""',
          12: `github.com/${run.repository}`,
          14: run.ref,
          18: `${api}/pipeline/33333333-3333-4333-8333-333333333333/config`,
          21: `https://app.circleci.com//workflow/44444444-4444-4444-8444-444444444444/job/${run.run}`,
        },
      };
    }
  }
}

/** The same facts as a certificate of 2022 and 2023 has them: .1 to .6, and no other. */
export function legacyFacts({ subject, extensions }: CertificateFacts): CertificateFacts {
  return {
    subject,
    extensions: Object.fromEntries(Object.entries(extensions).filter(([number]) => Number(number) <= 6)),
  };
}

function sourceFacts(run: Run, issuer: string, builder: string): Record<number, string> {
  const url = repositoryUrl(run);
  return {
    8: issuer,
    9: builder,
    10: run.builder === null ? run.commit : 'fedcba9876543210fedcba9876543210fedcba98',
    11: run.runner,
    12: url,
    13: run.commit,
    14: run.ref,
    15: run.repositoryId,
    16: url.slice(0, url.lastIndexOf('/')),
    17: run.ownerId,
    18: configOf(run),
    19: run.commit,
    20: run.trigger,
    21: invocationOf(run),
    22: run.visibility,
    ...(run.environment !== null && { 23: run.environment }),
  };
}
