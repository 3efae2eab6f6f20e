import { afterEach, describe, expect, test } from 'vitest';
import { type EvidenceHouse, startEvidenceHouse } from '../admission/evidence-house.ts';
import { bearer, tarballPath, tokensOf } from '../admission/harness.ts';

// One firewall for a strict and a lax profile: what an agent of the lax one can do to what the strict one is shown.

let house: EvidenceHouse;
afterEach(() => house?.remove());

async function start(lax: string): Promise<void> {
  house = await startEvidenceHouse({
    policy: {
      'default.yaml':
        'profile: default\nallow:\n  - { npm: widget, requirements: { registry-signature: required, provenance: required } }\n',
      'lax.yaml': `profile: lax\nallow:\n  - { npm: widget, requirements: { ${lax} } }\n`,
    },
    auth: tokensOf({ ann: 'default', lax: 'lax' }),
  });
}

const get = (version: string, agent: string) =>
  house.ask(tarballPath('widget', version), { headers: bearer(agent) });
const attestations = (version: string, agent: string) =>
  house.ask(`/npm/-/npm/v1/attestations/widget@${version}`, { headers: bearer(agent) });
async function listed(agent: string): Promise<string[]> {
  const { json } = await house.ask('/npm/widget', { headers: bearer(agent) });
  return Object.entries(json.versions)
    .filter(([, manifest]) => !(manifest as { deprecated?: string }).deprecated)
    .map(([version]) => version);
}

describe('a look by another profile', () => {
  test('that asks for less does not forget what a full look found', async () => {
    await start('provenance: off');
    await house.add('widget', '1.0.0');
    await house.add('widget', '1.1.0', { provenance: { version: '9.9.9' } });
    expect((await get('1.1.0', 'ann')).json.code).toBe('PROVENANCE_MISMATCH');
    expect(await listed('ann')).toEqual(['1.0.0']);
    expect((await get('1.1.0', 'lax')).status).toBe(200);
    expect(await listed('ann')).toEqual(['1.0.0']);
  });

  test('does not make a refusal last', async () => {
    await start('provenance: off');
    await house.add('widget', '1.0.0');
    await house.add('widget', '1.1.0', { provenance: { version: '9.9.9' } });
    expect((await get('1.1.0', 'ann')).json.code).toBe('PROVENANCE_MISMATCH');
    await house.add('widget', '1.1.0');
    for (let minutes = 0; minutes < 60; minutes += 20) {
      expect((await get('1.1.0', 'lax')).status).toBe(200);
      house.clock.advance(20 * 60_000);
    }
    expect(await listed('ann')).toEqual(['1.0.0', '1.1.0']);
  });
});

describe('the attestations route', () => {
  test('fetches nothing for a file of which nobody announces any', async () => {
    await start('provenance: off');
    await house.add('widget', '1.0.0', { provenance: null });
    await listed('lax');
    house.takeAsked();
    for (let i = 0; i < 5; i++) expect((await attestations('1.0.0', 'lax')).status).toBe(404);
    expect(house.takeAsked()).toEqual([]);
  });

  test('fetches a file whose provenance is nothing worth once, however often it is asked', async () => {
    await start('provenance: off');
    await house.add('widget', '1.0.0', { provenance: { version: '9.9.9' } });
    await listed('lax');
    house.takeAsked();
    for (let i = 0; i < 5; i++) expect((await attestations('1.0.0', 'lax')).status).toBe(404);
    expect(house.takeAsked().filter((line) => line.endsWith('.tgz')).length).toBeLessThanOrEqual(1);
  });
});
