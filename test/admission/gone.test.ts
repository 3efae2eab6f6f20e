import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeNpmTarball } from '../verify/archives.ts';
import { DAY, type Reply, SECOND, sri, startHouse, type TestHouse, tarballPath } from './harness.ts';

// The upstream forgets, falls silent, or lies for a while.

const pin = (name: string) =>
  `  - { npm: ${name}@1.0.0, integrity: "${sri(makeNpmTarball({ name, version: '1.0.0' }))}" }`;
const NAMES = [
  'withdrawn',
  'one-file',
  'down',
  'older',
  'never',
  'forged',
  'evicted',
  'silent',
  'html',
  'crowd-status',
  'crowd-body',
  'crowd-clock',
];
const POLICY = `
profile: default
allow:
${NAMES.map((n) => `  - npm: ${n}`).join('\n')}
  - pypi: held
pins:
${['withdrawn', 'one-file', 'older', 'evicted'].map(pin).join('\n')}
`;

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse({ policy: POLICY });
  for (const name of NAMES) house.registry.addNpm(name, { '1.0.0': {}, '1.1.0': {} });
});
afterAll(() => house.remove());

const codes = (reply: Reply) => [reply.status, ...(reply.status === 200 ? [] : [reply.json.code])];
const get = async (name: string, version: string) => codes(await house.ask(tarballPath(name, version)));
const TTL = 300 * SECOND;

/** Everything of a package is asked for once, so that it is known. */
async function known(name: string): Promise<void> {
  for (const version of ['1.0.0', '1.1.0']) expect(await get(name, version)).toEqual([200]);
}

describe('withdrawn', () => {
  test('a whole package: pins from the vault, all else refused; alarmed once, and healed', async () => {
    await known('withdrawn');
    const heal = house.registry.withFault(/withdrawn$/, { kind: 'vanish' });
    house.clock.advance(TTL);
    house.takeAlarms();
    house.takeAsked();
    expect(await get('withdrawn', '1.0.0')).toEqual([200]);
    expect(await get('withdrawn', '1.1.0')).toEqual([403, 'WITHDRAWN_UPSTREAM']);
    const page = await house.ask('/npm/withdrawn');
    expect(Object.keys(page.json.versions)).toEqual(['1.0.0']);
    house.clock.advance(10 * SECOND);
    expect(await get('withdrawn', '1.1.0')).toEqual([403, 'WITHDRAWN_UPSTREAM']);
    expect(house.takeAlarms()).toEqual(['withdrawn']);
    expect(house.takeAsked().filter((p) => p.endsWith('.tgz'))).toEqual([]);
    heal();
    // A forged 404 must not stick for longer than seconds.
    house.clock.advance(10 * SECOND);
    expect(await get('withdrawn', '1.1.0')).toEqual([200]);
    expect(Object.keys((await house.ask('/npm/withdrawn')).json.versions)).toEqual(['1.0.0', '1.1.0']);
  });

  test('one file, where the index is still there', async () => {
    await known('one-file');
    house.registry.removeNpm('one-file', '1.0.0');
    house.registry.removeNpm('one-file', '1.1.0');
    house.registry.addNpm('one-file', { '1.2.0': {} });
    house.clock.advance(TTL);
    expect(await get('one-file', '1.0.0')).toEqual([200]);
    expect(await get('one-file', '1.1.0')).toEqual([403, 'WITHDRAWN_UPSTREAM']);
    expect(await get('one-file', '9.0.0')).toEqual([403, 'UNKNOWN_VERSION']);
    expect(await get('one-file', '1.2.0')).toEqual([200]);
  });

  test('a file that neither we nor the upstream have any more is a fault, and nothing is fetched in its place', async () => {
    await known('evicted');
    house.registry.removeNpm('evicted', '1.0.0');
    house.clock.advance(TTL);
    await house.house.ports.vault.evict(0, () => false);
    house.takeAlarms();
    house.takeAsked();
    const reply = await house.ask(tarballPath('evicted', '1.0.0'));
    expect(codes(reply)).toEqual([502, 'UPSTREAM_FAULT']);
    expect(house.takeAlarms()).toEqual([]);
    expect(house.takeAsked()).toEqual(['GET /npm-up/evicted']);
  });
});

describe('unreachable', () => {
  test.each([
    ['reset', { kind: 'reset' }, 502],
    ['500', { kind: 'status', status: 500 }, 502],
    ['503', { kind: 'status', status: 503 }, 502],
    ['a page for people', { kind: 'status', status: 200 }, 502],
    ['half a document', { kind: 'cut', bytes: 20 }, 502],
    ['no JSON', { kind: 'body', body: '{"name":"never","versions":', contentType: 'application/json' }, 502],
  ] as const)(
    '%s, and nothing is known of the package: a fault that says when to come back',
    async (_, fault, status) => {
      const heal = house.registry.withFault(/never/, fault);
      for (const path of ['/npm/never', tarballPath('never', '1.0.0')]) {
        const reply = await house.ask(path);
        expect(reply.status).toBe(status);
        expect(reply.json.code).toMatch(/^(UPSTREAM_FAULT|INDEX_UNREADABLE)$/);
        expect(reply.json.error).toContain('never');
        expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
        expect((await house.entries()).at(-1)).toMatchObject({ name: 'never', verdict: 'refuse' });
        house.clock.advance(2 * SECOND);
      }
      heal();
    },
  );

  test('...and nothing of it sticks', async () => {
    expect(await get('never', '1.0.0')).toEqual([200]);
  });

  test.each([
    ['an error', { kind: 'status', status: 500 }],
    ['no JSON', { kind: 'body', body: '[', contentType: 'application/json' }],
  ] as const)(
    'a crowd that asks one after the other while the upstream answers %s asks it once in two seconds',
    async (_, fault) => {
      const name = `crowd-${fault.kind}`;
      const ask = async () => (await house.ask(`/npm/${name}`)).status;
      house.registry.addNpm(name, { '1.0.0': {} });
      const heal = house.registry.withFault(new RegExp(`${name}$`), fault);
      expect(await ask()).toBe(502);
      house.takeAsked();
      await house.entries();
      house.clock.advance(2 * SECOND - 1);
      for (let i = 0; i < 5; i++) expect(await ask()).toBe(502);
      expect((await house.ask(tarballPath(name, '1.0.0'))).status).toBe(502);
      expect(house.takeAsked()).toEqual([]);
      // Each has its own entry all the same, and another package is none of it.
      expect((await house.entries()).filter((e) => e['name'] === name)).toHaveLength(6);
      expect(await get('one-file', '1.2.0')).toEqual([200]);
      house.takeAsked();
      house.clock.advance(1);
      expect(await ask()).toBe(502);
      expect(house.takeAsked()).not.toEqual([]);
      heal();
      expect(await ask()).toBe(502);
      house.clock.advance(2 * SECOND);
      expect(await ask()).toBe(200);
    },
  );

  test('a fault of a clock that was set back is not remembered for as long as that', async () => {
    house.registry.addNpm('crowd-clock', { '1.0.0': {} });
    const heal = house.registry.withFault(/crowd-clock$/, { kind: 'status', status: 500 });
    const before = house.clock.now();
    expect((await house.ask('/npm/crowd-clock')).status).toBe(502);
    heal();
    house.clock.set(before - DAY);
    expect((await house.ask('/npm/crowd-clock')).status).toBe(200);
    house.clock.set(before);
  });

  test('an index that is not too old is used, and the stale one is alarmed', async () => {
    await known('down');
    house.registry.withFault(/down$/, { kind: 'reset' });
    house.clock.advance(DAY - 10 * SECOND);
    house.takeAlarms();
    expect(await get('down', '1.1.0')).toEqual([200]);
    expect(house.takeAlarms()).toEqual(['stale-index']);
    expect(Object.keys((await house.ask('/npm/down')).json.versions)).toEqual(['1.0.0', '1.1.0']);
    house.clock.advance(60 * SECOND);
    expect((await get('down', '1.1.0'))[0]).not.toBe(200);
    house.registry.clearFaults();
    house.clock.advance(10 * SECOND);
    expect(await get('down', '1.1.0')).toEqual([200]);
  });

  test('one that is older: exact pins only', async () => {
    await known('older');
    house.registry.withFault(/older$/, { kind: 'reset' });
    house.clock.advance(DAY + TTL);
    expect(await get('older', '1.0.0')).toEqual([200]);
    expect((await get('older', '1.1.0'))[0]).not.toBe(200);
    expect(Object.keys((await house.ask('/npm/older')).json.versions)).toEqual(['1.0.0']);
    house.registry.clearFaults();
  });

  test('a forged 404 for a package never seen is asked again after seconds, not for each asker', async () => {
    const heal = house.registry.withFault(/forged/, { kind: 'vanish' });
    house.takeAsked();
    for (let i = 0; i < 5; i++) expect((await house.ask('/npm/forged')).json.code).toBe('NOT_ALLOWLISTED');
    expect(house.takeAsked()).toEqual(['GET /npm-up/forged']);
    heal();
    house.clock.advance(6 * SECOND);
    expect((await house.ask('/npm/forged')).status).toBe(200);
  });

  test('an index that turns unreadable does not replace the one that we have', async () => {
    await known('html');
    house.registry.withFault(/html$/, {
      kind: 'body',
      body: '{"name":"other"}',
      contentType: 'application/json',
    });
    house.clock.advance(TTL);
    expect(await get('html', '1.1.0')).toEqual([200]);
    house.registry.clearFaults();
  });

  test('a file that cannot be had is a fault; the next asker is served', async () => {
    house.registry.withFault(/silent-1\.0\.0/, { kind: 'status', status: 404 }, 1);
    expect(await get('silent', '1.0.0')).toEqual([502, 'UPSTREAM_FAULT']);
    house.registry.withFault(/silent-1\.0\.0/, { kind: 'reset', bytes: 50 }, 1);
    expect(await get('silent', '1.0.0')).toEqual([502, 'UPSTREAM_FAULT']);
    expect(await get('silent', '1.0.0')).toEqual([200]);
  });
});

test('a project that its registry quarantines (PEP 792) is refused, also what is cached', async () => {
  const filename = 'held-1.0.0-py3-none-any.whl';
  const file = `/pypi/files/held/${filename}`;
  house.registry.addPypi('held', [{ filename, coreMetadata: 'right' }]);
  for (const path of [file, `${file}.metadata`]) expect((await house.ask(path)).status).toBe(200);
  house.registry.addPypi('held', [], { status: 'quarantined' });
  house.clock.advance(TTL);
  for (const path of [file, `${file}.metadata`]) {
    expect(codes(await house.ask(path))).toEqual([403, 'QUARANTINED_UPSTREAM']);
  }
  const page = await house.ask('/pypi/simple/held/', {
    headers: { accept: 'application/vnd.pypi.simple.v1+json' },
  });
  expect(page.json['project-status']).toEqual({ status: 'quarantined' });
  expect(page.json.files.map((f: { yanked?: string }) => f.yanked)).toEqual([
    expect.stringContaining('QUARANTINED_UPSTREAM'),
  ]);
  house.registry.addPypi('held', []);
  house.clock.advance(TTL);
  expect((await house.ask(file)).status).toBe(200);
});
