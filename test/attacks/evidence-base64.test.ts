import { afterEach, expect, test } from 'vitest';
import { digestsOf, type EvidenceHouse, startEvidenceHouse } from '../admission/evidence-house.ts';
import { makeWheel } from '../verify/archives.ts';

// Base64 in lines is passed on without them. It is looked at before the event loop goes on, so it must not take long.

let house: EvidenceHouse;
afterEach(() => house?.remove());

test('base64 that is broken over very many lines, and within its padding, costs next to nothing', async () => {
  house = await startEvidenceHouse({
    policy: 'profile: default\nallow:\n  - { pypi: widget, requirements: { provenance: required } }\n',
  });
  const filename = 'widget-1.0.0-py3-none-any.whl';
  const bytes = makeWheel({ name: 'widget', version: '1.0.0' });
  house.registry.addPypi('widget', [{ filename, bytes, provenance: true }]);
  // The lengths of certificates and signatures are as they come.
  let broken: string | undefined;
  while (broken === undefined) {
    const minted = await house.world.pypiProvenance({ filename, sha256: digestsOf(bytes).sha256 });
    const text = new TextDecoder().decode(minted);
    const padded = /("(?:certificate|statement|signature)":\s*")([A-Za-z0-9+/]+)=="/.exec(text);
    if (padded) broken = text.replace(padded[0], `${padded[1]}${'\\n'.repeat(200_000)}${padded[2]}=\\n="`);
  }
  house.registry.setEvidence(house.registry.provenancePath('widget', filename), JSON.parse(broken));
  expect((await house.ask(`/pypi/files/widget/${filename}`)).status).toBe(200);
  const began = performance.now();
  const served = await house.ask(`/pypi/integrity/widget/1.0.0/${filename}/provenance`);
  expect(served.status).toBe(200);
  expect(served.text).not.toContain('\\n=');
  expect(performance.now() - began).toBeLessThan(5_000);
}, 120_000);
