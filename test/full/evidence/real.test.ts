import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installClients } from '../../harness/clients/install.ts';
import { clientOf, type Step } from '../../harness/clients.ts';
import { ClientBox } from '../../harness/clients-box.ts';
import { type Firewall, startFirewall } from '../../harness/firewall.ts';
import { fixturePath, reasonForNoFixtures } from '../../harness/fixtures.ts';
import { type JailReport, reasonForNoJail } from '../../harness/jail.ts';
import { tellOnFailure } from '../clients/tell.ts';
import { type Mirror, startMirror } from './mirror.ts';

// Real attestations over real bytes of the real registries, through the real clients: each package is pinned to its
// signer in one profile, and to another repository, workflow or issuer in others.

interface Subject {
  readonly ecosystem: 'npm' | 'pypi';
  readonly name: string;
  readonly version: string;
  readonly repository: string;
  readonly workflow: string;
  readonly document: readonly [folder: string, file: string];
}

const SUBJECTS: readonly Subject[] = [
  {
    ecosystem: 'npm',
    name: 'sigstore',
    version: '0.4.0',
    repository: 'github.com/sigstore/sigstore-js',
    workflow: 'publish.yml',
    document: ['npm', 'sigstore-0.4.0.valid.json'],
  },
  {
    ecosystem: 'npm',
    name: 'sigstore',
    version: '1.0.0',
    repository: 'github.com/sigstore/sigstore-js',
    workflow: 'publish.yml',
    document: ['npm', 'sigstore-1.0.0.valid.json'],
  },
  {
    ecosystem: 'npm',
    name: '@playwright/cli',
    version: '0.1.1',
    repository: 'github.com/microsoft/playwright-cli',
    workflow: '.github/workflows/publish.yml',
    document: ['npm', 'playwright-cli-0.1.1.valid.json'],
  },
  {
    ecosystem: 'pypi',
    name: 'sampleproject',
    version: '4.0.0',
    repository: 'github.com/pypa/sampleproject',
    workflow: 'release.yml',
    document: ['pypi', 'sampleproject-4.0.0.tar.gz.provenance'],
  },
  {
    ecosystem: 'pypi',
    name: 'pypi-attestations',
    version: '0.0.19',
    repository: 'github.com/trailofbits/pypi-attestations',
    workflow: 'release.yml',
    document: ['pypi', 'pypi_attestations-0.0.19.tar.gz.provenance'],
  },
];

/** What each profile asks of the signer, beside what is right. */
const WRONG: Readonly<Record<string, (right: Subject) => Record<string, string>>> = {
  repository: ({ repository }) => ({ repository: `${repository}-fork` }),
  workflow: () => ({ workflow: 'ci.yml' }),
  issuer: () => ({ issuer: 'https://gitlab.com' }),
};

/** Everything else that they need comes without a question about evidence: the mirror has none of it. */
function policyOf(profile: string, wrong: (right: Subject) => Record<string, string>): string {
  const others =
    '{ age: 0, sdist: allow, install-scripts: allow, startup-hooks: allow, registry-signature: off, provenance: off }';
  const rules = SUBJECTS.filter((one, i) => SUBJECTS.findIndex(({ name }) => name === one.name) === i).map(
    (one) => {
      const identity = { repository: one.repository, workflow: one.workflow, ...wrong(one) };
      const sdist = one.ecosystem === 'pypi' ? ', sdist: allow' : '';
      return `  - { ${one.ecosystem}: "${one.name}", requirements: { age: 0${sdist}, provenance: ${JSON.stringify(identity)} } }`;
    },
  );
  return `profile: ${profile}
allow:
  - { npm: "*", wide: true, requirements: ${others} }
  - { pypi: "*", wide: true, requirements: ${others} }
${rules.join('\n')}
`;
}

const PIP = 'pip-26';
const PROFILES = ['right', ...Object.keys(WRONG)];
const tokenOf = (profile: string) => `a-token-of-no-worth-for-${profile}`;
const AUTH = `tokens:\n${PROFILES.map(
  (profile) =>
    `  - { hash: "sha256:${createHash('sha256').update(tokenOf(profile)).digest('hex')}", agent: ${profile}, profile: ${profile} }`,
).join('\n')}\n`;
const POLICY = Object.fromEntries(
  PROFILES.map((profile) => [`${profile}.yaml`, policyOf(profile, WRONG[profile] ?? (() => ({})))]),
);

const why = reasonForNoJail() ?? reasonForNoFixtures;

describe.skipIf(why !== null)(`real evidence${why ? ` (skipped: ${why})` : ''}`, () => {
  let folder: string;
  let mirror: Mirror;
  beforeAll(async () => {
    folder = await installClients();
    mirror = await startMirror();
  });
  afterAll(() => mirror?.close());

  async function installed(
    firewall: Firewall,
    subject: Subject,
    profile: string,
  ): Promise<[JailReport, string | null]> {
    const client = clientOf(subject.ecosystem === 'npm' ? 'npm' : PIP);
    await using box = await ClientBox.open(client, folder, { url: firewall.url, token: tokenOf(profile) });
    // Attested are the sdists; the wheel of the same version has no evidence here, and is refused for that.
    const report =
      subject.ecosystem === 'npm'
        ? await box.install([{ name: subject.name, version: subject.version }])
        : await pipInstall(box, folder, subject);
    return [report, await box.installed(subject.name)];
  }

  describe.each([
    ['from the index and the endpoints', false],
    ['imported beside a mirror that strips it', true],
  ])('%s', (_how, sideCar) => {
    let firewall: Firewall;
    beforeAll(async () => {
      mirror.strips = sideCar;
      firewall = await startFirewall({
        policy: POLICY,
        auth: AUTH,
        upstream: { npm: mirror.npmBase, pypi: mirror.pypiBase },
      });
      if (!sideCar) return;
      for (const { document } of SUBJECTS) {
        const { code, stderr } = await firewall.command('attest', 'import', fixturePath(...document));
        expect(stderr + code).toMatch(/0$/);
      }
    });
    afterAll(() => firewall?.remove());

    test.each(SUBJECTS)('$name@$version is installed from its own signer', async (subject) => {
      const [report, version] = await installed(firewall, subject, 'right');
      tellOnFailure(report, firewall);
      expect(version).toBe(subject.version);
      const entries = await firewall.ledger('--package', subject.name, '--verdict', 'allow');
      const entry = entries.map((line) => line.entry).find((one) => one['version'] === subject.version);
      const checks = (entry?.['checks'] ?? []) as {
        check: string;
        result: string;
        signers?: { repository: string }[];
      }[];
      const provenance = checks.find(({ check }) => check === 'provenance');
      expect(provenance?.result).toBe('verified');
      expect(provenance?.signers?.map(({ repository }) => repository)).toContain(subject.repository);
    });

    const wrongs = SUBJECTS.flatMap((subject) =>
      Object.keys(WRONG).map((field) => ({ ...subject, subject, field })),
    );
    test.each(wrongs)('$name@$version is refused under another $field', async ({ subject, field }) => {
      const [report, version] = await installed(firewall, subject, field);
      expect(version).toBeNull();
      expect(report.code).not.toBe(0);
      const words = report.stdout + report.stderr;
      expect(words).toContain('PROVENANCE_SIGNER');
      expect(words).toContain(`says ${field}`);
    });
  });
});

/** Only this very file, built by what the firewall serves. */
function pipInstall(box: ClientBox, folder: string, { name, version }: Subject): Promise<JailReport> {
  const step: Step = {
    command: join(folder, PIP, 'bin', 'pip'),
    args: [
      ...['--python', join('.venv', 'bin', 'python'), 'install', '--no-deps', '--no-binary', name],
      `${name}==${version}`,
    ],
  };
  return box.fresh(step);
}
