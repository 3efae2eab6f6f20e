import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installClients } from '../../harness/clients/install.ts';
import { CLIENTS, type Client } from '../../harness/clients.ts';
import { ClientBox } from '../../harness/clients-box.ts';
import { type Firewall, startFirewall } from '../../harness/firewall.ts';
import { type JailReport, reasonForNoJail } from '../../harness/jail.ts';
import type { FakeRegistry } from '../../harness/registry.ts';
import { originsIn } from './addresses.ts';
import { fleet, HULL, POLICY } from './fleet.ts';
import { type Case, document, type Row } from './table.ts';
import { tellOnFailure } from './tell.ts';
import { wordsOf } from './words.ts';

const why = reasonForNoJail();
const shown = new Map<string, Row>();

describe.skipIf(why !== null)(
  `every client, where only the firewall answers${why ? ` (skipped: ${why})` : ''}`,
  () => {
    let folder: string;
    let upstream: FakeRegistry;
    let firewall: Firewall;

    beforeAll(async () => {
      folder = await installClients();
      upstream = await fleet();
      const { npmBase: npm, pypiBase: pypi } = upstream;
      firewall = await startFirewall({ policy: { 'fleet.yaml': POLICY }, upstream: { npm, pypi } });
    });
    afterAll(async () => {
      await firewall?.remove();
      await upstream?.close();
    });

    describe.each(CLIENTS)('$id', (client) => {
      let box: ClientBox;
      beforeAll(async () => {
        box = await ClientBox.open(client, folder, { url: firewall.url });
        shown.set(client.id, { client: client.id, version: await box.version(), words: {} });
      });
      afterAll(() => box?.close());

      const fresh = () => ClientBox.open(client, folder, { url: firewall.url });
      // That a client failed says little: the firewall must have said no.
      const listen = () => {
        const before = firewall.log.length;
        return (words: RegExp) => expect.poll(() => firewall.log.slice(before)).toMatch(words);
      };
      const note = (key: Case, report: JailReport, from: ClientBox) => {
        const row = shown.get(client.id);
        const words = wordsOf(report, firewall.url, [from.project, from.root, folder]);
        if (row) shown.set(client.id, { ...row, words: { ...row.words, [key]: words } });
      };

      test('installs an admitted package and what it needs, from nothing', async () => {
        const report = await box.install([{ name: HULL[client.ecosystem] }]);
        tellOnFailure(report, firewall);
        expect(report.code).toBe(0);
        expect(await box.installed(HULL[client.ecosystem])).toBe('1.2.0');
        expect(report.sought).toEqual([]);
        expect(artifactsAsked(report)).toHaveLength(2);
        const lockfile = await box.lockfile();
        expect(lockfile).toContain('keel');
        expect(originsIn(lockfile).filter((origin) => origin !== firewall.url)).toEqual([]);
      });

      test('installs the same again from its lockfile and an empty cache', async () => {
        const before = await box.lockfile();
        const report = await box.installLocked();
        tellOnFailure(report, firewall);
        expect(report.code).toBe(0);
        expect(await box.installed(HULL[client.ecosystem])).toBe('1.2.0');
        expect(artifactsAsked(report)).toHaveLength(2);
        expect(report.sought).toEqual([]);
        expect(await box.lockfile()).toBe(before);
      });

      test('is refused a name that is on no allowlist, and the upstream never hears of it', async () => {
        await using other = await fresh();
        const said = listen();
        const report = await other.install([{ name: 'anchor' }]);
        tellOnFailure(report, firewall);
        expect(report.code).not.toBe(0);
        expect(report.code).not.toBe(124);
        expect(await other.installed('anchor')).toBeNull();
        expect(report.reached.join()).toContain('anchor');
        await said(/"code":"NOT_ALLOWLISTED"/);
        expect(upstream.pathsAsked().filter((path) => path.includes('anchor'))).toEqual([]);
        note('unlisted', report, other);
      });

      test('gets the newest admitted version where it may choose', async () => {
        await using other = await fresh();
        const report = await other.install([{ name: 'rudder' }]);
        tellOnFailure(report, firewall);
        expect(report.code).toBe(0);
        expect(await other.installed('rudder')).toBe('1.0.0');
      });

      test('is refused a version that is not admitted, asked for exactly', async () => {
        await using other = await fresh();
        const said = listen();
        const report = await other.install([{ name: 'rudder', version: '2.0.0' }]);
        tellOnFailure(report, firewall);
        expect(report.code).not.toBe(0);
        expect(report.code).not.toBe(124);
        expect(await other.installed('rudder')).toBeNull();
        await said(/"path":"[^"]*rudder\/?","kind":"index","status":200/);
        expect(upstream.pathsAsked().filter((path) => /rudder-2\.0\.0/.test(path))).toEqual([]);
        note('version', report, other);
      });

      test('gets no byte of a file in which one was flipped', async () => {
        await using other = await fresh();
        const said = listen();
        const report = await other.install([{ name: 'bilge' }]);
        tellOnFailure(report, firewall);
        expect(report.code).not.toBe(0);
        expect(report.code).not.toBe(124);
        expect(await other.installed('bilge')).toBeNull();
        // pip may give up at the wheel's metadata, which are cut from the same bytes.
        expect(report.reached.join()).toMatch(/bilge-1\.0\.0/);
        await said(/"code":"(DIGEST_MISMATCH|ARCHIVE_UNSAFE)"/);
        expect(report.received).not.toContain(midst(client, upstream));
        note('file', report, other);
      });
    });

    test('the ledger has every refusal, and no admission of what was refused', async () => {
      const decisions = (await firewall.ledger())
        .map(({ entry }) => entry)
        .filter(({ type }) => type === 'decision');
      const of = (name: string) => decisions.filter((entry) => entry['name'] === name);
      expect(of('keel').some(({ verdict }) => verdict === 'allow')).toBe(true);
      for (const name of ['anchor', 'bilge']) {
        expect(of(name).length).toBeGreaterThan(0);
        expect(of(name).filter(({ verdict }) => verdict !== 'refuse')).toEqual([]);
      }
      expect(
        of('rudder').filter(({ version, verdict }) => version === '2.0.0' && verdict === 'allow'),
      ).toEqual([]);
    });

    test('what a person sees is what docs/clients.md says', async ({ skip }) => {
      const rows = CLIENTS.map(({ id }) => shown.get(id));
      if (rows.some((row) => row === undefined || Object.keys(row.words).length < 3))
        skip('not every client was run');
      await expect(document(rows.filter((row) => row !== undefined))).toMatchFileSnapshot(
        '../../../docs/clients.md',
      );
    });
  },
);

/** Requests for archives, each address once: clients ask again for ranges and after a HEAD. */
function artifactsAsked(report: JailReport): string[] {
  const asked = report.reached.filter((line) => /^GET \S+\.(tgz|whl|tar\.gz)$/.test(line));
  return [...new Set(asked)];
}

/** Some bytes from the middle of the file `bilge`, which a client could only have from the file itself. */
function midst(client: Client, upstream: FakeRegistry): string {
  const bytes =
    client.ecosystem === 'npm'
      ? upstream.tarball('bilge', '1.0.0')
      : upstream.file('bilge-1.0.0-py3-none-any.whl');
  return bytes.subarray(1000, 1032).toString('latin1');
}
