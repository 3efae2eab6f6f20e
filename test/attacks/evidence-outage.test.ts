import { afterEach, expect, test } from 'vitest';
import { type EvidenceHouse, startEvidenceHouse } from '../admission/evidence-house.ts';
import { bearer, SECOND, tokensOf } from '../admission/harness.ts';

let house: EvidenceHouse;
afterEach(() => house?.remove());

test('a look by an agent whose policy asks for no provenance, in a moment of outage, hides no version from others', async () => {
  house = await startEvidenceHouse({
    policy: {
      'default.yaml':
        'profile: default\nallow:\n  - { npm: widget, requirements: { provenance: required } }\n',
      'lax.yaml': 'profile: lax\nallow:\n  - { npm: widget, requirements: { provenance: off } }\n',
    },
    auth: tokensOf({ ann: 'default', lax: 'lax' }),
  });
  await house.add('widget', '1.0.0');
  await house.add('widget', '1.1.0');
  const listed = async () => {
    const { json } = await house.ask('/npm/widget', { headers: bearer('ann') });
    return Object.entries(json.versions)
      .filter(([, manifest]) => !(manifest as { deprecated?: string }).deprecated)
      .map(([version]) => version);
  };
  expect(await listed()).toEqual(['1.0.0', '1.1.0']);
  house.registry.withFault(house.registry.attestationsPath('widget', '1.1.0'), {
    kind: 'status',
    status: 503,
  });
  await house.ask('/npm/-/npm/v1/attestations/widget@1.1.0', { headers: bearer('lax') });
  house.registry.clearFaults();
  house.clock.advance(60 * SECOND);
  expect(await listed()).toEqual(['1.0.0', '1.1.0']);
});
