import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installClients } from '../../harness/clients/install.ts';
import { clientOf } from '../../harness/clients.ts';
import { ClientBox } from '../../harness/clients-box.ts';
import { type Firewall, startFirewall } from '../../harness/firewall.ts';
import { type JailReport, reasonForNoJail } from '../../harness/jail.ts';
import type { Fault } from '../../harness/registry.ts';
import { tellOnFailure } from '../clients/tell.ts';
import { type MintedUpstream, midst, startMinted, wheel } from './minted.ts';

// Endpoints of evidence that do not give it, and indexes that have lost it, before npm and pip side by side.

const PIP = 'pip-26';
const POLICY = `profile: default
requirements:
  npm: { age: 0, registry-signature: off, provenance: required }
  pypi: { age: 0, sdist: deny, provenance: required }
allow:
  - npm: "hold-*"
  - pypi: "hold-*"
  - { npm: mast, requirements: { provenance: no-downgrade } }
  - { pypi: mast, requirements: { provenance: no-downgrade } }
`;

/** More than two tries of the evidence's time limit, less than a client waits, ms. */
const BOUND = 60_000;

const FAULTS: readonly (readonly [name: string, fault: Fault, code: string])[] = [
  ['error', { kind: 'status', status: 500 }, 'PROVENANCE_UNCHECKED'],
  ['page', { kind: 'status', status: 200, html: '<html><h1>welcome</h1></html>' }, 'PROVENANCE_UNCHECKED'],
  ['void', { kind: 'body', body: '' }, 'PROVENANCE_UNCHECKED'],
  ['garbage', { kind: 'body', body: '{"attestations":[{}]}' }, 'PROVENANCE_UNREADABLE'],
  ['vanished', { kind: 'vanish' }, 'PROVENANCE_UNCHECKED'],
  ['forever', { kind: 'hang' }, 'PROVENANCE_UNCHECKED'],
];

const why = reasonForNoJail();

describe.skipIf(why !== null)(`npm and pip, where evidence${why ? ` (skipped: ${why})` : ''}`, () => {
  let folder: string;
  let minted: MintedUpstream;
  let firewall: Firewall;
  beforeAll(async () => {
    folder = await installClients();
    minted = await startMinted();
    firewall = await startFirewall({
      policy: { 'evidence.yaml': POLICY },
      upstream: { npm: minted.registry.npmBase, pypi: minted.registry.pypiBase },
      env: { ...minted.env, SALLYPORT_INDEX_TTL: '0s' },
    });
  });
  afterAll(async () => {
    await firewall?.remove();
    await minted?.close();
  });

  interface Tried {
    readonly report: JailReport;
    readonly installed: string | null;
  }

  /** Both at once. */
  async function install(name: string, version?: string): Promise<{ npm: Tried; pip: Tried }> {
    const one = async (id: string): Promise<Tried> => {
      await using box = await ClientBox.open(clientOf(id), folder, { url: firewall.url });
      const report = await box.install([{ name, ...(version !== undefined && { version }) }]);
      tellOnFailure(report, firewall);
      return { report, installed: await box.installed(name) };
    };
    const [npm, pip] = await Promise.all([one('npm'), one(PIP)]);
    return { npm, pip };
  }

  /** Neither has it, nor a byte of it; both were told why. */
  async function expectRefused(name: string, version: string, code: string): Promise<void> {
    const { registry } = minted;
    const { npm, pip } = await install(name, version);
    for (const [{ report, installed }, archive] of [
      [npm, registry.tarball(name, version)],
      [pip, registry.file(wheel(name, version))],
    ] as const) {
      expect(installed).toBeNull();
      expect(report.code).not.toBe(0);
      expect(report.code).not.toBe(124);
      expect(report.stdout + report.stderr).toContain(code);
      expect(report.received).not.toContain(midst(archive));
    }
    expect(await admitted(name, version)).toEqual([]);
  }

  async function admitted(name: string, version: string): Promise<unknown[]> {
    const entries = await firewall.ledger('--package', name, '--verdict', 'allow');
    return entries.filter(({ entry }) => entry['version'] === version);
  }

  async function attested(name: string, version: string): Promise<void> {
    await minted.npm(name, version);
    await minted.pypi(name, version);
  }

  /** The same files, of which the index claims nothing any more, and whose endpoints have nothing. */
  function strip(name: string, version: string): void {
    const { registry } = minted;
    registry.addNpm(name, { [version]: { tarball: registry.tarball(name, version) } });
    const filename = wheel(name, version);
    registry.addPypi(name, [{ filename, bytes: registry.file(filename) }]);
    registry.setEvidence(registry.attestationsPath(name, version), null);
    registry.setEvidence(registry.provenancePath(name, filename), null);
  }

  test('is there, it is installed', async () => {
    await attested('hold-sound', '1.0.0');
    const { npm, pip } = await install('hold-sound');
    expect([npm.installed, pip.installed]).toEqual(['1.0.0', '1.0.0']);
    const { registry } = minted;
    expect(npm.report.received).toContain(midst(registry.tarball('hold-sound', '1.0.0')));
    expect(pip.report.received).toContain(midst(registry.file(wheel('hold-sound', '1.0.0'))));
  });

  test.each(FAULTS)('is an endpoint’s %s, it is refused', async (kind, fault, code) => {
    const name = `hold-${kind}`;
    await attested(name, '1.0.0');
    const { registry } = minted;
    registry.withFault(registry.attestationsPath(name, '1.0.0'), fault);
    registry.withFault(registry.provenancePath(name, wheel(name, '1.0.0')), fault);
    const began = performance.now();
    await expectRefused(name, '1.0.0', code);
    expect(performance.now() - began).toBeLessThan(BOUND);
    expect(registry.pathsAsked().filter((path) => /attestations|integrity/.test(path))).not.toEqual([]);
  });

  test('was taken out of the index and its endpoints, it is refused where it is required', async () => {
    await attested('hold-stripped', '1.0.0');
    strip('hold-stripped', '1.0.0');
    await expectRefused('hold-stripped', '1.0.0', 'PROVENANCE_MISSING');
  });

  test('was carried by the release before, one without it is refused under no-downgrade', async () => {
    await attested('mast', '1.0.0');
    const before = await install('mast');
    expect([before.npm.installed, before.pip.installed]).toEqual(['1.0.0', '1.0.0']);
    await attested('mast', '1.1.0');
    strip('mast', '1.1.0');
    await expectRefused('mast', '1.1.0', 'EVIDENCE_DOWNGRADE');
    const after = await install('mast');
    expect([after.npm.installed, after.pip.installed]).toEqual(['1.0.0', '1.0.0']);
  });
});
