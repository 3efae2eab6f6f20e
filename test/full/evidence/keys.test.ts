import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installClients } from '../../harness/clients/install.ts';
import { clientOf } from '../../harness/clients.ts';
import { ClientBox } from '../../harness/clients-box.ts';
import { type Firewall, startFirewall } from '../../harness/firewall.ts';
import { reasonForNoFixtures } from '../../harness/fixtures.ts';
import { reasonForNoJail } from '../../harness/jail.ts';
import { tellOnFailure } from '../clients/tell.ts';
import { type Mirror, startMirror } from './mirror.ts';

// Real signatures of the npm registry over real tarballs, by the key of now and by the one that was retired in January
// 2025. A mirror's times are its own: what it says was published after that end, the retired key says nothing of.

const NONE = '{ age: 0, install-scripts: allow, registry-signature: off, provenance: off }';
const SIGNED = '{ age: 0, install-scripts: allow, registry-signature: required, provenance: off }';
const POLICY = `profile: default
allow:
  - { npm: "*", wide: true, requirements: ${NONE} }
  - { npm: sigstore, requirements: ${SIGNED} }
  - { npm: three, requirements: ${SIGNED} }
  - { npm: lodash, requirements: ${SIGNED} }
`;

const why = reasonForNoJail() ?? reasonForNoFixtures;

describe.skipIf(why !== null)(`the npm registry's keys${why ? ` (skipped: ${why})` : ''}`, () => {
  let folder: string;
  let mirror: Mirror;
  let firewall: Firewall;
  beforeAll(async () => {
    folder = await installClients();
    mirror = await startMirror();
    firewall = await startFirewall({
      policy: { 'signed.yaml': POLICY },
      upstream: { npm: mirror.npmBase, pypi: mirror.pypiBase },
    });
  });
  afterAll(async () => {
    await firewall?.remove();
    await mirror?.close();
  });

  test.each([
    ['the key of now', 'three', '0.185.1', undefined],
    ['the retired key, of what was published in its time', 'sigstore', '1.0.0', 'key-retired'],
  ])('by %s: %s@%s is installed', async (_which, name, version, cause) => {
    await using box = await ClientBox.open(clientOf('npm'), folder, { url: firewall.url });
    const report = await box.install([{ name, version }]);
    tellOnFailure(report, firewall);
    expect(report.code).toBe(0);
    expect(await box.installed(name)).toBe(version);
    expect(await signature(name, version, 'allow')).toEqual({ result: 'verified', cause });
  });

  test('by the retired key, of what the index says was published later: lodash@0.1.0 is refused', async () => {
    await using box = await ClientBox.open(clientOf('npm'), folder, { url: firewall.url });
    const report = await box.install([{ name: 'lodash', version: '0.1.0' }]);
    tellOnFailure(report, firewall);
    expect(report.code).not.toBe(0);
    expect(await box.installed('lodash')).toBeNull();
    expect(report.stdout + report.stderr).toContain('SIGNATURE_UNCHECKED');
    expect(await signature('lodash', '0.1.0', 'refuse')).toMatchObject({ result: 'unchecked' });
    expect(await firewall.ledger('--package', 'lodash', '--verdict', 'allow')).toEqual([]);
  });

  /** What the first entry of a version with that verdict says of its signature. */
  async function signature(name: string, version: string, verdict: string): Promise<object | undefined> {
    const entries = await firewall.ledger('--package', name, '--verdict', verdict);
    const checks = entries
      .filter(({ entry }) => entry['version'] === version && entry['checks'] !== undefined)
      .flatMap(({ entry }) => entry['checks'] as { check: string; result: string; cause?: string }[]);
    const found = checks.find(({ check }) => check === 'registry-signature');
    return found && { result: found.result, cause: found.cause };
  }
});
