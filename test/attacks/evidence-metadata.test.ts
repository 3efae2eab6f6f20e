import { afterEach, expect, test } from 'vitest';
import { digestsOf, type EvidenceHouse, startEvidenceHouse } from '../admission/evidence-house.ts';
import { makeWheel } from '../verify/archives.ts';

let house: EvidenceHouse;
afterEach(() => house?.remove());

test('a wheel that was refused for its signer gives no metadata either, declared or not', async () => {
  house = await startEvidenceHouse({
    policy:
      'profile: default\nallow:\n  - { pypi: widget, requirements: { provenance: { repository: github.com/acme/widget } } }\n',
  });
  for (const coreMetadata of ['right', undefined] as const) {
    const version = coreMetadata ? '1.0.0' : '1.1.0';
    const filename = `widget-${version}-py3-none-any.whl`;
    const bytes = makeWheel({ name: 'widget', version });
    house.registry.addPypi('widget', [
      { filename, bytes, provenance: true, ...(coreMetadata && { coreMetadata }) },
    ]);
    const path = house.registry.provenancePath('widget', filename);
    const wanted = { filename, sha256: digestsOf(bytes).sha256, signer: { repository: 'evil/widget' } };
    house.registry.setEvidence(path, await house.world.pypiProvenance(wanted));
    house.clock.advance(3_600_000);
    for (const suffix of ['', '.metadata']) {
      const { status, json } = await house.ask(`/pypi/files/widget/${filename}${suffix}`);
      expect([suffix, status, json.code]).toEqual([suffix, 403, 'PROVENANCE_SIGNER']);
    }
  }
});
