import { createHash } from 'node:crypto';
import { chmod, open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LedgerError } from '../../src/ledger/ledger.ts';
import {
  allowing,
  bearer,
  filesBelow,
  hexSha256,
  startHouse,
  type TestHouse,
  tarballPath,
  tokensOf,
  until,
} from './harness.ts';

// The ledger as admission writes it: nothing without an entry, and enough in it to decide again.

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse({
    policy: allowing(
      ['good', 'young', 'damaged', 'cut-off'],
      ['good'],
      'requirements: { npm: { age: 7d } }\n',
    ),
    auth: tokensOf({ ann: 'default', bob: 'default' }),
  });
  house.registry.addNpm('good', { '1.0.0': {} });
  house.registry.addNpm('damaged', { '1.0.0': { bulk: 3_000_000 } });
  house.registry.addNpm('cut-off', { '1.0.0': { bulk: 30_000_000 } });
  house.registry.addNpm('young', { '1.0.0': { time: new Date(house.clock.now() - 1000).toISOString() } });
  house.registry.addPypi('good', [{ filename: 'good-1.0.0-py3-none-any.whl', coreMetadata: 'right' }]);
});
afterAll(() => house.remove());

const get = (path: string, more: Record<string, string> = {}, signal?: AbortSignal) =>
  house.ask(path, {
    headers: { ...bearer('ann'), 'user-agent': 'npm/11', ...more },
    ...(signal ? { signal } : {}),
  });

describe('a served artifact', () => {
  test('has one decision with the facts that it was made from, and one entry that says it was served', async () => {
    await house.entries();
    const reply = await get(tarballPath('good', '1.0.0'));
    const [decision, ...more] = await house.entries();
    expect(more).toEqual([]);
    const after = { after: decision?.seq ?? 0 };
    await expect.poll(() => house.entries(after)).toHaveLength(1);
    const [served] = await house.entries(after);
    const bytes = house.registry.tarball('good', '1.0.0');
    const sha512 = `sha512:${createHash('sha512').update(bytes).digest('hex')}`;
    expect(decision).toMatchObject({
      type: 'decision',
      verdict: 'allow',
      agent: 'ann',
      profile: 'default',
      mode: 'enforce',
      client: 'npm/11',
      route: 'artifact',
      method: 'GET',
      ecosystem: 'npm',
      name: 'good',
      version: '1.0.0',
      file: 'good-1.0.0.tgz',
      purl: 'pkg:npm/good@1.0.0',
      size: bytes.length,
      sha256: `sha256:${hexSha256(bytes)}`,
      sha512,
      by: 'exact',
      place: 'default.yaml:3',
      policy: house.house.policy().digest,
      time: house.clock.now(),
      facts: {
        index: expect.stringMatching(/^sha256:/),
        kind: 'npm-tarball',
        declared: [sha512],
        claimedAt: Date.parse('2020-01-01T00:00:00Z'),
        firstSeen: house.clock.now(),
        findings: [],
      },
    });
    expect(decision?.['reasons']).toBeUndefined();
    expect(reply.headers['x-sallyport-entry']).toBe(decision?.leaf);
    expect(served).toMatchObject({ type: 'served', decision: decision?.seq, bytes: bytes.length });
  });

  test('from the vault has a decision of its own, which knows the first digest', async () => {
    await house.entries();
    const reply = await get(tarballPath('good', '1.0.0'));
    const [decision] = (await house.entries()).filter((e) => e['type'] === 'decision');
    expect(decision?.leaf).toBe(reply.headers['x-sallyport-entry']);
    expect(decision?.['facts'].first.sha256).toBe(decision?.['sha256']);
  });

  test('a part of it, its head, and its metadata too', async () => {
    for (const [path, method, headers] of [
      [tarballPath('good', '1.0.0'), 'GET', { range: 'bytes=0-9' }],
      [tarballPath('good', '1.0.0'), 'HEAD', {}],
      ['/pypi/files/good/good-1.0.0-py3-none-any.whl.metadata', 'GET', {}],
    ] as [string, string, Record<string, string>][]) {
      await house.entries();
      const reply = await house.ask(path, { method, headers: { ...bearer('ann'), ...headers } });
      expect([200, 206]).toContain(reply.status);
      const own = (await house.entries()).filter((e) => e['type'] === 'decision');
      expect(own).toMatchObject([{ verdict: 'allow', method, leaf: reply.headers['x-sallyport-entry'] }]);
    }
  });

  test('that the client did not take to its end is aborted', async () => {
    const giving = new AbortController();
    await get(tarballPath('cut-off', '1.0.0'), {}, AbortSignal.abort()).catch(() => undefined);
    await house.entries();
    const reading = new Promise<void>((resolve) => {
      const asking = get(tarballPath('cut-off', '1.0.0'), {}, giving.signal);
      asking.then(
        () => resolve(),
        () => resolve(),
      );
    });
    await until(async () => (await house.entries({ package: 'cut-off', verdict: 'allow' })).length > 0);
    giving.abort();
    await reading;
    await until(async () =>
      (await house.entries({})).some(
        (e) => e['type'] === 'aborted' || (e['type'] === 'served' && e['bytes'] > 3e7),
      ),
    );
    const ended = (await house.entries({})).filter((e) => ['aborted', 'served'].includes(e['type']));
    const [decision] = await house.entries({ package: 'cut-off', verdict: 'allow' });
    expect(ended.filter((e) => e['decision'] === decision?.seq)).toHaveLength(1);
  });
});

describe('a refusal', () => {
  test.each([
    ['/npm/unlisted', 'NOT_ALLOWLISTED'],
    [tarballPath('unlisted', '1.0.0'), 'NOT_ALLOWLISTED'],
    [tarballPath('young', '1.0.0'), 'TOO_YOUNG'],
    [tarballPath('good', '7.0.0'), 'UNKNOWN_VERSION'],
    ['/npm/young/1.0.0', 'TOO_YOUNG'],
    ['/npm/-/blocked', 'NOT_FOUND'],
    ['/npm/..%2f..%2fetc', 'BAD_PATH'],
    ['/pypi/simple/unlisted/', 'NOT_ALLOWLISTED'],
  ])('%s has exactly one entry, and the answer names it', async (path, code) => {
    await house.entries();
    const reply = await get(path);
    const entries = await house.entries();
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ type: 'decision', verdict: 'refuse', agent: 'ann' });
    expect(entries[0]?.['reasons'][0].code).toBe(code);
    expect(entries[0]?.leaf).toBe(reply.headers['x-sallyport-entry']);
    if (!path.startsWith('/pypi')) expect(reply.json.why).toContain(`/-/why/${entries[0]?.leaf}`);
    expect(JSON.stringify(entries)).not.toContain('etc');
  });

  test('a page on which nothing is admitted makes an entry, too', async () => {
    await house.entries();
    const reply = await get('/npm/young');
    expect(await house.entries()).toMatchObject([
      { verdict: 'refuse', leaf: reply.headers['x-sallyport-entry'], name: 'young' },
    ]);
  });

  test('is explained to the agent that caused it and to nobody else', async () => {
    const { json } = await get('/npm/unlisted');
    const path = new URL(json.why).pathname;
    expect((await get(path)).json.entry).toMatchObject({ name: 'unlisted', agent: 'ann' });
    expect((await house.ask(path, { headers: bearer('bob') })).status).toBe(404);
    expect((await house.ask(path)).status).toBe(401);
  });

  test('an admitted index makes none', async () => {
    await get('/npm/good');
    await house.entries();
    await get('/npm/good');
    expect(await house.entries()).toEqual([]);
  });
});

describe('a fault of our own', () => {
  test('a damaged artifact is not served, is alarmed, and is fetched anew for the next', async () => {
    const path = tarballPath('damaged', '1.0.0');
    const first = await get(path);
    const { sha256 } = await house.house.ports.ledger.memory
      .fileFacts({ ecosystem: 'npm', name: 'damaged' as never }, 'damaged-1.0.0.tgz')
      .then((facts) => facts.first ?? { sha256: '' });
    const vault = join(house.root, 'data', 'vault');
    const file = join(vault, (await filesBelow(vault)).find((f) => f.endsWith(sha256.slice(7))) ?? '');
    await chmod(file, 0o600);
    const handle = await open(file, 'r+');
    await handle.write(Buffer.from('not what was admitted'), 0, 21, 2_000_000);
    await handle.close();
    house.takeAlarms();
    await expect(get(path)).rejects.toThrow();
    expect(house.takeAlarms()).toEqual(['vault-damaged']);
    house.takeAsked();
    expect((await get(path)).body.equals(first.body)).toBe(true);
    expect(house.takeAsked()).toEqual([`GET /npm-up/damaged/-/damaged-1.0.0.tgz`]);
  });

  test('a ledger that writes nothing: nothing is served, not even a refusal without its entry', async () => {
    const { ledger } = house.house.ports;
    const { append } = ledger;
    (ledger as { append: unknown }).append = () =>
      Promise.reject(new LedgerError('unavailable', 'disk full'));
    try {
      for (const path of [
        tarballPath('good', '1.0.0'),
        '/pypi/files/good/good-1.0.0-py3-none-any.whl',
        '/pypi/files/good/good-1.0.0-py3-none-any.whl.metadata',
        '/npm/unlisted',
        '/npm/young',
        tarballPath('young', '1.0.0'),
        '/pypi/simple/unlisted/',
        '/npm/..%2f..%2fetc',
      ]) {
        const reply = await get(path);
        expect([reply.status, reply.json.code], path).toEqual([503, 'LEDGER_UNAVAILABLE']);
        expect(reply.headers['retry-after']).toBeDefined();
        expect(reply.headers['x-sallyport-entry']).toBeUndefined();
      }
    } finally {
      (ledger as { append: unknown }).append = append;
    }
    expect((await get(tarballPath('good', '1.0.0'))).status).toBe(200);
  });

  test('an inspection that could not be made: refused, nothing kept, and healed', async () => {
    house.registry.addNpm('good', { '1.5.0': {} });
    house.clock.advance(600_000);
    const { ports } = house.house;
    const broken = ports as { inspect: unknown };
    const { inspect } = ports;
    broken.inspect = () => Promise.reject(new Error('the thread ended'));
    const path = tarballPath('good', '1.5.0');
    // Its clock began when it was first seen.
    house.clock.advance(8 * 86_400_000);
    expect((await get(path)).json.code).toBe('INTERNAL');
    broken.inspect = inspect;
    expect((await get(path)).status).toBe(200);
  });
});
