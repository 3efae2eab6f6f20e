import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installClients } from '../../harness/clients/install.ts';
import { CLIENTS, clientOf } from '../../harness/clients.ts';
import { ClientBox } from '../../harness/clients-box.ts';
import { type Firewall, startFirewall } from '../../harness/firewall.ts';
import { reasonForNoJail } from '../../harness/jail.ts';
import { originsIn, publicNpm } from './addresses.ts';
import { tellOnFailure } from './tell.ts';

// Every client with a real package and all that it needs, from the real registries.

const POLICY = `
profile: default
allow:
  - { npm: "*", wide: true, requirements: { age: 1h, install-scripts: deny, direct-urls: deny } }
  - { pypi: "*", wide: true, requirements: { age: 1h, sdist: deny, direct-urls: deny } }
`;
const MAIN = { npm: 'express', pypi: 'requests' } as const;
// One that express and requests need; it stands in every lockfile.
const NEEDED = { npm: 'body-parser', pypi: 'idna' } as const;

const why = reasonForNoJail();

describe.skipIf(why !== null)(`every client on the real registries${why ? ` (skipped: ${why})` : ''}`, () => {
  let folder: string;
  let firewall: Firewall;
  beforeAll(async () => {
    folder = await installClients();
    firewall = await startFirewall({ policy: { 'wide.yaml': POLICY } });
  });
  afterAll(() => firewall?.remove());

  describe.each(CLIENTS)('$id', (client) => {
    let box: ClientBox;
    beforeAll(async () => {
      box = await ClientBox.open(client, folder, { url: firewall.url });
    });
    afterAll(() => box?.close());

    test(`installs ${MAIN[client.ecosystem]} from nothing`, async () => {
      const report = await box.install([{ name: MAIN[client.ecosystem] }]);
      tellOnFailure(report, firewall);
      expect(report.code).toBe(0);
      expect(await box.installed(MAIN[client.ecosystem])).not.toBeNull();
      expect(report.sought).toEqual([]);
      const lockfile = await box.lockfile();
      expect(lockfile).toContain(NEEDED[client.ecosystem]);
      expect(originsIn(lockfile).filter((origin) => origin !== firewall.url)).toEqual([]);
    });

    test('installs the same again from its lockfile and an empty cache', async () => {
      const version = await box.installed(MAIN[client.ecosystem]);
      const before = await box.lockfile();
      const report = await box.installLocked();
      tellOnFailure(report, firewall);
      expect(report.code).toBe(0);
      expect(await box.installed(MAIN[client.ecosystem])).toBe(version);
      expect(report.reached.filter((line) => /\.(tgz|whl)$/.test(line)).length).toBeGreaterThan(1);
      expect(report.sought).toEqual([]);
      expect(await box.lockfile()).toBe(before);
    });
  });

  test.each([
    ['as npm does by default', null],
    ['with replace-registry-host=always', 'always'],
  ])(
    'npm ci with a lockfile that names the public registry goes through the firewall, %s',
    async (_how, host) => {
      const npm = clientOf('npm');
      const env = ({ url }: { url: string }): Record<string, string> => ({
        npm_config_registry: `${url}/npm/`,
        ...(host === null ? {} : { npm_config_replace_registry_host: host }),
      });
      const client = { ...npm, env };
      await using box = await ClientBox.open(client, folder, { url: firewall.url });
      expect((await box.install([{ name: 'is-odd' }])).code).toBe(0);
      const lockfile = (await box.lockfile()).replaceAll(`${firewall.url}/npm/`, publicNpm());
      expect(originsIn(lockfile)).toContain(new URL(publicNpm()).origin);
      await box.write(npm.lockfile, lockfile);
      const report = await box.installLocked();
      tellOnFailure(report, firewall);
      expect(report.code).toBe(0);
      expect(await box.installed('is-odd')).not.toBeNull();
      expect(report.reached.filter((line) => line.endsWith('.tgz'))).toHaveLength(2);
      expect(report.sought).toEqual([]);
    },
  );

  test.each([
    ['/npm/express', 'application/json'],
    ['/npm/express', 'application/vnd.npm.install-v1+json'],
    ['/npm/express/latest', 'application/json'],
    ['/npm/@types%2fnode', 'application/json'],
    ['/pypi/simple/requests/', 'application/vnd.pypi.simple.v1+json'],
    ['/pypi/simple/requests/', 'text/html'],
  ])('%s as %s names no other address', async (path, accept) => {
    const answer = await fetch(firewall.url + path, { headers: { accept } });
    expect(answer.status).toBe(200);
    const text = await answer.text();
    expect(originsIn(text)).toEqual([firewall.url]);
    // An address does not need a scheme to be followed.
    expect(text).not.toMatch(/["'(]\/\/[a-z]/i);
  });
});
