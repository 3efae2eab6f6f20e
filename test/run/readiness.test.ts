import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Probe } from '../../src/probe.ts';
import { HouseReadiness } from '../../src/readiness.ts';
import { startHouse, type TestHouse } from '../admission/harness.ts';

const POLICY = 'profile: default\nallow:\n  - npm: left-pad\n';
const ELEVEN_SECONDS = 11_000;
const HOUR = 3_600_000;

describe('what /readyz says of a whole house', () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse({ policy: POLICY });
    house.registry.addNpm('left-pad', { '1.3.0': {} });
  });
  afterAll(() => house.remove());
  const ready = async () => {
    const { status, json } = await house.ask('/readyz');
    return { status, notes: json.notes as string[] };
  };

  test('a vault that cannot be written is not ready, and is ready again by itself', async () => {
    expect(await ready()).toEqual({ status: 200, notes: [] });
    const quarantine = join(house.root, 'data', 'vault', 'quarantine');
    expect(await readdir(quarantine)).toEqual([]);
    await rm(quarantine, { recursive: true });
    house.clock.advance(ELEVEN_SECONDS);
    expect(await ready()).toEqual({ status: 503, notes: ['the vault cannot be written'] });
    expect(house.log).toContain('not ready: the vault cannot be written');
    await mkdir(quarantine);
    house.clock.advance(ELEVEN_SECONDS);
    expect(await ready()).toEqual({ status: 200, notes: [] });
    expect(await readdir(quarantine)).toEqual([]);
  });

  test('a policy that could not be reloaded is noted until one was; what was in force still is', async () => {
    expect(await house.setPolicy('profile: default\nalow: []\n')).toBe(false);
    expect(await ready()).toEqual({
      status: 200,
      notes: [expect.stringMatching(/policy.*before.*in force/)],
    });
    expect(await house.setPolicy(POLICY)).toBe(true);
    expect(await ready()).toEqual({ status: 200, notes: [] });
  });

  test('a stale index is noted for a while, without its name', async () => {
    expect((await house.ask('/npm/left-pad')).status).toBe(200);
    house.registry.withFault(/left-pad$/, { kind: 'reset' });
    house.clock.advance(HOUR);
    expect((await house.ask('/npm/left-pad')).status).toBe(200);
    const { status, notes } = await ready();
    expect([status, notes.length]).toEqual([200, 1]);
    expect(notes[0]).toMatch(/^lately: an index/);
    expect(notes[0]).not.toContain('left-pad');
    house.clock.advance(HOUR);
    expect((await ready()).notes).toEqual([]);
  });
});

describe('the ledger', () => {
  function parts(health: 'ok' | 'failing' | 'dead') {
    const state = { health, writes: 0, now: 1_000_000, well: false };
    const readiness = new HouseReadiness({
      now: () => state.now,
      ledger: { health: () => state.health },
      async writeLedger() {
        state.writes++;
        if (!state.well) throw new Error('no sync');
        state.health = 'ok';
      },
      writeVault: async () => undefined,
      policyFailed: () => false,
      trustFailed: () => false,
      failed: () => undefined,
    });
    return { readiness, state };
  }

  test('one that fails is tried anew while somebody asks, every ten seconds and no more often', async () => {
    const { readiness, state } = parts('failing');
    for (let i = 0; i < 20; i++) {
      expect(await readiness.state()).toEqual({ ok: false, notes: ['the ledger is failing'] });
    }
    expect(state.writes).toBe(1);
    state.well = true;
    expect((await readiness.state()).ok).toBe(false);
    state.now += ELEVEN_SECONDS;
    expect(await readiness.state()).toEqual({ ok: true, notes: [] });
    expect(state.writes).toBe(2);
  });

  test('one that is well is not written for it; one that is dead stays so', async () => {
    const well = parts('ok');
    expect((await well.readiness.state()).ok).toBe(true);
    const dead = parts('dead');
    expect(await dead.readiness.state()).toEqual({ ok: false, notes: ['the ledger is dead'] });
    expect([well.state.writes, dead.state.writes]).toEqual([0, 0]);
  });
});

test('a write that hangs is no success, and is not begun again', async () => {
  const clock = { now: 0 };
  let begun = 0;
  let end: () => void = () => undefined;
  const hanging = () => {
    begun++;
    return new Promise<void>((resolve) => {
      end = resolve;
    });
  };
  const probe = new Probe(
    hanging,
    () => clock.now,
    () => undefined,
  );
  const asked = [probe.holds(), probe.holds()];
  expect(await Promise.all(asked)).toEqual([false, false]);
  clock.now += ELEVEN_SECONDS;
  const late = probe.holds();
  end();
  expect(await late).toBe(true);
  expect(begun).toBe(1);
});
