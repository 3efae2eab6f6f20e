import { afterEach, expect, test } from 'vitest';
import type { Answer } from '../../src/admission/admission.ts';
import { file, ScriptedAdmission } from './fakes.ts';
import { ask, type RunningGate, startGate, until } from './harness.ts';

// What hangs behind the gate hangs no client for ever.

const limits = { answerTimeout: 200, stallTimeout: 200 };
const BYTES = Buffer.from('these are the bytes');

let gate: RunningGate | undefined;
afterEach(() => gate?.app.close());

test('an answer that does not come is a fault, and one that comes later gives no byte', async () => {
  const late = Promise.withResolvers<Answer>();
  gate = await startGate({ admission: new ScriptedAdmission(() => late.promise), limits });
  // On a connection that is kept: what comes later must not be taken for the answer to the next request.
  const answer = await fetch(`http://${gate.host}/npm/a/-/a.tgz`);
  expect([answer.status, await answer.json()]).toEqual([500, expect.objectContaining({ code: 'INTERNAL' })]);
  const artifact = file(BYTES);
  late.resolve(artifact);
  await until(() => artifact.outcomes.length > 0);
  expect(artifact.outcomes).toEqual([{ served: false, bytes: 0 }]);
  expect(artifact.open.readers).toBe(0);
});

test('an entry that is never written keeps no refusal waiting', async () => {
  const admission = new ScriptedAdmission();
  admission.refuse = () => new Promise(() => undefined);
  gate = await startGate({ admission, limits });
  expect((await ask(gate, '/npm/%2e%2e/x')).status).toBe(500);
});

test('bytes that stop coming cut the connection', async () => {
  const artifact = { ...file(BYTES), read: stuck };
  gate = await startGate({ admission: new ScriptedAdmission(() => artifact), limits });
  const answer = await ask(gate, '/npm/a/-/a.tgz');
  expect(answer.body.length).toBeLessThan(BYTES.length);
});

async function* stuck(): AsyncGenerator<Uint8Array> {
  yield BYTES.subarray(0, 5);
  await new Promise(() => undefined);
}
