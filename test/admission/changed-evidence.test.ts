import { expect, onTestFinished, test } from 'vitest';
import { startEvidenceHouse } from './evidence-house.ts';
import { DAY, tarballPath } from './harness.ts';

// What `changes` asks of evidence where its own requirement is content with what is there.

const policyOf = (changes: string) => `profile: default
requirements:
  npm: { age: 0, registry-signature: if-present, provenance: if-present, changes: ${changes} }
allow:
  - { npm: widget }
`;
const EVIL = { signer: { repository: 'evil/widget', repositoryId: '666' } };

async function houseOf(changes: string) {
  const house = await startEvidenceHouse({ policy: policyOf(changes) });
  onTestFinished(() => house.remove());
  const ask = async (version: string) => {
    const answer = await house.ask(tarballPath('widget', version));
    const { status } = answer;
    const [entry] = await house.entries({ type: 'decision', reverse: true, limit: 1 });
    return { status, code: status === 200 ? null : answer.json.code, warnings: entry?.['warnings'] };
  };
  await house.add('widget', '1.0.0');
  expect((await ask('1.0.0')).status).toBe(200);
  await house.add('widget', '1.0.1', { provenance: EVIL });
  await house.add('widget', '1.0.2', { signed: false, provenance: null });
  await house.add('widget', '1.0.3');
  house.clock.advance(DAY);
  return { house, ask };
}

test('deny refuses another signer, and evidence that has vanished, and no successor with the same', async () => {
  const { house, ask } = await houseOf('deny');
  expect(await ask('1.0.1')).toMatchObject({ status: 403, code: 'SIGNER_CHANGED' });
  expect(house.takeAlarms()).toContain('signer-changed');
  expect(await ask('1.0.2')).toMatchObject({ status: 403, code: 'EVIDENCE_DOWNGRADE' });
  // What was refused is nobody's predecessor.
  expect((await ask('1.0.3')).status).toBe(200);
  expect((await ask('1.0.1')).status).toBe(403);
});

test('warn serves them, and the entry says so', async () => {
  const { ask } = await houseOf('warn');
  expect(await ask('1.0.1')).toMatchObject({ status: 200, warnings: [{ code: 'SIGNER_CHANGED' }] });
  const { status, warnings } = await ask('1.0.2');
  expect([status, warnings]).toMatchObject([
    200,
    [{ code: 'EVIDENCE_DOWNGRADE' }, { code: 'EVIDENCE_DOWNGRADE' }],
  ]);
});

test('off asks for nothing', async () => {
  const { ask } = await houseOf('off');
  for (const version of ['1.0.1', '1.0.2'])
    expect(await ask(version)).toMatchObject({ status: 200, warnings: undefined });
});
