import { afterEach, expect, test } from 'vitest';
import { type EvidenceHouse, startEvidenceHouse } from '../admission/evidence-house.ts';
import { tarballPath } from '../admission/harness.ts';

let house: EvidenceHouse;
afterEach(() => house?.remove());

// The takeover that no-downgrade is there for, under the level that is called stricter.
test.each(['no-downgrade', 'required'])(
  '%s: a release of another signer is refused after one of the project was admitted',
  async (level) => {
    house = await startEvidenceHouse({
      policy: `profile: default\nallow:\n  - { npm: widget, requirements: { provenance: ${level} } }\n`,
    });
    const get = (version: string) => house.ask(tarballPath('widget', version));
    await house.add('widget', '1.0.0');
    expect((await get('1.0.0')).status).toBe(200);
    const signer = { repository: 'evil/widget', repositoryId: '666' };
    await house.add('widget', '1.0.1', { provenance: { signer } });
    house.clock.advance(3_600_000);
    expect((await get('1.0.1')).status).toBe(403);
  },
);
