import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openHouse } from '../../src/compose.ts';
import { loadConfig } from '../../src/config.ts';
import { createMetrics } from '../../src/gate/metrics.ts';
import { type Digest, hexOf } from '../../src/model/digest.ts';
import { loadTrust } from '../../src/trust/files.ts';
import { type UpdateLimits, updateTrust } from '../../src/trust/update.ts';
import { openTrustDocument } from '../../src/verify/trust.ts';
import { DAY, startHouse, type TestHouse } from '../admission/harness.ts';
import { another, copyOf, pinned, rootWithoutStart, type TrustPlace, trustPlace } from '../harness/trust.ts';

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
  vi.restoreAllMocks();
  await house.remove();
  await place.remove();
});

const data = () => join(house.root, 'data');
const config = () => loadConfig({ ...place.env, SALLYPORT_DATA: data() });
const update = () => updateTrust(config(), house.clock.now, LIMITS);
const inForce = () => house.house.ports.evidence.trust();
const notes = async () => (await house.ask('/readyz')).json.notes;
const alarms = async () =>
  (await house.entries({ type: 'alarm' })).filter((one) => one['code'] === 'trust-root');
const spoilCopy = async () => writeFile(await copyOf(config(), 'root'), '{');
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
    await place.publish({ npmKeys: await pinned.npmKeys() });
    await update();
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

describe('the trust of then', () => {
  /** What the shelf has under a digest is what was trusted. */
  const isKept = async (digest: Digest) => {
    const document = await house.house.ports.vault.evidence.get(digest);
    return document !== null && openTrustDocument(document).digest === digest;
  };
  const gauge = async () =>
    (await house.ask('/metrics')).text.match(/^sallyport_trust_loaded_seconds\{.*$/gm);
  const changes = () => house.entries({ type: 'admin' });
  /** A file where the shelf would have a folder for this digest. */
  const block = async (vault: string, digest: Digest) => {
    const folder = join(vault, 'evidence', 'sha256', hexOf(digest).slice(0, 2));
    await rm(folder, { recursive: true, force: true });
    await mkdir(join(folder, '..'), { recursive: true });
    await writeFile(folder, '');
    return () => rm(folder);
  };

  test('is kept at the start, and the start says which it is', async () => {
    expect(await isKept(inForce())).toBe(true);
    expect(await house.entries({ type: 'start' })).toMatchObject([{ trust: inForce() }]);
    expect(await changes()).toEqual([]);
    expect(await gauge()).toEqual([expect.stringContaining(`{digest="${inForce()}"} `)]);
    await house.restart();
    expect(await house.entries({ type: 'start' })).toMatchObject([
      { trust: inForce() },
      { trust: inForce() },
    ]);
  });

  test('is kept, and its successor too and entered, before that is taken into use', async () => {
    const before = inForce();
    await place.publish();
    await update();
    const { ports } = house.house;
    const next = (await loadTrust(config())).digest;
    let seen: unknown;
    const setTrust = ports.desk.setTrust.bind(ports.desk);
    vi.spyOn(ports.desk, 'setTrust').mockImplementation(async (bytes) => {
      seen = [inForce(), await isKept(next), await changes()];
      await setTrust(bytes);
    });
    expect(await house.house.reload()).toBe(true);
    expect(inForce()).toBe(next);
    const entry = { code: 'trust-changed', trust: next, previous: before };
    expect(seen).toMatchObject([before, true, [entry]]);
    expect([await isKept(before), await isKept(next)]).toEqual([true, true]);
    expect(await gauge()).toEqual([expect.stringContaining(`{digest="${next}"} `)]);
    // What did not change is no news.
    expect(await house.house.reload()).toBe(true);
    expect(await changes()).toMatchObject([entry]);
  });

  test('that cannot be kept is not taken into use: the one before stays, with an alarm', async () => {
    const before = inForce();
    await place.publish();
    await update();
    const next = (await loadTrust(config())).digest;
    const unblock = await block(join(data(), 'vault'), next);
    expect(await house.house.reload()).toBe(false);
    expect([inForce(), await changes(), house.takeAlarms()]).toEqual([before, [], ['trust-root']]);
    expect(await notes()).toEqual([NOTE]);
    await expect
      .poll(alarms, { timeout: 10_000 })
      .toMatchObject([{ expected: before, found: expect.stringMatching(/cannot be kept in the vault/) }]);
    expect(await gauge()).toEqual([expect.stringContaining(`{digest="${before}"} `)]);
    await unblock();
    expect(await house.house.reload()).toBe(true);
    expect([inForce(), await isKept(next)]).toEqual([next, true]);
  });

  test('that cannot be entered is not taken into use either', async () => {
    const before = inForce();
    await place.publish();
    await update();
    vi.spyOn(house.house.ports.ledger, 'append').mockRejectedValueOnce(new Error('no room for an entry'));
    const setTrust = vi.spyOn(house.house.ports.desk, 'setTrust');
    expect(await house.house.reload()).toBe(false);
    expect(setTrust).not.toHaveBeenCalled();
    expect([inForce(), await changes(), house.takeAlarms()]).toEqual([before, [], ['trust-root']]);
    expect(await house.house.reload()).toBe(true);
    expect(await changes()).toMatchObject([{ trust: inForce(), previous: before }]);
  });

  test('that cannot be kept at the start refuses it', async () => {
    const env = { ...place.env, SALLYPORT_ALLOWLISTS: join(house.root, 'allowlists') };
    const settings = loadConfig(env);
    const open = () =>
      openHouse(
        settings,
        {},
        Date.now,
        '0.0.0-test',
        createMetrics({ processMetrics: false }),
        () => undefined,
      );
    const unblock = await block(join(settings.data, 'vault'), (await loadTrust(settings)).digest);
    await expect(open()).rejects.toThrow(/what is trusted cannot be kept in the vault/);
    await unblock();
    await (await open()).close();
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

test('an update that nobody repeats is alarmed at the start and when it is read again, and holds on', async () => {
  await place.publish();
  await update();
  house.clock.advance(90 * DAY);
  expect(await house.house.reload()).toBe(true);
  const digest = inForce();
  expect([house.takeAlarms(), await notes()]).toEqual([[], []]);
  house.clock.advance(DAY);
  expect(await house.house.reload()).toBe(true);
  expect([house.takeAlarms(), await notes()]).toEqual([['trust-root'], [NOTE]]);
  await house.restart();
  expect([inForce(), house.takeAlarms(), await notes()]).toEqual([digest, ['trust-root'], [NOTE]]);
  await update();
  expect(await house.house.reload()).toBe(true);
  expect([inForce(), house.takeAlarms(), await notes()]).toEqual([digest, [], []]);
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
