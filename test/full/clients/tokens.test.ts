import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installClients } from '../../harness/clients/install.ts';
import { CLIENTS } from '../../harness/clients.ts';
import { ClientBox } from '../../harness/clients-box.ts';
import { type Firewall, startFirewall } from '../../harness/firewall.ts';
import { reasonForNoJail } from '../../harness/jail.ts';
import type { FakeRegistry } from '../../harness/registry.ts';
import { fleet, HULL, POLICY } from './fleet.ts';
import { asPrinted } from './printed.ts';
import { tellOnFailure } from './tell.ts';

// What `sallyport client-config` prints is all that each client is told, without tokens and with one.

const TOKEN = 'a-token-of-no-worth-0123456789';
const AUTH = `
tokens:
  - { hash: "sha256:${createHash('sha256').update(TOKEN).digest('hex')}", agent: stoker }
`;

const why = reasonForNoJail();

describe.skipIf(why !== null)(`what client-config prints${why ? ` (skipped: ${why})` : ''}`, () => {
  let folder: string;
  let upstream: FakeRegistry;
  let open: Firewall;
  let closed: Firewall;
  beforeAll(async () => {
    folder = await installClients();
    upstream = await fleet();
    const options = {
      policy: { 'fleet.yaml': POLICY },
      upstream: { npm: upstream.npmBase, pypi: upstream.pypiBase },
    };
    open = await startFirewall(options);
    closed = await startFirewall({ ...options, auth: AUTH });
  });
  afterAll(async () => {
    await open?.remove();
    await closed?.remove();
    await upstream?.close();
  });

  describe.each(CLIENTS.map((client) => asPrinted(client)))('$id', (client) => {
    test('installs with it', async () => {
      await using box = await ClientBox.open(client, folder, { url: open.url });
      const report = await box.install([{ name: HULL[client.ecosystem] }]);
      tellOnFailure(report, open);
      expect(report.code).toBe(0);
      expect(await box.installed(HULL[client.ecosystem])).toBe('1.2.0');
      expect(report.sought).toEqual([]);
    });

    test('installs with it and a token, from the lockfile too, which does not hold the token', async () => {
      await using box = await ClientBox.open(client, folder, { url: closed.url, token: TOKEN });
      const report = await box.install([{ name: HULL[client.ecosystem] }]);
      tellOnFailure(report, closed);
      expect(report.code).toBe(0);
      expect(await box.installed(HULL[client.ecosystem])).toBe('1.2.0');
      expect(report.stdout + report.stderr).not.toContain(TOKEN);
      expect(await box.lockfile()).not.toContain(TOKEN);
      const again = await box.installLocked();
      tellOnFailure(again, closed);
      expect(again.code).toBe(0);
      expect(await box.installed(HULL[client.ecosystem])).toBe('1.2.0');
    });

    test('gets nothing without the token', async () => {
      await using box = await ClientBox.open(client, folder, { url: closed.url });
      const report = await box.install([{ name: HULL[client.ecosystem] }]);
      tellOnFailure(report, closed);
      expect(report.code).not.toBe(0);
      expect(await box.installed(HULL[client.ecosystem])).toBeNull();
    });
  });

  test('every admitted file of the closed firewall is entered under the agent’s name', async () => {
    const admitted = (await closed.ledger()).filter(({ entry }) => entry['verdict'] === 'allow');
    expect(admitted.length).toBeGreaterThan(0);
    expect(new Set(admitted.map(({ entry }) => entry['agent']))).toEqual(new Set(['stoker']));
  });
});
