import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  allowing,
  bearer,
  DAY,
  filesBelow,
  startHouse,
  type TestHouse,
  tarballPath,
  tokensOf,
  until,
} from './harness.ts';

// Many askers, one fetch; and a policy that changes while a file is on its way.

const NPM = ['crowd', 'left', 'indexed', 'swayed', 'spared', 'wavering'];
const policy = (more = '') =>
  allowing(
    [...NPM, 'family-*'],
    ['swayed', 'crowd'],
    `requirements: { npm: { install-scripts: deny } }\n${more}`,
  );

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse({
    policy: policy(),
    auth: tokensOf({ ann: 'default', bob: 'default' }),
    env: { SALLYPORT_PREFIX_BUDGET: '3' },
  });
  for (const name of NPM) house.registry.addNpm(name, { '1.0.0': { bulk: 100_000 } });
});
afterAll(() => house.remove());

const get = (path: string, agent = 'ann', signal?: AbortSignal) =>
  house.ask(path, { headers: bearer(agent), ...(signal ? { signal } : {}) });

/** Holds every request that matches until it is released. */
function hold(path: RegExp) {
  let release = (): void => {};
  let arrived = 0;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const heal = house.registry.withFault(path, {
    kind: 'wait',
    until: () => {
      arrived++;
      return gate;
    },
  });
  return {
    arrived: () => until(() => arrived > 0),
    release() {
      heal();
      release();
    },
  };
}

describe('single flight', () => {
  test('fifty askers for one cold file and its index: one fetch of each, all are served', async () => {
    house.takeAsked();
    await house.entries();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => get(tarballPath('crowd', '1.0.0'), i % 2 ? 'ann' : 'bob')),
    );
    const bytes = house.registry.tarball('crowd', '1.0.0');
    for (const { status, body } of answers) expect([status, body.equals(bytes)]).toEqual([200, true]);
    expect(house.takeAsked()).toEqual(['GET /npm-up/crowd', 'GET /npm-up/crowd/-/crowd-1.0.0.tgz']);
    const entries = await house.entries();
    expect(entries.filter((e) => e['verdict'] === 'allow')).toHaveLength(50);
    expect(new Set(answers.map((a) => a.headers['x-sallyport-entry'])).size).toBe(50);
  });

  test('fifty askers for one cold index in several forms', async () => {
    house.takeAsked();
    const forms = ['application/json', 'application/vnd.npm.install-v1+json'];
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        house.ask('/npm/indexed', { headers: { ...bearer('ann'), accept: forms[i % 2] ?? '' } }),
      ),
    );
    expect(answers.map((a) => a.status)).toEqual(answers.map(() => 200));
    expect(house.takeAsked()).toEqual(['GET /npm-up/indexed']);
  });

  test('fifty askers for one cold metadata document: one fetch, all are served', async () => {
    const filename = 'crowd-1.0.0-py3-none-any.whl';
    house.registry.addPypi('crowd', [{ filename, coreMetadata: 'right' }]);
    house.takeAsked();
    await house.entries();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => get(`/pypi/files/crowd/${filename}.metadata`)),
    );
    expect(answers.map((a) => a.status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map((a) => a.text)).size).toBe(1);
    expect(house.takeAsked().filter((path) => path.endsWith('.metadata'))).toHaveLength(1);
    expect((await house.entries()).filter((e) => e['verdict'] === 'allow')).toHaveLength(50);
  });

  test('askers that give up do not stop it, and cost no second fetch', async () => {
    const held = hold(/left-1/);
    house.takeAsked();
    const giving = new AbortController();
    const gone = get(tarballPath('left', '1.0.0'), 'ann', giving.signal).catch(() => 'gone');
    await held.arrived();
    giving.abort();
    expect(await gone).toBe('gone');
    const staying = get(tarballPath('left', '1.0.0'), 'bob');
    held.release();
    expect((await staying).status).toBe(200);
    expect(house.takeAsked().filter((p) => p.endsWith('.tgz'))).toHaveLength(1);
  });

  test('one that everybody left is there for the next', async () => {
    house.registry.addNpm('left', { '2.0.0': {} });
    house.clock.advance(DAY / 2);
    const held = hold(/left-2/);
    const giving = new AbortController();
    const gone = get(tarballPath('left', '2.0.0'), 'ann', giving.signal).catch(() => 'gone');
    await held.arrived();
    giving.abort();
    await gone;
    house.takeAsked();
    held.release();
    await until(
      async () =>
        (
          await house.house.ports.ledger.memory.packageFacts({
            ecosystem: 'npm',
            name: 'left' as never,
          })
        ).toString().length > 0 && (await get(tarballPath('left', '2.0.0'))).status === 200,
    );
    expect(house.takeAsked()).toEqual([]);
  });
});

test('a house closes though a download that everybody left is still on its way', async () => {
  house.registry.addNpm('left', { '3.0.0': { bulk: 100_000 } });
  house.clock.advance(DAY);
  const heal = house.registry.withFault(/left-3/, { kind: 'drip', bytesPerSecond: 1000 });
  const giving = new AbortController();
  const gone = get(tarballPath('left', '3.0.0'), 'ann', giving.signal).catch(() => 'gone');
  await until(() => house.registry.pathsAsked().some((path) => path.includes('left-3')));
  giving.abort();
  await gone;
  const started = performance.now();
  await house.restart();
  expect(performance.now() - started).toBeLessThan(10_000);
  heal();
  expect((await get(tarballPath('left', '3.0.0'))).status).toBe(200);
  expect(await filesBelow(`${house.root}/data/vault/quarantine`)).toEqual([]);
});

describe('a policy that changes while a file is on its way', () => {
  test.each([
    ['denied by name', 'deny:\n  - { npm: swayed, reason: bad }\n', 'DENIED'],
    ['too young', 'requirements: { npm: { age: 3650d } }\n', 'TOO_YOUNG'],
  ])('%s: decided again, nothing is served', async (_, more, code) => {
    house.registry.addNpm('swayed', { [`1.0.${more.length}`]: {} });
    house.clock.advance(DAY);
    const path = tarballPath('swayed', `1.0.${more.length}`);
    const held = hold(/swayed-1/);
    await house.entries();
    const asking = get(path);
    await held.arrived();
    const changed = more.startsWith('deny') ? policy(more) : allowing([...NPM, 'family-*'], ['swayed'], more);
    expect(await house.setPolicy(changed)).toBe(true);
    held.release();
    const reply = await asking;
    expect([reply.status, reply.json.code]).toEqual([403, code]);
    const decisions = (await house.entries()).filter((e) => e['type'] === 'decision');
    expect(decisions).toMatchObject([{ verdict: 'refuse', policy: house.house.policy().digest }]);
    await house.setPolicy(policy());
    expect((await get(path)).status).toBe(200);
  });

  test('still admitted: served under the new policy, fetched once', async () => {
    const held = hold(/spared-1/);
    house.takeAsked();
    await house.entries();
    const asking = get(tarballPath('spared', '1.0.0'));
    await held.arrived();
    await house.setPolicy(policy('deny:\n  - { npm: something-else, reason: bad }\n'));
    held.release();
    expect((await asking).status).toBe(200);
    expect(house.takeAsked().filter((p) => p.endsWith('.tgz'))).toHaveLength(1);
    const decisions = (await house.entries()).filter((e) => e['type'] === 'decision');
    expect(decisions).toMatchObject([{ verdict: 'allow', policy: house.house.policy().digest }]);
  });

  test('metadata of a wheel that is denied meanwhile', async () => {
    const filename = 'swayed-1.0.0-py3-none-any.whl';
    house.registry.addPypi('swayed', [{ filename, coreMetadata: 'right' }]);
    const held = hold(/\.metadata$/);
    const asking = get(`/pypi/files/swayed/${filename}.metadata`);
    await held.arrived();
    await house.setPolicy(policy('deny:\n  - { pypi: swayed, reason: bad }\n'));
    held.release();
    const reply = await asking;
    expect([reply.status, reply.json.code]).toEqual([403, 'DENIED']);
    await house.setPolicy(policy());
  });

  test('an index that is denied while it is on its way', async () => {
    const held = hold(/wavering$/);
    const asking = get('/npm/wavering');
    await held.arrived();
    await house.setPolicy(policy('deny:\n  - { npm: wavering, reason: bad }\n'));
    held.release();
    const reply = await asking;
    expect([reply.status, reply.json.code]).toEqual([403, 'DENIED']);
    await house.setPolicy(policy());
  });
});

describe('the budget of a prefix', () => {
  test('unseen names under it are counted per agent and day, whether they exist or not', async () => {
    for (const name of ['family-a', 'family-b', 'family-e']) house.registry.addNpm(name, { '1.0.0': {} });
    house.takeAsked();
    const ask = async (name: string, agent = 'ann') => (await get(`/npm/${name}`, agent)).json.code ?? 200;
    expect(await ask('family-a')).toBe(200);
    expect(await ask('family-secret-0x41')).toBe('NOT_ALLOWLISTED');
    expect(await ask('family-b')).toBe(200);
    expect(house.takeAsked()).toHaveLength(3);
    expect(await ask('family-secret-0x42')).toBe('NOT_ALLOWLISTED');
    expect(await ask('family-e')).toBe('NOT_ALLOWLISTED');
    expect((await get(tarballPath('family-e', '1.0.0'))).json.code).toBe('NOT_ALLOWLISTED');
    expect(house.takeAsked()).toEqual([]);
    // Names that are known cost nothing; another agent has a budget of its own; so has another day.
    expect(await ask('family-a')).toBe(200);
    expect(await ask('family-e', 'bob')).toBe(200);
    expect(await ask('family-e')).toBe(200);
    house.clock.advance(DAY);
    expect(await ask('family-secret-0x43')).toBe('NOT_ALLOWLISTED');
  });
});
