import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installClients } from '../../harness/clients/install.ts';
import { CLIENTS, type Client } from '../../harness/clients.ts';
import { ClientBox } from '../../harness/clients-box.ts';
import { type Firewall, startFirewall } from '../../harness/firewall.ts';
import { reasonForNoJail } from '../../harness/jail.ts';
import { CASES } from '../clients/table.ts';
import { tellOnFailure } from '../clients/tell.ts';
import { type MintedUpstream, midst, SIGNER, startMinted, wheel } from './minted.ts';

// Evidence changes nothing for a client: what is proven is installed, from its lockfile too, and what is proven to be
// somebody else's is refused as any other version is.

const HULL = { npm: '@fleet/hull', pypi: 'fleet-hull' } as const;
const VERSION = '1.2.0';

const policyOf = (repository: string) => {
  const provenance = JSON.stringify({ ...SIGNER, repository });
  return `profile: default
requirements:
  npm: { age: 0, registry-signature: required, provenance: ${provenance} }
  pypi: { age: 0, sdist: deny, provenance: ${provenance} }
allow: [{ npm: "@fleet/hull" }, { npm: keel }, { pypi: fleet-hull }, { pypi: keel }]
`;
};

const why = reasonForNoJail();

describe.skipIf(why !== null)(
  `every client, where provenance is required${why ? ` (skipped: ${why})` : ''}`,
  () => {
    let folder: string;
    let minted: MintedUpstream;
    let firewall: Firewall;
    let stranger: Firewall;
    beforeAll(async () => {
      folder = await installClients();
      minted = await startMinted();
      await minted.npm(HULL.npm, VERSION, { manifest: { dependencies: { keel: '^1.0.0' } } });
      await minted.npm('keel', '1.0.1');
      await minted.pypi(HULL.pypi, VERSION, 'Requires-Dist: keel>=1.0\n');
      await minted.pypi('keel', '1.0.1');
      const { npmBase: npm, pypiBase: pypi } = minted.registry;
      const start = (repository: string) =>
        startFirewall({
          policy: { 'evidence.yaml': policyOf(repository) },
          upstream: { npm, pypi },
          env: minted.env,
        });
      firewall = await start(SIGNER.repository);
      stranger = await start(`${SIGNER.repository}-fork`);
      // Whoever asks first is refused the file; from then on the index leaves it out.
      for (const path of [
        `/npm/${HULL.npm}/-/hull-${VERSION}.tgz`,
        `/pypi/files/${HULL.pypi}/${wheel(HULL.pypi, VERSION)}`,
      ]) {
        const answer = await fetch(stranger.url + path);
        expect([answer.status, (await answer.text()).includes('PROVENANCE_SIGNER')]).toEqual([403, true]);
      }
    });
    afterAll(async () => {
      await firewall?.remove();
      await stranger?.remove();
      await minted?.close();
    });

    const archiveOf = ({ ecosystem }: Client): Buffer =>
      ecosystem === 'npm'
        ? minted.registry.tarball(HULL.npm, VERSION)
        : minted.registry.file(wheel(HULL.pypi, VERSION));

    test.each(CLIENTS)('$id installs it, and again from its lockfile', async (client) => {
      await using box = await ClientBox.open(client, folder, { url: firewall.url });
      const name = HULL[client.ecosystem];
      const report = await box.install([{ name }]);
      tellOnFailure(report, firewall);
      expect(report.code).toBe(0);
      expect(await box.installed(name)).toBe(VERSION);
      expect(report.sought).toEqual([]);
      expect(report.received).toContain(midst(archiveOf(client)));
      const before = await box.lockfile();
      const again = await box.installLocked();
      tellOnFailure(again, firewall);
      expect(again.code).toBe(0);
      expect(await box.installed(name)).toBe(VERSION);
      expect(await box.lockfile()).toBe(before);
    });

    test.each(CLIENTS)('$id is refused it under another repository', async (client) => {
      await using box = await ClientBox.open(client, folder, { url: stranger.url });
      const name = HULL[client.ecosystem];
      const report = await box.install([{ name, version: VERSION }]);
      tellOnFailure(report, stranger);
      expect(report.code).not.toBe(0);
      expect(report.code).not.toBe(124);
      expect(await box.installed(name)).toBeNull();
      expect(report.reached.join()).toMatch(/hull/);
      expect(report.received).not.toContain(midst(archiveOf(client)));
      if (showsReason(client)) expect(report.stdout + report.stderr).toContain('PROVENANCE_SIGNER');
    });

    test('every file that was admitted has its signer in the ledger', async () => {
      const admitted = (await firewall.ledger('--verdict', 'allow')).filter(
        ({ entry }) => entry['type'] === 'decision' && entry['file'] !== undefined,
      );
      expect(admitted.length).toBeGreaterThanOrEqual(2 * CLIENTS.length);
      for (const { entry } of admitted) {
        const checks = entry['checks'] as { check: string; result: string; signers?: object[] }[];
        const provenance = checks.find(({ check }) => check === 'provenance');
        expect(provenance).toMatchObject({
          result: 'verified',
          signers: [{ repository: SIGNER.repository }],
        });
      }
      expect(await stranger.ledger('--verdict', 'allow')).toEqual([]);
    });
  },
);

/** Whether docs/clients.md says that the client shows why a version is refused that was asked for exactly. */
function showsReason({ id }: Client): boolean {
  const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'clients.md'), 'utf8');
  const part = text.split('\n## ').find((one) => one.startsWith(CASES.version));
  const row = part?.split('\n').find((line) => line.startsWith(`| ${id} (`));
  if (!row) throw new Error(`docs/clients.md has no word on ${id}`);
  return row.split(' | ')[1] === 'yes';
}
