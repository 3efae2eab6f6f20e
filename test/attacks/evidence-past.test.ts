import { afterEach, describe, expect, test } from 'vitest';
import { type EvidenceHouse, startEvidenceHouse } from '../admission/evidence-house.ts';
import { tarballPath } from '../admission/harness.ts';
import { makeNpmTarball } from '../verify/archives.ts';

// A registry that was taken over, and wants a release without provenance, or of another signer, to have no past.

const HOUR = 3_600_000;
const NONE = { signed: false, provenance: null } as const;
const EVIL = { provenance: { signer: { repository: 'evil/widget', repositoryId: '666' } } } as const;

let house: EvidenceHouse;
afterEach(() => house?.remove());

const get = (version: string) => house.ask(tarballPath('widget', version));
const look = async () => {
  house.clock.advance(HOUR);
  await house.ask('/npm/widget');
};

async function start(level = 'no-downgrade'): Promise<void> {
  house = await startEvidenceHouse({
    policy: `profile: default\nallow:\n  - { npm: widget, requirements: { registry-signature: ${level}, provenance: ${level} } }\n`,
  });
}

describe('other bytes for a while begin the clock of a version anew, and not its evidence', () => {
  /** The index names other bytes for these versions, is looked at, and names their own again. */
  async function flicker(...versions: string[]): Promise<void> {
    for (const version of versions) {
      const tarball = makeNpmTarball({ name: 'widget', version, files: { 'other.js': '// other bytes' } });
      house.registry.addNpm('widget', { [version]: { tarball, attestations: true } });
    }
    await look();
    for (const version of versions) await house.add('widget', version);
    await look();
  }

  test('a late release between older ones without provenance stays refused', async () => {
    await start();
    await house.add('widget', '1.0.0', NONE);
    await house.add('widget', '1.5.0');
    expect((await get('1.5.0')).status).toBe(200);
    await house.add('widget', '1.4.9', NONE);
    await look();
    expect((await get('1.4.9')).json.code).toBe('EVIDENCE_DOWNGRADE');
    await flicker('1.5.0');
    expect((await get('1.4.9')).json.code).toBe('EVIDENCE_DOWNGRADE');
  });

  test('so does one of another signer', async () => {
    await start();
    await house.add('widget', '1.0.0', NONE);
    await house.add('widget', '1.5.0');
    expect((await get('1.5.0')).status).toBe(200);
    await house.add('widget', '1.4.9', EVIL);
    await look();
    expect((await get('1.4.9')).json.code).toBe('SIGNER_CHANGED');
    await flicker('1.5.0');
    expect((await get('1.4.9')).json.code).toBe('SIGNER_CHANGED');
  });

  test('so does one below all others', async () => {
    await start();
    await house.add('widget', '1.0.0');
    expect((await get('1.0.0')).status).toBe(200);
    await house.add('widget', '0.9.0', NONE);
    await look();
    expect((await get('0.9.0')).json.code).toBe('EVIDENCE_DOWNGRADE');
    await flicker('1.0.0');
    expect((await get('0.9.0')).json.code).toBe('EVIDENCE_DOWNGRADE');
  });
});
