import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_MIRROR_URL } from '@sigstore/tuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installClients } from '../../harness/clients/install.ts';
import { clientOf, type Step, type Wanted } from '../../harness/clients.ts';
import { ClientBox } from '../../harness/clients-box.ts';
import { type Firewall, type FirewallOptions, startFirewall } from '../../harness/firewall.ts';
import { fixture, reasonForNoFixtures } from '../../harness/fixtures.ts';
import { reasonForNoJail } from '../../harness/jail.ts';
import { tellOnFailure } from '../clients/tell.ts';
import { startMinted } from './minted.ts';
import { startMirror } from './mirror.ts';
import { type Ran, runPlainly } from './plainly.ts';
import { reasonForNoTufProxy, startTufProxy } from './tuf-proxy.ts';

// npm checks for itself what we pass on: signatures with the keys from our route, attestations with a trusted root that
// it has by TUF. Without a TUF repository it checks nothing at all.

const POLICY = `profile: default
allow:
  - { npm: "*", wide: true, requirements: { age: 0, install-scripts: allow, registry-signature: if-present, provenance: if-present } }
`;
const TOKEN = 'a-token-of-no-worth-0123456789';
const AUTH = `tokens:
  - { hash: "sha256:${createHash('sha256').update(TOKEN).digest('hex')}", agent: auditor }
`;
const THREE = { name: 'three', version: '0.185.1' };
const SIGSTORE = { name: 'sigstore', version: '1.0.0' };

const why = reasonForNoJail() ?? reasonForNoFixtures ?? reasonForNoTufProxy();

describe.skipIf(why !== null)(`npm audit signatures${why ? ` (skipped: ${why})` : ''}`, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await installClients();
  });

  const npm = (args: readonly string[]): Step => ({
    command: process.execPath,
    args: [join(folder, 'npm', 'node_modules', 'npm', 'bin', 'npm-cli.js'), ...args],
  });

  /** Installs, then audits, in one home, with a TUF repository that has this root. */
  async function audited(
    firewall: Firewall,
    root: Uint8Array,
    wanted: readonly Wanted[],
    token?: string,
  ): Promise<Ran> {
    const tuf = await startTufProxy(root);
    const address = { url: firewall.url, ...(token !== undefined && { token }) };
    await using box = await ClientBox.open(clientOf('npm'), folder, address);
    try {
      const report = await box.install(wanted);
      tellOnFailure(report, firewall);
      expect(report.code).toBe(0);
      await tuf.seed(join(box.root, 'home'));
      const ran = await runPlainly(box, npm(['audit', 'signatures']), address, tuf.env);
      expect(tuf.asked.some((path) => path.endsWith('.trusted_root.json'))).toBe(
        /attestation/.test(ran.stdout),
      );
      expect(tuf.elsewhere).toEqual([]);
      return ran;
    } finally {
      await tuf.close();
    }
  }

  describe('with what is real', () => {
    let close: () => Promise<void>;
    let firewall: Firewall;
    let root: Buffer;
    beforeAll(async () => {
      const mirror = await startMirror();
      close = () => mirror.close();
      firewall = await started({ upstream: { npm: mirror.npmBase, pypi: mirror.pypiBase } });
      root = await readFile(join(import.meta.dirname, '..', '..', '..', 'trust', 'trusted_root.json'));
    });
    afterAll(async () => {
      await firewall?.remove();
      await close?.();
    });

    test('a signature verifies, with the keys that we serve', async () => {
      const { code, stdout } = await audited(firewall, root, [THREE]);
      expect(stdout).toContain('audited 1 package');
      expect(stdout).toContain('1 package has a verified registry signature');
      expect(code).toBe(0);
      expect(served(firewall, 'keys')).toEqual([200]);
    });

    // What it needs is signed at the registry, but not before the mirror: npm says so and ends with 1.
    test('a signature by a retired key and a pair of attestations verify', async () => {
      const { code, stdout } = await audited(firewall, root, [THREE, SIGSTORE]);
      expect(stdout).toContain('2 packages have verified registry signatures');
      expect(stdout).toContain('1 package has a verified attestation');
      expect(stdout).toMatch(/packages have missing registry signatures/);
      expect(stdout).not.toContain('invalid');
      expect(code).toBe(1);
      expect(served(firewall, 'attestations')).toEqual([200]);
    });

    test('under another trusted root npm calls the attestation invalid: it does check', async () => {
      const { code, stdout } = await audited(firewall, fixture('trust', 'staging-trusted_root.json'), [
        SIGSTORE,
      ]);
      expect(stdout).toContain('1 package has an invalid attestation');
      expect(code).toBe(1);
    });

    test('without a TUF repository npm checks nothing: it asks neither for keys nor for attestations', async () => {
      await using box = await ClientBox.open(clientOf('npm'), folder, { url: firewall.url });
      expect((await box.install([THREE])).code).toBe(0);
      const report = await box.run(npm(['audit', 'signatures', '--fetch-retries=0']));
      tellOnFailure(report, firewall);
      expect(report.code).not.toBe(0);
      expect(report.sought).toEqual([new URL(DEFAULT_MIRROR_URL).hostname]);
      expect(report.stdout).not.toContain('verified');
      expect(report.reached).toEqual([]);
    });
  });

  test('a tree whose every package is signed and attested verifies as a whole, with a token', async () => {
    const minted = await startMinted();
    await minted.npm('@fleet/hull', '1.2.0', { manifest: { dependencies: { keel: '^1.0.0' } } });
    await minted.npm('keel', '1.0.1');
    const { npmBase, pypiBase } = minted.registry;
    const firewall = await started({
      upstream: { npm: npmBase, pypi: pypiBase },
      env: minted.env,
      auth: AUTH,
    });
    try {
      const { code, stdout } = await audited(
        firewall,
        minted.world.trust.root,
        [{ name: '@fleet/hull' }],
        TOKEN,
      );
      expect(stdout).toContain('2 packages have verified registry signatures');
      expect(stdout).toContain('2 packages have verified attestations');
      expect(code).toBe(0);
      expect(served(firewall, 'attestations')).toEqual([200, 200]);
    } finally {
      await firewall.remove();
      await minted.close();
    }
  });
});

function started(options: Omit<FirewallOptions, 'policy'>): Promise<Firewall> {
  return startFirewall({ ...options, policy: { 'audit.yaml': POLICY } });
}

/** Statuses that a route has answered with. */
function served({ log }: Firewall, kind: string): number[] {
  const lines = log.split('\n').filter((line) => line.includes(`"kind":"${kind}"`));
  return lines.map((line) => Number(/"status":(\d+)/.exec(line)?.[1]));
}
