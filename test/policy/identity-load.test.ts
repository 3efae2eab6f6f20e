import { describe, expect, test } from 'vitest';
import { parsePolicy } from '../../src/policy/load.ts';
import { PolicyError } from '../../src/policy/policy.ts';
import { type EvidenceLevel, type Identity, STRICT } from '../../src/policy/profile.ts';
import { policyOf } from './questions.ts';
import { SCHEMES } from './schemes.ts';

const NPM = (policy: ReturnType<typeof policyOf>) => policy.profiles.get('default')?.ecosystems.get('npm');

/** The problems of a requirement in a profile and in a rule, without their place; they must be the same. */
function wrong(requirement: string, ecosystem = 'npm'): string[] {
  const [profile, rule] = [
    `profile: x\nrequirements:\n  ${ecosystem}:\n    ${requirement}\n`,
    `profile: x\nallow:\n  - ${ecosystem}: a\n    requirements:\n      ${requirement}\n`,
  ].map((text) => {
    try {
      parsePolicy([{ path: 'p.yaml', text }], SCHEMES);
      return [];
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      const line = text.split('\n').indexOf(text.split('\n').find((l) => l.endsWith(requirement)) ?? '') + 1;
      const start = text.split('\n')[line - 1]?.indexOf(requirement) ?? 0;
      for (const problem of error.problems) expect(problem).toMatchObject({ path: 'p.yaml', line });
      return error.problems.map(
        (p) =>
          `${p.column - start} ${p.message.replace(/^(?:requirements\.\w+|allow\.0\.requirements)\./, '')}`,
      );
    }
  });
  expect(rule).toEqual(profile);
  return profile ?? [];
}

const LEVELS: readonly EvidenceLevel[] = ['off', 'if-present', 'no-downgrade', 'required'];

describe('levels', () => {
  test.each(LEVELS)('%s is one of both keys', (level) => {
    const policy = policyOf(`
requirements: { npm: { registry-signature: ${level}, provenance: ${level} } }
allow: [{ npm: a }, { npm: b, requirements: { provenance: off } }]
`);
    expect(NPM(policy)?.requirements).toEqual({ ...STRICT, registrySignature: level, provenance: level });
    expect(NPM(policy)?.allow.exact.get('a')?.requirements).toEqual(NPM(policy)?.requirements);
    expect(NPM(policy)?.allow.exact.get('b')?.requirements).toEqual({
      ...STRICT,
      registrySignature: level,
      provenance: 'off',
    });
  });

  test('where nothing is said, what is there must verify', () => {
    expect(NPM(policyOf('allow: [{ npm: a }]'))?.requirements).toMatchObject({
      registrySignature: 'if-present',
      provenance: 'if-present',
    });
  });

  test.each([
    [
      'registry-signature: requird',
      '21 registry-signature must be off or if-present or no-downgrade or required; did you mean "required"?',
    ],
    [
      'registry-signature: deny',
      '21 registry-signature must be off or if-present or no-downgrade or required',
    ],
    [
      'registry-signature: false',
      '21 registry-signature must be off or if-present or no-downgrade or required',
    ],
    [
      'registry-signature: { repository: github.com/a/b }',
      '21 registry-signature must be off or if-present or no-downgrade or required',
    ],
    [
      'registry-signatures: required',
      '1 unknown key "registry-signatures"; did you mean "registry-signature"?',
    ],
    [
      'provenance: no-downgrde',
      '13 provenance must be off or if-present or no-downgrade or required, or a map that names the signer; did you mean "no-downgrade"?',
    ],
    [
      'provenance: []',
      '13 provenance must be off or if-present or no-downgrade or required, or a map that names the signer',
    ],
    [
      'provenance: true',
      '13 provenance must be off or if-present or no-downgrade or required, or a map that names the signer',
    ],
    [
      'provenance: ~',
      '13 provenance must be off or if-present or no-downgrade or required, or a map that names the signer',
    ],
  ])('%s is an error', (requirement, message) => {
    expect(wrong(requirement)).toEqual([message]);
  });

  test.each(LEVELS)('registry-signature %s for pypi, whose registry signs nothing', (level) => {
    const met = level === 'off' || level === 'if-present';
    expect(wrong(`registry-signature: ${level}`, 'pypi')).toEqual(
      met
        ? []
        : [
            `21 registry-signature ${level} means nothing for pypi: its registry signs no file; write off or if-present, and say provenance`,
          ],
    );
    expect(wrong(`provenance: ${level}`, 'pypi')).toEqual([]);
    expect(wrong(`registry-signature: ${level}`)).toEqual([]);
  });
});

describe('an identity', () => {
  test('is read with every key, and asks for nothing that it does not say', () => {
    const policy = policyOf(`
allow:
  - npm: some
    requirements: { provenance: { repository: github.com/Acme/tool } }
  - npm: all
    requirements:
      provenance:
        repository: git.example/group/sub/tool
        workflow: ci/release.yml
        issuer: https://git.example/issuer
        ref: refs/tags/v*
        environment: production two
        owner-id: "0012"
        subject: https://git.example/group/sub/tool//ci@x
        triggers: [web, push]
        runner: any
        predicate: slsa
  - { pypi: some, requirements: { provenance: { subject: a@b.example, issuer: "https://accounts.example" } } }
`);
    const none: Identity = {
      repository: null,
      workflow: null,
      issuer: null,
      ref: null,
      environment: null,
      ownerId: null,
      subject: null,
      triggers: null,
      selfHosted: false,
      predicate: null,
    };
    const rules = NPM(policy)?.allow.exact;
    expect(rules?.get('some')?.requirements.provenance).toEqual({
      ...none,
      repository: 'github.com/Acme/tool',
    });
    expect(rules?.get('all')?.requirements.provenance).toEqual({
      repository: 'git.example/group/sub/tool',
      workflow: 'ci/release.yml',
      issuer: 'https://git.example/issuer',
      ref: 'refs/tags/v*',
      environment: 'production two',
      ownerId: '0012',
      subject: 'https://git.example/group/sub/tool//ci@x',
      triggers: ['web', 'push'],
      selfHosted: true,
      predicate: 'slsa',
    });
    const pypi = policy.profiles.get('default')?.ecosystems.get('pypi');
    expect(pypi?.allow.exact.get('some')?.requirements.provenance).toEqual({
      ...none,
      subject: 'a@b.example',
      issuer: 'https://accounts.example',
    });
  });

  test.each([
    ['https://github.com/acme/tool', ': write github.com/acme/tool'],
    ['https://github.com/acme/tool.git', ': write github.com/acme/tool'],
    ['git+https://github.com/acme/tool.git', ': write github.com/acme/tool'],
    ['git@github.com:acme/tool.git', ': write github.com/acme/tool'],
    ['ssh://git@git.example/acme/tool', ': write git.example/acme/tool'],
    ['https://github.com/acme/tool/tree/main', ': write github.com/acme/tool'],
    ['github.com/acme/tool/', ': write github.com/acme/tool'],
    ['GitHub.com/acme/tool', ': write github.com/acme/tool'],
    ['acme/tool', ': write github.com/acme/tool, if it is there'],
    ['github.com/acme', ''],
    ['github.com', ''],
    ['github.com//tool', ''],
    ['github.com/acme/to ol', ''],
    ['github.com/acme/tool.git', ', as it is in an address that people open: write github.com/acme/tool'],
    ['github.com/acme/..', ', as it is in an address that people open'],
    ['github.com/../tool', ', as it is in an address that people open'],
    ['github.com/acme/tool/tree/main', ', and no path within the repository: write github.com/acme/tool'],
  ])('of the repository %j says what to write', (repository, message) => {
    expect(wrong(`provenance: { repository: "${repository}" }`)).toEqual([
      `27 provenance.repository must be host/owner/name${message}`,
    ]);
  });

  const OF = 'provenance: { repository: github.com/a/b, ';
  test.each([
    ['provenance: {}', '13 provenance must name the repository, or the subject of a signer that has none'],
    [
      'provenance: { workflow: x.yml }',
      '13 provenance must name the repository, or the subject of a signer that has none',
    ],
    [
      'provenance: { repository: ~ }',
      '27 provenance.repository must be host/owner/name, such as github.com/owner/name',
    ],
    [
      'provenance: { repository: git.example/a/b }',
      '27 provenance.repository is on a host whose issuer is not known: name the issuer too',
    ],
    [
      'provenance: { subject: a@b.example }',
      '24 provenance.subject needs the issuer too: another issuer may give the same subject to somebody else',
    ],
    [
      'provenance: { subject: a@b.example, issuer: accounts.example }',
      '45 provenance.issuer must be the address of an OIDC issuer, https://…',
    ],
    [
      `${OF}issuer: "http://git.example" }`,
      '51 provenance.issuer must be the address of an OIDC issuer, https://…',
    ],
    [`${OF}workflw: x }`, '43 unknown key "workflw"; did you mean "workflow"?'],
    [`${OF}runner: self-hosted }`, '51 provenance.runner must be any'],
    [`${OF}predicate: publsh }`, '54 provenance.predicate must be slsa or publish; did you mean "publish"?'],
    [`${OF}owner-id: 12 }`, '53 provenance.owner-id must be text: put the number of the owner in quotes'],
    [`${OF}owner-id: "acme" }`, "53 provenance.owner-id must be the owner's number, digits only, in quotes"],
    [`${OF}triggers: [] }`, '53 provenance.triggers must name at least one event'],
    [`${OF}triggers: push }`, '53 provenance.triggers must be a list'],
    [`${OF}triggers: ["Push!"] }`, '54 provenance.triggers.0 must be the name of an event such as push'],
    [
      `${OF}workflow: "/x.yml" }`,
      '53 provenance.workflow must be the name of a workflow file, or its path in the repository, without ref and address',
    ],
    [
      `${OF}workflow: "x.yml@main" }`,
      '53 provenance.workflow must be the name of a workflow file, or its path in the repository, without ref and address',
    ],
    [
      `${OF}workflow: "*.yml" }`,
      '53 provenance.workflow must be the name of a workflow file, or its path in the repository, without ref and address',
    ],
  ])('%s is an error', (requirement, message) => {
    expect(wrong(requirement)).toEqual([message]);
  });

  test.each(['*', 'v*', 'main', 'refs/*/x', 'refs/tags/**', 'refs/', ''])('the ref %j is an error', (ref) => {
    expect(wrong(`${OF}ref: "${ref}" }`)[0]).toEqual(
      expect.stringMatching(/^48 provenance\.ref must be a (whole )?ref such as/),
    );
  });
});
