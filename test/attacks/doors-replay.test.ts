import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { verifyAgain } from '../../src/replay/evidence-again.ts';
import { startEvidenceHouse } from '../admission/evidence-house.ts';
import { tarballPath } from '../admission/harness.ts';

test('a check of which not every document was verified again is never said to be the same', async () => {
  const house = await startEvidenceHouse({
    policy: `profile: default
requirements:
  npm: { age: 0, registry-signature: if-present, provenance: if-present }
allow:
  - npm: widget
`,
  });
  onTestFinished(() => house.remove());
  await house.add('widget', '1.0.0');
  expect((await house.ask(tarballPath('widget', '1.0.0'))).status).toBe(200);
  const [entry] = await house.entries({ type: 'decision', route: 'artifact', limit: 1 });
  if (!entry) throw new Error('nothing was decided');
  const config = { data: join(house.root, 'data') };
  const same = await verifyAgain(config, entry);
  expect([...same.differences, ...same.undecided]).toEqual([]);

  type Check = { readonly check: string; readonly documents?: readonly string[] };
  const checks = entry['checks'] as readonly Check[];
  const [signed] = checks.find(({ check }) => check === 'registry-signature')?.documents ?? [];
  const [proven] = checks.find(({ check }) => check === 'provenance')?.documents ?? [];
  if (!signed || !proven) throw new Error('no documents were named');
  for (const documents of [
    [proven, proven],
    [proven, 'sha256:no digest'],
    // Named by the other check as well, and so verified there only.
    [signed, proven],
  ]) {
    const told = checks.map((one) => (one.check === 'provenance' ? { ...one, documents } : one));
    const again = await verifyAgain(config, { ...entry, checks: told });
    expect([...again.differences, ...again.undecided], JSON.stringify(documents)).not.toEqual([]);
  }
}, 60_000);
