import { describe, expect, test } from 'vitest';
import { EvidenceFault } from '../../src/verify/fault.ts';
import type { SigningCertificate } from '../../src/verify/sigstore/bundle.ts';
import { crossCheck } from '../../src/verify/slsa.ts';
import { RUN } from '../harness/sigstore-signer.ts';
import { slsaV1Statement, slsaV02Statement } from '../harness/sigstore-statements.ts';

const SUBJECT = { name: 'x', digest: {} };
const COMMIT = RUN.commit;

const GITHUB: SigningCertificate = {
  issuer: 'https://token.actions.githubusercontent.com',
  subject: 'https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.2.3',
  repository: 'github.com/acme/widget',
  repositoryId: RUN.repositoryId,
  ownerId: RUN.ownerId,
  workflow: RUN.workflow,
  ref: RUN.ref,
  commit: COMMIT,
  trigger: RUN.trigger,
  runner: RUN.runner,
  environment: null,
  builder: 'https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.2.3',
  run: 'https://github.com/acme/widget/actions/runs/7000/attempts/1',
};

const LEGACY: SigningCertificate = {
  ...GITHUB,
  repositoryId: null,
  ownerId: null,
  runner: null,
  builder: null,
  run: null,
};

const GITLAB: SigningCertificate = {
  ...GITHUB,
  issuer: 'https://gitlab.com',
  subject: 'https://gitlab.com/acme/group/widget//.gitlab-ci.yml@refs/heads/main',
  repository: 'gitlab.com/acme/group/widget',
  workflow: '.gitlab-ci.yml',
  ref: 'refs/heads/main',
  runner: 'gitlab-hosted',
  builder: 'https://gitlab.com/acme/group/widget//.gitlab-ci.yml@refs/heads/main',
  run: 'https://gitlab.com/acme/group/widget/-/jobs/77',
};

type Json = Record<string, unknown>;

const V1 = 'https://slsa.dev/provenance/v1';
const V02 = 'https://slsa.dev/provenance/v0.2';

const npmV1 = (): Json => slsaV1Statement(SUBJECT, RUN, 'runner').predicate as Json;
const actionV1 = (): Json => slsaV1Statement(SUBJECT, RUN, 'workflow').predicate as Json;
const npmV02 = (): Json => slsaV02Statement(SUBJECT, RUN).predicate as Json;

/** As `npm publish` wrote it in the middle of 2023. */
const ghaV2 = (): Json => ({
  ...npmV02(),
  buildType: 'https://github.com/npm/cli/gha/v2',
  builder: { id: 'https://github.com/actions/runner/github-hosted' },
  invocation: {
    configSource: {
      uri: 'git+https://github.com/acme/widget@refs/tags/v1.2.3',
      digest: { sha1: COMMIT },
      entryPoint: RUN.workflow,
    },
    environment: {
      GITHUB_EVENT_NAME: RUN.trigger,
      GITHUB_REF: RUN.ref,
      GITHUB_REPOSITORY: RUN.repository,
      GITHUB_REPOSITORY_ID: RUN.repositoryId,
      GITHUB_REPOSITORY_OWNER_ID: RUN.ownerId,
      GITHUB_SHA: COMMIT,
      GITHUB_WORKFLOW_REF: `${RUN.repository}/${RUN.workflow}@${RUN.ref}`,
    },
  },
  materials: [
    { uri: 'git+https://github.com/acme/widget@refs/tags/v1.2.3', digest: { sha1: COMMIT } },
    { uri: 'git+https://github.com/other/thing', digest: { sha1: 'f'.repeat(40) } },
  ],
});

const GENERATOR = 'https://github.com/slsa-framework/slsa-github-generator/.github/workflows';

/** As the builders of slsa-framework write it: signed by one of their workflows, built by another. */
const delegated = (): Json => ({
  ...ghaV2(),
  buildType: 'https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0',
  builder: { id: `${GENERATOR}/builder_nodejs_slsa3.yml@refs/tags/v1.6.0` },
});
const DELEGATOR = {
  ...GITHUB,
  builder: `${GENERATOR}/delegator_lowperms-generic_slsa3.yml@refs/tags/v1.6.0`,
};

/** As `npm publish` writes it on GitLab. */
const gitlab = (): Json => ({
  buildType: 'https://github.com/npm/cli/gitlab/v0alpha1',
  builder: { id: 'https://gitlab.com/acme/group/widget/-/runners/42' },
  invocation: {
    configSource: {
      uri: 'git+https://gitlab.com/acme/group/widget',
      digest: { sha1: COMMIT },
      entryPoint: 'publish',
    },
    parameters: { CI_COMMIT_SHA: COMMIT, CI_PROJECT_ID: RUN.repositoryId, CI_PIPELINE_SOURCE: RUN.trigger },
    environment: { project: 'acme/group/widget', server: 'https://gitlab.com' },
  },
  metadata: { buildInvocationId: 'https://gitlab.com/acme/group/widget/-/jobs/77' },
  materials: [{ uri: 'git+https://gitlab.com/acme/group/widget', digest: { sha1: COMMIT } }],
});

/** What the check comes to: `ok`, or the cause. */
function outcome(predicateType: string, predicate: unknown, certificate: SigningCertificate): string {
  try {
    crossCheck({ predicateType, predicate, subject: SUBJECT }, certificate);
    return 'ok';
  } catch (error) {
    if (error instanceof EvidenceFault) return `${error.result} ${error.cause}`;
    throw error;
  }
}

const DIFFERENT = 'failed certificate-predicate';

interface Kind {
  readonly kind: string;
  readonly type: string;
  readonly make: () => Json;
  readonly certificate: SigningCertificate;
  /** Paths of what the certificate does not speak of. */
  readonly free: readonly string[];
}

const V02_ENV = 'invocation.environment.GITHUB_';
const V02_FREE = ['RUN_ATTEMPT', 'RUN_ID', 'WORKFLOW_SHA'].map((name) => V02_ENV + name);
const V02_IDS = ['REPOSITORY_ID', 'REPOSITORY_OWNER_ID'].map((name) => V02_ENV + name);
/** Only later ones say it; if it is said, it must be right. */
const OPTIONAL = 'buildDefinition.internalParameters.github.runner_environment';
const SECOND_MATERIAL = ['materials.1.uri', 'materials.1.digest.sha1'];

const KINDS: readonly Kind[] = [
  { kind: 'npm, v1', type: V1, make: npmV1, certificate: GITHUB, free: [] },
  {
    kind: "GitHub's action, v1",
    type: V1,
    make: actionV1,
    certificate: GITHUB,
    free: [],
  },
  {
    kind: 'npm, v0.2, by a certificate of 2022',
    type: V02,
    make: npmV02,
    certificate: LEGACY,
    free: ['builder.id', 'metadata.buildInvocationId', ...V02_FREE, ...V02_IDS],
  },
  {
    kind: 'npm, v0.2',
    type: V02,
    make: npmV02,
    certificate: GITHUB,
    free: ['builder.id', ...V02_FREE],
  },
  {
    kind: 'npm, gha/v2',
    type: V02,
    make: ghaV2,
    certificate: GITHUB,
    free: SECOND_MATERIAL,
  },
  {
    kind: 'a delegated builder',
    type: V02,
    make: delegated,
    certificate: DELEGATOR,
    free: SECOND_MATERIAL,
  },
  {
    kind: 'npm on GitLab',
    type: V02,
    make: gitlab,
    certificate: GITLAB,
    free: ['invocation.configSource.entryPoint', 'invocation.environment.server'],
  },
];

/** The paths of every text in JSON. */
function paths(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value === 'string') return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => paths(child, [...path, key]));
}

/** A copy in which the text at a path is another, or missing where `to` is undefined. */
function altered(value: unknown, path: readonly string[], to: string | undefined): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return to;
  const changed = { [key]: altered((value as Json)[key], rest, to) };
  return Array.isArray(value) ? Object.assign([...value], changed) : { ...(value as Json), ...changed };
}

describe.each(KINDS)('$kind', ({ type, make, certificate, free }) => {
  const whole = make();

  test('agrees with its certificate', () => {
    expect(outcome(type, whole, certificate)).toBe('ok');
  });

  test.each(paths(whole).map((path) => path.join('.')))('%s', (path) => {
    const refused = path.endsWith('buildType') ? 'unchecked predicate-type' : DIFFERENT;
    const missing = path.endsWith('buildType') ? DIFFERENT : refused;
    const outcomes = ['other', '', undefined].map((to) =>
      outcome(type, altered(whole, path.split('.'), to), certificate),
    );
    if (free.includes(path)) expect(outcomes).toEqual(['ok', 'ok', 'ok']);
    else if (path === OPTIONAL) expect(outcomes).toEqual([DIFFERENT, DIFFERENT, 'ok']);
    else expect(outcomes).toEqual([refused, refused, missing]);
  });

  test('a certificate of another source, or of none, does not', () => {
    const others: Partial<SigningCertificate>[] = [
      { repository: 'github.com/acme/widget-two' },
      { repository: 'example.com/acme/widget' },
      { repository: null },
      { commit: 'f'.repeat(40) },
      { commit: null },
    ];
    for (const other of others) {
      expect(outcome(type, whole, { ...certificate, ...other }), JSON.stringify(other)).toBe(DIFFERENT);
    }
  });

  test('is of its own version of SLSA only', () => {
    expect(outcome(type === V1 ? V02 : V1, whole, certificate)).toBe(DIFFERENT);
  });
});

test('the same fact in its other spelling agrees', () => {
  const runner = { ...actionV1(), ...{ runDetails: npmV1()['runDetails'] } };
  expect(outcome(V1, runner, GITHUB)).toBe('ok');
  const early = { ...ghaV2(), builder: { id: 'https://github.com/actions/runner' } };
  expect(outcome(V02, early, GITHUB)).toBe('ok');
  // A tag's workflow that was started at a commit has no ref in its certificate.
  expect(outcome(V1, npmV1(), { ...GITHUB, ref: null })).toBe('ok');
  expect(outcome(V02, npmV02(), { ...LEGACY, ref: null })).toBe('ok');
});

test('a delegated builder is of the repository and the ref that signed', () => {
  for (const id of [
    `${GENERATOR}/builder_nodejs_slsa3.yml@refs/tags/v1.5.0`,
    'https://github.com/stranger/slsa-github-generator/.github/workflows/builder.yml@refs/tags/v1.6.0',
    'builder.yml@refs/tags/v1.6.0',
  ]) {
    expect(outcome(V02, { ...delegated(), builder: { id } }, DELEGATOR), id).toBe(DIFFERENT);
  }
});

test.each([null, undefined, 7, 'x', [], {}, { buildDefinition: 7 }, { buildDefinition: { buildType: {} } }])(
  'predicate %j is refused',
  (predicate) => {
    expect(outcome(V1, predicate, GITHUB)).toBe(DIFFERENT);
    expect(outcome(V02, predicate, GITHUB)).toBe(DIFFERENT);
  },
);

test('a build type that is not known is unchecked', () => {
  for (const buildType of ['https://example.com/build', 'constructor', '__proto__', '']) {
    expect(outcome(V02, { ...npmV02(), buildType }, GITHUB)).toBe('unchecked predicate-type');
  }
});
