import { createHash } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import type { Digest } from '../../src/model/digest.ts';
import { ScriptedAdmission } from '../gate/fakes.ts';
import { ask, type RunningGate, startGate, until } from '../gate/harness.ts';

let gate: RunningGate;
afterEach(() => gate.app.close());

const tokenOf = (agent: string) => ({
  agent,
  profile: 'default',
  hash: `sha256:${createHash('sha256').update(`token-${agent}`).digest('hex')}` as Digest,
});
const as = (agent: string) => ({ Authorization: `Bearer token-${agent}` });

test('an agent that holds all its places keeps nobody else out, and gets them back', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  gate = await startGate({
    tokens: [tokenOf('mallory'), tokenOf('ann')],
    limits: { maxInFlight: 10, maxOfAgent: 2 },
    admission: new ScriptedAdmission(async ({ caller }) => {
      if (caller.agent === 'mallory') await held;
      return { kind: 'redirect', to: 'left-pad' };
    }),
  });
  const waiting = [ask(gate, '/npm/a', as('mallory')), ask(gate, '/npm/b', as('mallory'))];
  await until(() => gate.admission.asked.length === 2);
  expect((await ask(gate, '/npm/c', as('mallory'))).status).toBe(503);
  expect((await ask(gate, '/npm/c', as('ann'))).status).toBe(301);
  release();
  expect((await Promise.all(waiting)).map((a) => a.status)).toEqual([301, 301]);
  for (let i = 0; i < 5; i++) expect((await ask(gate, '/npm/c', as('mallory'))).status).toBe(301);
});
