import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openHouse } from '../../src/compose.ts';
import { loadConfig } from '../../src/config.ts';
import { createMetrics } from '../../src/gate/metrics.ts';
import { type UpdateLimits, updateTrust } from '../../src/trust/update.ts';
import { startHouse, type TestHouse } from '../admission/harness.ts';
import { another, pinned, rootWithoutStart, type TrustPlace, trustPlace } from '../harness/trust.ts';

// A whole house, and what is trusted in it: at its start, and when it is told to read its files again.

const POLICY = 'profile: default\nallow:\n  - npm: left-pad\n';
const LIMITS: UpdateLimits = { answer: 1_000, whole: 5_000, pause: 1 };
const NOTE = expect.stringMatching(/trust root or its update failed/);

let place: TrustPlace;
let house: TestHouse;
beforeEach(async () => {
  place = await trustPlace();
  const { SALLYPORT_TUF_MIRROR = '', SALLYPORT_TUF_ROOT = '' } = place.env;
  house = await startHouse({ policy: POLICY, env: { SALLYPORT_TUF_MIRROR, SALLYPORT_TUF_ROOT } });
});
afterEach(async () => {
  await house.remove();
  await place.remove();
});

const data = () => join(house.root, 'data');
const config = () => loadConfig({ ...place.env, SALLYPORT_DATA: data() });
const update = () => updateTrust(config(), Date.now, LIMITS);
const inForce = () => house.house.ports.evidence.trust();
const notes = async () => (await house.ask('/readyz')).json.notes;
const alarms = async () =>
  (await house.entries({ type: 'alarm' })).filter((one) => one['code'] === 'trust-root');
const spoilCopy = async () => {
  await mkdir(join(data(), 'trust'), { recursive: true });
  await writeFile(join(data(), 'trust', 'trusted_root.json'), '{');
};
/** Ids of the keys that clients are told of. */
const servedKeys = async () => {
  const { keys } = (await house.ask('/npm/-/npm/v1/keys')).json as { keys: { keyid: string }[] };
  return keys.map((key) => key.keyid).sort();
};
const newestKeyOnly = async () => {
  const all = JSON.parse((await pinned.npmKeys()).toString()) as {
    keys: { keyId: string; publicKey: { validFor: { end?: string } } }[];
  };
  const keys = all.keys.filter((key) => key.publicKey.validFor.end === undefined);
  expect(keys.length).toBeLessThan(all.keys.length);
  return Buffer.from(JSON.stringify({ keys }));
};

test('it starts with what is pinned, says which that is, and nobody is alarmed', async () => {
  expect(house.log).toContain(inForce());
  expect([house.takeAlarms(), await alarms(), await notes()]).toEqual([[], [], []]);
});

test('what was updated is taken when it is told to, whole, and at the next start', async () => {
  const before = [inForce(), await servedKeys()];
  await place.publish({ npmKeys: await newestKeyOnly() });
  await update();
  expect([inForce(), await servedKeys()]).toEqual(before);
  expect(await house.house.reload()).toBe(true);
  const after = [inForce(), await servedKeys()];
  expect(after[0]).not.toBe(before[0]);
  expect(after[1]).toHaveLength(1);
  expect(before[1]).toEqual(expect.arrayContaining([...(after[1] ?? [])]));
  await house.restart();
  expect([inForce(), await servedKeys()]).toEqual(after);
  expect(house.takeAlarms()).toEqual([]);
});

describe('a broken copy under data/trust', () => {
  test('at the start: the pinned one is in force, with an alarm that is counted, logged and entered', async () => {
    const digest = inForce();
    await spoilCopy();
    await house.restart();
    expect(inForce()).toBe(digest);
    expect(house.takeAlarms()).toEqual(['trust-root']);
    expect(house.log).toContain('"alarm":"trust-root"');
    await expect.poll(alarms, { timeout: 10_000 }).toMatchObject([
      {
        code: 'trust-root',
        expected: digest,
        found: expect.stringMatching(/trusted_root\.json.*pinned copy/),
      },
    ]);
    expect(await house.ask('/readyz')).toMatchObject({ status: 200 });
    expect(await notes()).toEqual([NOTE]);
  });

  test('later: what was in force stays, with an alarm, until there is a usable one', async () => {
    await place.publish();
    await update();
    await house.house.reload();
    const digest = inForce();
    await spoilCopy();
    expect(await house.house.reload()).toBe(false);
    expect(inForce()).toBe(digest);
    expect(house.takeAlarms()).toEqual(['trust-root']);
    await expect.poll(alarms, { timeout: 10_000 }).toMatchObject([{ expected: digest }]);
    expect(await notes()).toEqual([NOTE]);
    await place.publish({ root: await another('root', 3) });
    await update();
    expect(await house.house.reload()).toBe(true);
    expect(inForce()).not.toBe(digest);
    expect([house.takeAlarms(), await notes()]).toEqual([[], []]);
  });
});

test('an update that failed is alarmed when it is told to read again, and at the next start', async () => {
  await place.publish();
  await update();
  await house.house.reload();
  const digest = inForce();
  await place.publish({ root: await rootWithoutStart() });
  await expect(update()).rejects.toThrow();
  expect(house.takeAlarms()).toEqual([]);
  expect(await house.house.reload()).toBe(true);
  expect([inForce(), house.takeAlarms()]).toEqual([digest, ['trust-root']]);
  await house.restart();
  expect([inForce(), house.takeAlarms()]).toEqual([digest, ['trust-root']]);
  const failed = { found: expect.stringMatching(/^the update of .* failed: /) };
  await expect.poll(alarms, { timeout: 10_000 }).toMatchObject([failed, failed]);
});

test('a policy that is broken holds back no trust root, and the other way round', async () => {
  await place.publish();
  await update();
  const digest = inForce();
  expect(await house.setPolicy('profile: default\nalow: []\n')).toBe(false);
  expect(inForce()).not.toBe(digest);
  await spoilCopy();
  const policy = house.house.policy().digest;
  expect(await house.setPolicy(`${POLICY}  - npm: express\n`)).toBe(false);
  expect(house.house.policy().digest).not.toBe(policy);
});

test('a configured file that cannot be used refuses the start, and nothing is left open behind it', async () => {
  const path = join(place.folder, 'configured.json');
  await writeFile(path, await rootWithoutStart());
  const env = { ...place.env, SALLYPORT_ALLOWLISTS: join(house.root, 'allowlists') };
  const open = (more: Record<string, string>) =>
    openHouse(
      loadConfig({ ...env, ...more }),
      {},
      Date.now,
      '0.0.0-test',
      createMetrics({ processMetrics: false }),
      () => undefined,
    );
  await expect(open({ SALLYPORT_TRUSTED_ROOT: path })).rejects.toThrow(/SALLYPORT_TRUSTED_ROOT/);
  await (await open({})).close();
});
