import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { installClients } from '../../harness/clients/install.ts';
import type { Client } from '../../harness/clients.ts';
import { ClientBox } from '../../harness/clients-box.ts';
import { type Firewall, startFirewall } from '../../harness/firewall.ts';
import { reasonForNoJail } from '../../harness/jail.ts';
import { tellOnFailure } from '../clients/tell.ts';

// The lockfile of a real project, made by each client, is imported; then a frozen profile installs exactly it, from the real
// registries, and refuses whatever is added. A file for each ecosystem: they run beside each other.

const WIDE = `
profile: default
allow:
  - { npm: "*", wide: true, requirements: { age: 1h, install-scripts: allow, direct-urls: allow } }
  - { pypi: "*", wide: true, requirements: { age: 1h, sdist: deny, startup-hooks: allow, direct-urls: allow } }
`;
const FROZEN = 'profile: default\nmode: frozen\n';
const PROJECT = {
  npm: ['express', 'typescript', 'vite', 'eslint'],
  pypi: ['fastapi', 'pandas'],
} as const;
const ADDED = { npm: 'is-odd', pypi: 'cowsay' } as const;
/** Other versions of what is pinned: path, name, version. */
const OTHER = {
  npm: ['/npm/express/-/express-4.17.1.tgz', 'express', '4.17.1'],
  pypi: ['/pypi/files/fastapi/fastapi-0.110.0-py3-none-any.whl', 'fastapi', '0.110.0'],
} as const;
const why = reasonForNoJail();

export function frozen(clients: readonly Client[]): void {
  describe.skipIf(why !== null)(
    `a frozen profile of an imported lockfile${why ? ` (skipped: ${why})` : ''}`,
    () => {
      let folder: string;
      let firewall: Firewall;
      beforeAll(async () => {
        folder = await installClients();
        firewall = await startFirewall({ policy: { 'mode.yaml': WIDE } });
      });
      afterAll(() => firewall?.remove());

      /** Puts the policy in place and waits until it is in force. */
      async function take(files: Readonly<Record<string, string | null>>): Promise<void> {
        for (const [name, text] of Object.entries(files)) {
          const path = join(firewall.allowlistsDir, name);
          await (text === null ? rm(path, { force: true }) : writeFile(path, text));
        }
        const { code, stderr } = await firewall.command('policy', 'reload');
        expect(code, stderr).toBe(0);
      }

      describe.each(clients)('$id', (client: Client) => {
        let box: ClientBox;
        const versions = new Map<string, string | null>();
        beforeAll(async () => {
          box = await ClientBox.open(client, folder, { url: firewall.url });
          await take({ 'mode.yaml': WIDE, 'locked.yaml': null });
        });
        afterAll(() => box?.close());
        const project = PROJECT[client.ecosystem];

        test(`installs ${project.join(', ')} and leaves a lockfile`, async () => {
          const report = await box.install(project.map((name) => ({ name })));
          tellOnFailure(report, firewall);
          expect(report.code).toBe(0);
          for (const name of project) versions.set(name, await box.installed(name));
          expect([...versions.values()]).not.toContain(null);
        });

        test('which is imported', async () => {
          const lockfile = join(box.project, client.lockfile);
          const { code, stdout, stderr } = await firewall.command('import', lockfile, '--out', 'locked.yaml');
          expect(code, stdout + stderr).toBe(0);
          const path = join(firewall.allowlistsDir, 'locked.yaml');
          const written = await readFile(path, 'utf8');
          const { pins } = parse(written) as { pins: Record<string, unknown>[] };
          expect(pins.length).toBeGreaterThan(project.length);
          // The reviewer approves what runs code at install.
          await take({ 'mode.yaml': FROZEN, 'locked.yaml': approved(written) });
        });

        test('exactly it is installed', async () => {
          const before = (await firewall.ledger('--reverse', '--limit', '1'))[0]?.seq ?? 0;
          const report = await box.installLocked();
          tellOnFailure(report, firewall);
          expect(report.code).toBe(0);
          for (const name of project) expect(await box.installed(name), name).toBe(versions.get(name));
          const served = (await firewall.ledger('--verdict', 'allow')).filter(
            ({ seq, entry }) => seq > before && entry['route'] === 'artifact',
          );
          expect(served.length).toBeGreaterThan(project.length);
          for (const { entry } of served) expect(entry).toMatchObject({ mode: 'frozen', by: 'pin' });
        });

        test('another version of what is pinned is refused', async () => {
          const [path, name, version] = OTHER[client.ecosystem];
          expect(versions.get(name)).not.toBe(version);
          const answer = await fetch(firewall.url + path);
          expect(answer.status).toBe(403);
          expect(await answer.json()).toMatchObject({ code: 'NOT_PINNED' });
        });

        test('and what is added is refused', async () => {
          const name = ADDED[client.ecosystem];
          const report = await box.run(client.install(folder, [{ name }]));
          expect(report.code).not.toBe(0);
          expect(await box.installed(name)).toBeNull();
          const [last] = await firewall.ledger('--package', name, '--reverse', '--limit', '1');
          expect(last?.entry).toMatchObject({ verdict: 'refuse', reasons: [{ code: 'NOT_ALLOWLISTED' }] });
        });
      });
    },
  );
}

/** The waivers that an import leaves as comments, approved by somebody. */
function approved(text: string): string {
  return text
    .replace(/^# waivers:$/m, 'waivers:')
    .replaceAll(
      /^# {3}(- \{.*), reason: "", approver: "", expires: "" \}$/gm,
      '  $1, reason: reviewed, approver: ana, expires: 2099-12-31 }',
    );
}
