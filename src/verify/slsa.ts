import { EvidenceFault } from './fault.ts';
import { at } from './json-path.ts';
import type { SigningCertificate } from './sigstore/bundle.ts';
import type { Statement } from './statement.ts';

const SLSA_V02 = 'https://slsa.dev/provenance/v0.2';
export const SLSA_V1 = 'https://slsa.dev/provenance/v1';

/** Before the kind of a runner. */
const RUNNER = 'https://github.com/actions/runner';

/** The predicate types of build provenance that are read here. */
export const SLSA_TYPES: readonly string[] = [SLSA_V02, SLSA_V1];

/**
 * One thing that a predicate says, beside what the certificate does: it must be the same text, or, where a fact has
 * two spellings, one of them. Null where the certificate is silent: then nothing is compared.
 */
type Claim = readonly [said: unknown, fact: string | readonly string[] | null];

/** What a predicate claims, by how it was made. */
type Reader = (predicate: unknown, certificate: Source) => readonly Claim[];

/** A certificate that says from what was built. */
interface Source extends SigningCertificate {
  readonly repository: string;
  readonly commit: string;
}

const READERS: ReadonlyMap<string, Reader> = new Map([
  // npm publish, and actions/attest until 2024
  [`${SLSA_V1} https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1`, githubWorkflow],
  // actions/attest, and what uploads to PyPI
  [`${SLSA_V1} https://actions.github.io/buildtypes/workflow/v1`, githubWorkflow],
  // npm publish, from 2022 to 2023, and on GitLab still
  [`${SLSA_V02} https://github.com/npm/cli/gha@v0`, githubInvocation],
  [`${SLSA_V02} https://github.com/npm/cli/gha@v1`, githubInvocation],
  [`${SLSA_V02} https://github.com/npm/cli/gha/v2`, runnerInvocation],
  [`${SLSA_V02} https://github.com/npm/cli/gitlab/v0alpha1`, gitlabInvocation],
  // the reusable builders of slsa-framework
  [
    `${SLSA_V02} https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0`,
    delegatedInvocation,
  ],
]);

/**
 * Holds build provenance to the certificate that signed it: a predicate is text that the build wrote itself, a
 * certificate is what the identity provider said of the build. What the certificate speaks of must be in the
 * predicate, and be the same; a certificate that names no source vouches for no predicate that does. Whoever reads
 * a verdict needs the certificate only. A build type that is not in the list is `unchecked`, because where it says
 * these things is not known.
 * @throws EvidenceFault `predicate-type`, `certificate-predicate`
 */
export function crossCheck({ predicateType, predicate }: Statement, certificate: SigningCertificate): void {
  const buildType =
    predicateType === SLSA_V1 ? at(predicate, 'buildDefinition', 'buildType') : at(predicate, 'buildType');
  if (typeof buildType !== 'string') throw new EvidenceFault('certificate-predicate');
  const claims = READERS.get(`${predicateType} ${buildType}`);
  if (claims === undefined) throw new EvidenceFault('predicate-type', 'unchecked');
  if (!isSource(certificate) || !claims(predicate, certificate).every(holds)) {
    throw new EvidenceFault('certificate-predicate');
  }
}

function isSource(certificate: SigningCertificate): certificate is Source {
  return certificate.repository !== null && certificate.commit !== null;
}

function holds([said, fact]: Claim): boolean {
  if (fact === null) return true;
  return typeof fact === 'string' ? said === fact : fact.some((spelling) => said === spelling);
}

/** SLSA v1 of a GitHub workflow: externalParameters.workflow, resolvedDependencies, runDetails. */
function githubWorkflow(predicate: unknown, certificate: Source): readonly Claim[] {
  const { repository, workflow, ref, commit, builder, runner, run } = certificate;
  const said = (name: string): unknown =>
    at(predicate, 'buildDefinition', 'externalParameters', 'workflow', name);
  const github = (name: string): unknown =>
    at(predicate, 'buildDefinition', 'internalParameters', 'github', name);
  const url = `https://${repository}`;
  const source = `git+${url}@${ref ?? said('ref')}`;
  return [
    [said('repository'), url],
    [said('path'), workflow],
    [said('ref'), ref],
    ...commits(at(predicate, 'buildDefinition', 'resolvedDependencies'), [source], 'gitCommit', commit),
    [at(predicate, 'runDetails', 'builder', 'id'), anyOf(runner && `${RUNNER}/${runner}`, builder)],
    [at(predicate, 'runDetails', 'metadata', 'invocationId'), run],
    [github('event_name'), certificate.trigger],
    [github('repository_id'), certificate.repositoryId],
    [github('repository_owner_id'), certificate.ownerId],
    // Only the later ones say it here; all of them say it, or who signed, in the builder's id.
    [github('runner_environment') ?? runner, runner],
  ];
}

/** SLSA v0.2 of a GitHub workflow: invocation.configSource, materials, invocation.environment. */
function githubInvocation(predicate: unknown, certificate: Source): readonly Claim[] {
  const { repository, workflow, ref, commit, run } = certificate;
  const config = (...names: string[]): unknown => at(predicate, 'invocation', 'configSource', ...names);
  const env = (name: string): unknown => at(predicate, 'invocation', 'environment', `GITHUB_${name}`);
  const url = `https://${repository}`;
  const path = pathOf(repository);
  const sourceRef = ref ?? env('REF');
  const fullPath = workflow && `${path}/${workflow}@${sourceRef}`;
  const source = `git+${url}@${sourceRef}`;
  return [
    [config('uri'), source],
    [config('digest', 'sha1'), commit],
    [config('entryPoint'), anyOf(workflow, fullPath)],
    ...commits(at(predicate, 'materials'), [source, `git+${url}`], 'sha1', commit),
    [invocationOf(predicate), run && runOf(url, run)],
    [env('REPOSITORY'), path],
    [env('REF'), ref],
    [env('SHA'), commit],
    [env('WORKFLOW_REF'), fullPath],
    [env('EVENT_NAME'), certificate.trigger],
    [env('REPOSITORY_ID'), certificate.repositoryId],
    [env('REPOSITORY_OWNER_ID'), certificate.ownerId],
  ];
}

/** The same, whose builder is the kind of runner; the first that were made leave the kind out. */
function runnerInvocation(predicate: unknown, certificate: Source): readonly Claim[] {
  const { runner } = certificate;
  return [
    ...githubInvocation(predicate, certificate),
    [at(predicate, 'builder', 'id'), runner && [RUNNER, `${RUNNER}/${runner}`]],
  ];
}

/** The same, whose builder is a workflow beside the one that signed, in the same repository at the same ref. */
function delegatedInvocation(predicate: unknown, certificate: Source): readonly Claim[] {
  const id = at(predicate, 'builder', 'id');
  const { builder } = certificate;
  return [
    ...githubInvocation(predicate, certificate),
    [typeof id === 'string' && withoutFile(id), builder && withoutFile(builder)],
  ];
}

/** SLSA v0.2 of a GitLab job: invocation.configSource without a ref, materials, the job's address. */
function gitlabInvocation(predicate: unknown, certificate: Source): readonly Claim[] {
  const { repository, commit } = certificate;
  const config = (...names: string[]): unknown => at(predicate, 'invocation', 'configSource', ...names);
  const ci = (name: string): unknown => at(predicate, 'invocation', 'parameters', `CI_${name}`);
  const url = `https://${repository}`;
  const builder = at(predicate, 'builder', 'id');
  return [
    [config('uri'), `git+${url}`],
    [config('digest', 'sha1'), commit],
    ...commits(at(predicate, 'materials'), [`git+${url}`], 'sha1', commit),
    [invocationOf(predicate), certificate.run],
    [typeof builder === 'string' && withoutNumber(builder), `${url}/-/runners/`],
    [at(predicate, 'invocation', 'environment', 'project'), pathOf(repository)],
    [ci('COMMIT_SHA'), commit],
    [ci('PROJECT_ID'), certificate.repositoryId],
    [ci('PIPELINE_SOURCE'), certificate.trigger],
  ];
}

/** What the sources in a list say that their commit is; a list that does not have the source says nothing. */
function commits(
  list: unknown,
  uris: readonly string[],
  algorithm: 'gitCommit' | 'sha1',
  commit: string,
): readonly Claim[] {
  const sources = (Array.isArray(list) ? list : []).filter((entry) =>
    uris.some((uri) => at(entry, 'uri') === uri),
  );
  if (sources.length === 0) return [[undefined, commit]];
  return sources.map((source): Claim => [at(source, 'digest', algorithm), commit]);
}

/** The spellings that there are; null where the certificate has none. */
function anyOf(...spellings: readonly (string | null)[]): readonly string[] | null {
  const known = spellings.flatMap((spelling) => spelling || []);
  return known.length > 0 ? known : null;
}

function invocationOf(predicate: unknown): unknown {
  return at(predicate, 'metadata', 'buildInvocationId');
}

/** `…/actions/runs/17/attempts/2` of a repository as v0.2 spells it: `17-2`. */
function runOf(url: string, run: string): string {
  return run.replace(`${url}/actions/runs/`, '').replace('/attempts/', '-');
}

/** `owner/name` of `host/owner/name`. */
function pathOf(repository: string): string {
  return repository.slice(repository.indexOf('/') + 1);
}

/** `…/workflows/x.yml@ref` without `x.yml`. */
function withoutFile(workflow: string): string {
  return workflow.replace(/\/[^/@]*@/, '/@');
}

/** `…/runners/17` without `17`. Only the first of some digits is tried: each of them would take the square of the time. */
function withoutNumber(runner: string): string {
  return runner.replace(/(?<!\d)\d+$/, '');
}
