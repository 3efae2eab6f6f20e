import { afterEach, expect, test } from 'vitest';
import { type EvidenceHouse, startEvidenceHouse } from '../admission/evidence-house.ts';
import { bearer, SECOND, tarballPath, tokensOf } from '../admission/harness.ts';

// The shelf keeps 64 documents of one artifact, for ever. A registry can spell one document in any number of ways.

let house: EvidenceHouse;
afterEach(() => house?.remove());

test('a registry that spells one document in many ways cannot fill the shelf for the right one', async () => {
  house = await startEvidenceHouse({
    policy: {
      'default.yaml':
        'profile: default\nallow:\n  - { npm: widget, requirements: { provenance: { repository: github.com/acme/widget } } }\n',
      'other.yaml':
        'profile: other\nallow:\n  - { npm: widget, requirements: { provenance: { repository: github.com/acme/other } } }\n',
    },
    auth: tokensOf({ ann: 'default', other: 'other' }),
  });
  const { sha512 } = await house.add('widget', '1.0.0');
  const ask = (agent: string) => house.ask(tarballPath('widget', '1.0.0'), { headers: bearer(agent) });
  const path = house.registry.attestationsPath('widget', '1.0.0');
  const document = new TextDecoder().decode(
    await house.world.npmAttestations({ name: 'widget', version: '1.0.0', sha512 }),
  );
  for (let spaces = 0; spaces < 70; spaces++) {
    house.registry.setEvidence(path, new TextEncoder().encode(document + ' '.repeat(spaces)));
    house.clock.advance(3 * SECOND);
    expect([spaces, (await ask('other')).status]).toEqual([spaces, 403]);
  }
  // The one that the policy wants comes later, and is taken.
  const wanted = { name: 'widget', version: '1.0.0', sha512, signer: { repository: 'acme/other' } };
  house.registry.setEvidence(path, await house.world.npmAttestations(wanted));
  house.clock.advance(3 * SECOND);
  expect((await ask('other')).status).toBe(200);
}, 60_000);
