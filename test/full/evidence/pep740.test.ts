import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installClients } from '../../harness/clients/install.ts';
import { type Firewall, startFirewall } from '../../harness/firewall.ts';
import { reasonForNoFixtures } from '../../harness/fixtures.ts';
import { jail, reasonForNoJail } from '../../harness/jail.ts';
import { type Mirror, startMirror } from './mirror.ts';
import { installPypiAttestations } from './pypi-attestations.ts';

// PyPI's own verifier, offline, over the file and the provenance object that the firewall serves.

const POLICY = `profile: default
allow:
  - pypi: sampleproject
    requirements: { age: 0, sdist: allow, provenance: { repository: github.com/pypa/sampleproject, workflow: release.yml } }
`;
const FILE = 'sampleproject-4.0.0.tar.gz';
const SIMPLE_JSON = 'application/vnd.pypi.simple.v1+json';

const why = reasonForNoJail() ?? reasonForNoFixtures;

describe.skipIf(why !== null)(`pypi-attestations verify${why ? ` (skipped: ${why})` : ''}`, () => {
  let command: string;
  let mirror: Mirror;
  let firewall: Firewall;
  let home: string;
  beforeAll(async () => {
    command = await installPypiAttestations(await installClients());
    mirror = await startMirror();
    firewall = await startFirewall({
      policy: { 'pypi.yaml': POLICY },
      upstream: { npm: mirror.npmBase, pypi: mirror.pypiBase },
    });
    home = await mkdtemp(join(tmpdir(), 'pep740-'));
    const index = async (): Promise<{ url: string; provenance?: string | null }> => {
      const answer = await fetch(`${firewall.url}/pypi/simple/sampleproject/`, {
        headers: { accept: SIMPLE_JSON },
      });
      const page = (await answer.json()) as { files: { filename: string; url: string }[] };
      const file = page.files.find(({ filename }) => filename === FILE);
      if (!file) throw new Error(`the index has no ${FILE}`);
      return file;
    };
    const get = async (address: string) => {
      const answer = await fetch(new URL(address, `${firewall.url}/pypi/simple/sampleproject/`));
      expect([address, answer.status]).toEqual([address, 200]);
      return Buffer.from(await answer.arrayBuffer());
    };
    await writeFile(join(home, FILE), await get((await index()).url));
    // Announced once its file was admitted with it.
    const provenance = (await index()).provenance ?? '';
    expect(provenance.startsWith(`${firewall.url}/pypi/integrity/`)).toBe(true);
    await writeFile(join(home, 'provenance.json'), await get(provenance));
  });
  afterAll(async () => {
    await firewall?.remove();
    await mirror?.close();
    if (home) await rm(home, { recursive: true });
  });

  test('accepts what the firewall served', async () => {
    const { code, stderr } = await verify('pypa/sampleproject');
    expect(stderr).toContain(`OK: ${FILE}`);
    expect(code).toBe(0);
  });

  test('refuses it for another repository', async () => {
    const { code, stderr } = await verify('pypa/sampleproject-fork');
    expect(stderr).toContain('Verification failed');
    expect(code).toBe(1);
  });

  test('refuses it for other bytes', async () => {
    await writeFile(join(home, FILE), 'something else');
    const { code, stderr } = await verify('pypa/sampleproject');
    expect(stderr).toContain('Verification failed');
    expect(code).toBe(1);
  });

  const verify = (repository: string) => {
    const identity = ['--repository', `https://github.com/${repository}`];
    return jail({
      port: null,
      cwd: home,
      env: { HOME: home, PATH: '/usr/bin:/bin' },
      command,
      args: ['verify', 'pypi', '--offline', ...identity, '--provenance-file', 'provenance.json', FILE],
      timeoutMs: 60_000,
    });
  };
});
