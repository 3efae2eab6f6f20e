import type { Statement } from './sigstore-seal.ts';
import { configOf, invocationOf, type Run, repositoryUrl } from './sigstore-signer.ts';

export const SLSA_V1 = 'https://slsa.dev/provenance/v1';
export const SLSA_V02 = 'https://slsa.dev/provenance/v0.2';
export const NPM_PUBLISH = 'https://github.com/npm/attestation/tree/main/specs/publish/v0.1';

type Subject = Statement['subject'][number];

/** What the npm registry signs of a version that it accepted. */
export function npmPublishStatement(
  subject: Subject,
  predicate: { readonly name: string; readonly version: string; readonly registry: string },
): Statement {
  return {
    _type: 'https://in-toto.io/Statement/v0.1',
    subject: [subject],
    predicateType: NPM_PUBLISH,
    predicate,
  };
}

/** What PyPI's publish attestation states: that it was uploaded so, and nothing else. */
export function pypiPublishStatement(subject: Subject, predicateType: string): Statement {
  return { _type: 'https://in-toto.io/Statement/v1', subject: [subject], predicateType, predicate: null };
}

/** SLSA provenance v1 of a GitHub workflow, as `npm publish` and GitHub's own action write it. */
export function slsaV1Statement(subject: Subject, run: Run, builder: 'runner' | 'workflow'): Statement {
  const url = repositoryUrl(run);
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [subject],
    predicateType: SLSA_V1,
    predicate: {
      buildDefinition: {
        buildType:
          builder === 'runner'
            ? 'https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1'
            : 'https://actions.github.io/buildtypes/workflow/v1',
        externalParameters: { workflow: { ref: run.ref, repository: url, path: run.workflow } },
        internalParameters: {
          github: {
            event_name: run.trigger,
            repository_id: run.repositoryId,
            repository_owner_id: run.ownerId,
            ...(builder === 'workflow' && { runner_environment: run.runner }),
          },
        },
        resolvedDependencies: [{ uri: `git+${url}@${run.ref}`, digest: { gitCommit: run.commit } }],
      },
      runDetails: {
        builder: {
          id:
            builder === 'runner'
              ? `https://github.com/actions/runner/${run.runner}`
              : (run.builder ?? configOf(run)),
        },
        metadata: { invocationId: invocationOf(run) },
      },
    },
  };
}

/** SLSA provenance v0.2, as `npm publish` wrote it in 2022 and 2023. */
export function slsaV02Statement(subject: Subject, run: Run): Statement {
  const url = repositoryUrl(run);
  const entryPoint = `${run.repository}/${run.workflow}@${run.ref}`;
  return {
    _type: 'https://in-toto.io/Statement/v0.1',
    subject: [subject],
    predicateType: SLSA_V02,
    predicate: {
      buildType: 'https://github.com/npm/cli/gha@v0',
      builder: { id: 'https://github.com/npm/cli@9.4.2' },
      invocation: {
        configSource: { uri: `git+${url}@${run.ref}`, digest: { sha1: run.commit }, entryPoint },
        parameters: {},
        environment: {
          GITHUB_EVENT_NAME: run.trigger,
          GITHUB_REF: run.ref,
          GITHUB_REPOSITORY: run.repository,
          GITHUB_REPOSITORY_ID: run.repositoryId,
          GITHUB_REPOSITORY_OWNER_ID: run.ownerId,
          GITHUB_RUN_ATTEMPT: '1',
          GITHUB_RUN_ID: run.run,
          GITHUB_SHA: run.commit,
          GITHUB_WORKFLOW_REF: entryPoint,
          GITHUB_WORKFLOW_SHA: run.commit,
        },
      },
      metadata: {
        buildInvocationId: `${run.run}-1`,
        completeness: { parameters: false, environment: false, materials: false },
        reproducible: false,
      },
      materials: [{ uri: `git+${url}`, digest: { sha1: run.commit } }],
    },
  };
}
