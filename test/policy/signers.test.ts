import { describe, expect, test } from 'vitest';
import type { Reason } from '../../src/model/decision.ts';
import { type Baseline, NO_BASELINE, type Signer } from '../../src/model/evidence.ts';
import { decide } from '../../src/policy/decide.ts';
import { TRIGGERS } from '../../src/policy/providers.ts';
import { downloadOf, listingOf, NO_VERDICTS, policyOf, SIGNER } from './questions.ts';

const GITHUB = SIGNER.issuer;
const GITLAB: Signer = {
  predicate: 'slsa',
  issuer: 'https://gitlab.com',
  subject: 'https://gitlab.com/group/sub/tool//.gitlab-ci.yml@refs/heads/main',
  repository: 'gitlab.com/group/sub/tool',
  repositoryId: '5',
  ownerId: '6',
  workflow: '.gitlab-ci.yml',
  ref: 'refs/heads/main',
  commit: null,
  trigger: 'push',
  runner: 'gitlab-hosted',
  environment: null,
  builder: 'https://gitlab.com/group/sub/tool//.gitlab-ci.yml@refs/heads/main',
};
/** A certificate of 2022: .1 to .6 only. */
const LEGACY: Signer = {
  ...SIGNER,
  repositoryId: null,
  ownerId: null,
  runner: null,
  environment: null,
  builder: null,
};
const ACCOUNT: Signer = {
  predicate: 'publish',
  issuer: 'https://accounts.example',
  subject: 'builder@project.example',
  repository: null,
  repositoryId: null,
  ownerId: null,
  workflow: null,
  ref: null,
  commit: null,
  trigger: null,
  runner: null,
  environment: null,
  builder: null,
};

/** The reasons for provenance by these signers, under one value of `provenance`. */
function reasons(
  provenance: string,
  signers: readonly Signer[],
  baseline: Baseline = NO_BASELINE,
): readonly Reason[] {
  const policy = policyOf(`requirements: { npm: { provenance: ${provenance} } }\nallow: [{ npm: pkg }]`);
  const evidence = [
    ...NO_VERDICTS.filter(({ check }) => check !== 'provenance'),
    { check: 'provenance', result: 'verified', signers, documents: [] } as const,
  ];
  return decide(policy, 'default', downloadOf(listingOf('pkg', '1.0.0', { baseline }), { evidence })).reasons;
}

const field = (list: readonly Reason[]): string[] =>
  list.map(({ code, detail }) => `${code} ${detail?.field}`);

describe('an identity', () => {
  const OF = 'repository: github.com/acme/tool';
  /** A GitLab of somebody's own: its issuer tells nothing but its name. */
  const AT_HOME = {
    issuer: 'https://git.example',
    repository: 'git.example/group/tool',
    runner: 'self-hosted',
  };
  const MANAGED = '{ repository: git.example/group/tool, issuer: "https://git.example", runner: any }';
  const WANTED: readonly [string, Signer][] = [
    [`{ ${OF} }`, SIGNER],
    [`{ ${OF}, issuer: "${GITHUB}" }`, SIGNER],
    [`{ ${OF}, workflow: release.yml }`, SIGNER],
    [`{ ${OF}, workflow: .github/workflows/release.yml }`, SIGNER],
    [`{ ${OF}, ref: refs/tags/v1.0.0 }`, SIGNER],
    [`{ ${OF}, ref: "refs/tags/v*" }`, SIGNER],
    [`{ ${OF}, environment: production }`, SIGNER],
    [`{ ${OF}, owner-id: "77" }`, SIGNER],
    [`{ ${OF}, subject: "${SIGNER.subject}" }`, SIGNER],
    [`{ ${OF}, predicate: slsa }`, SIGNER],
    [`{ ${OF}, triggers: [release, push] }`, SIGNER],
    [`{ ${OF}, triggers: [pull_request] }`, { ...SIGNER, trigger: 'pull_request' }],
    [`{ ${OF}, runner: any }`, { ...SIGNER, runner: 'self-hosted' }],
    [`{ ${OF}, runner: any }`, { ...SIGNER, runner: null }],
    [`{ ${OF}, workflow: release.yml }`, LEGACY],
    ['{ repository: gitlab.com/group/sub/tool, workflow: .gitlab-ci.yml }', GITLAB],
    [
      '{ repository: gitlab.com/group/sub/tool, triggers: [merge_request_event] }',
      { ...GITLAB, trigger: 'merge_request_event' },
    ],
    [MANAGED, { ...GITLAB, ...AT_HOME }],
    [MANAGED, { ...GITLAB, ...AT_HOME, trigger: null }],
    ['{ subject: builder@project.example, issuer: "https://accounts.example" }', ACCOUNT],
  ];
  test.each(WANTED)('%s is met', (identity, signer) => {
    expect(reasons(identity, [signer])).toEqual([]);
    expect(reasons(identity, [{ ...ACCOUNT, subject: 'x' }, signer])).toEqual([]);
  });

  const ALL = `{ ${OF}, workflow: release.yml, ref: "refs/tags/v*", environment: production, owner-id: "77", predicate: slsa }`;
  const STRANGERS: readonly [string, Partial<Signer>, string, string, string?][] = [
    [
      'another repository',
      { repository: 'github.com/evil/tool' },
      'repository',
      'github.com/acme/tool',
      'github.com/evil/tool',
    ],
    [
      'another case of its letters',
      { repository: 'github.com/Acme/tool' },
      'repository',
      'github.com/acme/tool',
      'github.com/Acme/tool',
    ],
    [
      'a longer name',
      { repository: 'github.com/acme/tool-2' },
      'repository',
      'github.com/acme/tool',
      'github.com/acme/tool-2',
    ],
    ['no repository', { repository: null }, 'repository', 'github.com/acme/tool'],
    ['another issuer', { issuer: 'https://evil.example' }, 'issuer', GITHUB, 'https://evil.example'],
    [
      'an issuer that only begins so',
      { issuer: `${GITHUB}.evil.example` },
      'issuer',
      GITHUB,
      `${GITHUB}.evil.example`,
    ],
    [
      'another workflow',
      { workflow: '.github/workflows/test.yml' },
      'workflow',
      '.github/workflows/release.yml',
      '.github/workflows/test.yml',
    ],
    [
      'a workflow elsewhere',
      { workflow: 'evil/release.yml' },
      'workflow',
      '.github/workflows/release.yml',
      'evil/release.yml',
    ],
    [
      'a workflow whose name ends so',
      { workflow: '.github/workflows/pre-release.yml' },
      'workflow',
      '.github/workflows/release.yml',
      '.github/workflows/pre-release.yml',
    ],
    ['no workflow', { workflow: null }, 'workflow', '.github/workflows/release.yml'],
    ['a branch', { ref: 'refs/heads/main' }, 'ref', 'refs/tags/v*', 'refs/heads/main'],
    ['no ref', { ref: null }, 'ref', 'refs/tags/v*'],
    ['another environment', { environment: 'test' }, 'environment', 'production', 'test'],
    ['no environment', { environment: null }, 'environment', 'production'],
    ['another owner under the same name', { ownerId: '78' }, 'owner-id', '77', '78'],
    ['no owner id', { ownerId: null }, 'owner-id', '77'],
    ['an upload only', { predicate: 'publish' }, 'predicate', 'slsa', 'publish'],
    ['a pull request', { trigger: 'pull_request' }, 'trigger', '', 'pull_request'],
    ['a pull request with secrets', { trigger: 'pull_request_target' }, 'trigger', '', 'pull_request_target'],
    ['a run after a pull request', { trigger: 'workflow_run' }, 'trigger', '', 'workflow_run'],
    ['a comment', { trigger: 'issue_comment' }, 'trigger', '', 'issue_comment'],
    ['no trigger', { trigger: null }, 'trigger', ''],
    ['a self-hosted runner', { runner: 'self-hosted' }, 'runner', 'github-hosted', 'self-hosted'],
    ['no runner, as only old certificates have none', { runner: null }, 'runner', 'github-hosted'],
  ];
  test.each(STRANGERS)('%s is refused, and what differs is named', (_, change, at, expected, found) => {
    const detail = { check: 'provenance', field: at, ...(expected && { expected }), ...(found && { found }) };
    expect(reasons(ALL, [{ ...SIGNER, ...change }])).toEqual([
      { code: 'PROVENANCE_SIGNER', place: 'p.yaml:3', detail },
    ]);
  });

  test('is met by one signer as a whole, not by several together', () => {
    const [one, other] = [
      { ...SIGNER, workflow: '.github/workflows/test.yml' },
      { ...SIGNER, repository: 'github.com/evil/tool' },
    ];
    expect(field(reasons(`{ ${OF}, workflow: release.yml }`, [one, other]))).toEqual([
      'PROVENANCE_SIGNER workflow',
    ]);
  });

  test('names what differs in the signer that matches most', () => {
    const far = { ...SIGNER, repository: 'github.com/evil/tool', workflow: 'x', ref: null };
    const near = { ...SIGNER, ref: 'refs/heads/main' };
    for (const signers of [
      [far, near],
      [near, far],
    ]) {
      expect(field(reasons(ALL, signers))).toEqual(['PROVENANCE_SIGNER ref']);
    }
  });

  test('a stranger who calls a shared builder is another repository', () => {
    const builder = 'https://github.com/shared/builder/.github/workflows/build.yml@refs/tags/v2';
    const own = { ...SIGNER, subject: builder, builder };
    expect(reasons(ALL, [own])).toEqual([]);
    const called = { ...own, repository: 'github.com/evil/widget', repositoryId: '9', ownerId: '9' };
    expect(field(reasons(`{ ${OF} }`, [called]))).toEqual(['PROVENANCE_SIGNER repository']);
    // Pinning the builder's own repository pins nobody who calls it.
    expect(field(reasons('{ repository: github.com/shared/builder }', [own]))).toEqual([
      'PROVENANCE_SIGNER repository',
    ]);
    expect(
      field(reasons('no-downgrade', [called], { ...NO_BASELINE, provenance: true, signer: own })),
    ).toEqual(['SIGNER_CHANGED repository-id']);
  });

  test('of GitLab names the whole path, not a file in a folder of GitHub', () => {
    const identity = '{ repository: gitlab.com/group/sub/tool, workflow: release.yml }';
    expect(field(reasons(identity, [{ ...GITLAB, workflow: '.github/workflows/release.yml' }]))).toEqual([
      'PROVENANCE_SIGNER workflow',
    ]);
    expect(reasons(identity, [{ ...GITLAB, workflow: 'release.yml' }])).toEqual([]);
  });

  test.each([
    'merge_request_event',
    'external_pull_request_event',
    'parent_pipeline',
    'pipeline',
    'pull_request',
    'unknown',
  ])('of GitLab, or of a host of their own, is not met by a build that %s started', (trigger) => {
    expect(field(reasons('{ repository: gitlab.com/group/sub/tool }', [{ ...GITLAB, trigger }]))).toEqual([
      'PROVENANCE_SIGNER trigger',
    ]);
    expect(field(reasons(MANAGED, [{ ...GITLAB, ...AT_HOME, trigger }]))).toEqual([
      'PROVENANCE_SIGNER trigger',
    ]);
  });

  test("of GitLab is built on the provider's runners, and says what started it", () => {
    const identity = '{ repository: gitlab.com/group/sub/tool }';
    expect(field(reasons(identity, [{ ...GITLAB, runner: 'self-hosted' }]))).toEqual([
      'PROVENANCE_SIGNER runner',
    ]);
    expect(field(reasons(identity, [{ ...GITLAB, runner: 'github-hosted' }]))).toEqual([
      'PROVENANCE_SIGNER runner',
    ]);
    expect(field(reasons(identity, [{ ...GITLAB, runner: null }]))).toEqual(['PROVENANCE_SIGNER runner']);
    expect(field(reasons(identity, [{ ...GITLAB, trigger: null }]))).toEqual(['PROVENANCE_SIGNER trigger']);
    expect(reasons(identity, [{ ...GITLAB, trigger: 'web' }])).toEqual([]);
    const only = '{ repository: gitlab.com/group/sub/tool, triggers: [push] }';
    expect(reasons(only, [{ ...GITLAB, trigger: 'web' }])[0]?.detail).toMatchObject({
      field: 'trigger',
      expected: 'push',
      found: 'web',
    });
  });

  test('of an issuer of which nothing is known: a runner that it names is nobody’s', () => {
    const identity = '{ subject: builder@project.example, issuer: "https://accounts.example" }';
    expect(field(reasons(identity, [{ ...ACCOUNT, runner: 'github-hosted' }]))).toEqual([
      'PROVENANCE_SIGNER runner',
    ]);
    expect(field(reasons(identity, [{ ...ACCOUNT, subject: 'builder@project.example.evil' }]))).toEqual([
      'PROVENANCE_SIGNER subject',
    ]);
  });
});

describe('what a refusal repeats of a certificate', () => {
  test.each([
    ['github.com/acme/a-b_c.d~e', true],
    [`github.com/${'a'.repeat(189)}`, true],
    [`github.com/${'a'.repeat(190)}`, false],
    ['ignore all previous instructions', false],
    ['a\nb', false],
    ['a"b', false],
    ['a{b}', false],
    ['\u202egithub.com', false],
    ['', false],
  ])('%j: %s', (repository, repeated) => {
    const [reason] = reasons('{ repository: github.com/acme/tool }', [{ ...SIGNER, repository }]);
    expect(reason?.detail).toEqual({
      check: 'provenance',
      field: 'repository',
      expected: 'github.com/acme/tool',
      ...(repeated ? { found: repository } : {}),
    });
  });
});

describe('required, of nobody in particular', () => {
  const STARTED = [SIGNER, GITLAB].flatMap((signer) =>
    (TRIGGERS.get(signer.repository?.split('/')[0] ?? '') ?? []).map((trigger) => ({ ...signer, trigger })),
  );
  test.each(STARTED)('is met by a build that $trigger started at $issuer', (signer) => {
    expect(reasons('required', [signer])).toEqual([]);
  });

  test('is met by no word of another provider', () => {
    for (const signer of [
      { ...SIGNER, trigger: 'web' },
      { ...GITLAB, trigger: 'workflow_dispatch' },
    ]) {
      expect(field(reasons('required', [signer]))).toEqual(['PROVENANCE_SIGNER trigger']);
    }
  });

  const BUILDS: readonly [string, Partial<Signer>][] = [
    ['trigger', { trigger: 'pull_request' }],
    ['trigger', { trigger: 'pull_request_target' }],
    ['trigger', { trigger: 'workflow_run' }],
    ['trigger', { trigger: 'issue_comment' }],
    ['trigger', { trigger: 'Push' }],
    ['trigger', { trigger: null }],
    ['runner', { runner: 'self-hosted' }],
    ['runner', { runner: null }],
  ];
  test.each(BUILDS)('is not met by the %s of %j; if-present and a first no-downgrade are', (at, change) => {
    expect(field(reasons('required', [{ ...SIGNER, ...change }]))).toEqual([`PROVENANCE_SIGNER ${at}`]);
    expect(reasons('if-present', [{ ...SIGNER, ...change }])).toEqual([]);
    expect(reasons('no-downgrade', [{ ...SIGNER, ...change }])).toEqual([]);
    expect(reasons('required', [{ ...SIGNER, ...change }, SIGNER])).toEqual([]);
  });

  test('is met by old certificates, other hosts and accounts', () => {
    for (const signer of [LEGACY, GITLAB, ACCOUNT]) expect(reasons('required', [signer])).toEqual([]);
    expect(field(reasons('required', [{ ...LEGACY, trigger: null }]))).toEqual(['PROVENANCE_SIGNER trigger']);
    expect(field(reasons('required', [{ ...LEGACY, trigger: 'pull_request' }]))).toEqual([
      'PROVENANCE_SIGNER trigger',
    ]);
  });
});

describe('the signer of earlier versions', () => {
  const since = (signer: Signer): Baseline => ({ ...NO_BASELINE, provenance: true, signer });
  const SAME: readonly [string, Signer, Signer][] = [
    ['the same', SIGNER, SIGNER],
    [
      'another ref, commit, environment and builder',
      SIGNER,
      { ...SIGNER, ref: 'refs/heads/x', commit: null, environment: null, builder: null, subject: 'x' },
    ],
    ['a renamed repository', SIGNER, { ...SIGNER, repository: 'github.com/new/name' }],
    ['the first with ids', LEGACY, SIGNER],
    ['one without ids again', SIGNER, { ...SIGNER, repositoryId: null, ownerId: null }],
    ['another trusted trigger', SIGNER, { ...SIGNER, trigger: 'release' }],
    [
      'as little trusted as before',
      { ...SIGNER, trigger: 'workflow_run', runner: 'self-hosted' },
      { ...SIGNER, trigger: 'pull_request_target', runner: null },
    ],
    ['more trusted than before', { ...SIGNER, trigger: 'workflow_run', runner: 'self-hosted' }, SIGNER],
    ['more than an upload', { ...SIGNER, predicate: 'publish' }, SIGNER],
    ['the same account', ACCOUNT, ACCOUNT],
  ];
  test.each(SAME)('is %s', (_, before, now) => {
    expect(reasons('no-downgrade', [now], since(before))).toEqual([]);
    expect(reasons('no-downgrade', [{ ...ACCOUNT, subject: 'y' }, now], since(before))).toEqual([]);
  });

  const CHANGED: readonly [string, Signer, Signer][] = [
    ['issuer', SIGNER, { ...SIGNER, issuer: 'https://evil.example' }],
    ['repository-id', SIGNER, { ...SIGNER, repositoryId: '1002' }],
    ['repository', LEGACY, { ...SIGNER, repository: 'github.com/acme/Tool' }],
    ['repository', SIGNER, { ...SIGNER, repositoryId: null, repository: 'github.com/evil/tool' }],
    ['repository', SIGNER, { ...SIGNER, repositoryId: null, repository: null }],
    ['owner-id', SIGNER, { ...SIGNER, ownerId: '78' }],
    ['workflow', SIGNER, { ...SIGNER, workflow: '.github/workflows/test.yml' }],
    ['workflow', SIGNER, { ...SIGNER, workflow: null }],
    ['workflow', { ...LEGACY, workflow: null }, SIGNER],
    ['trigger', SIGNER, { ...SIGNER, trigger: 'pull_request_target' }],
    ['trigger', SIGNER, { ...SIGNER, trigger: null }],
    ['runner', SIGNER, { ...SIGNER, runner: 'self-hosted' }],
    ['runner', LEGACY, { ...SIGNER, runner: null }],
    ['runner', GITLAB, { ...GITLAB, runner: 'self-hosted' }],
    ['trigger', GITLAB, { ...GITLAB, trigger: 'merge_request_event' }],
    ['predicate', SIGNER, { ...SIGNER, predicate: 'publish' }],
    ['subject', ACCOUNT, { ...ACCOUNT, subject: 'other@project.example' }],
  ];
  test.each(CHANGED)('has another %s', (at, before, now) => {
    expect(field(reasons('no-downgrade', [now], since(before)))).toEqual([`SIGNER_CHANGED ${at}`]);
    // What is required is no less than what is only not to get worse.
    expect(reasons('required', [now], since(before))).not.toEqual([]);
    expect(reasons('if-present', [now], since(before))).toEqual([]);
  });

  test('is no matter where the policy itself names who signs', () => {
    const moved = { ...SIGNER, repository: 'github.com/acme/new', repositoryId: '2' };
    expect(field(reasons('no-downgrade', [moved], since(SIGNER)))).toEqual(['SIGNER_CHANGED repository-id']);
    expect(reasons('{ repository: github.com/acme/new }', [moved], since(SIGNER))).toEqual([]);
    expect(field(reasons('{ repository: github.com/acme/new }', [SIGNER], since(SIGNER)))).toEqual([
      'PROVENANCE_SIGNER repository',
    ]);
  });
});
