import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DAY, type Reply, SECOND, START, startHouse, type TestHouse, tarballPath } from './harness.ts';

// Age: an instant that is computed, never a feeling. Nothing that was decided before it is used after it.

const NAMES = ['young', 'timeless', 'future', 'moved', 'backdated', 'stepwise', 'sighted'];
const POLICY = `
profile: default
requirements: { npm: { age: 7d }, pypi: { age: 7d } }
allow:
${NAMES.map((n) => `  - npm: ${n}`).join('\n')}
  - pypi: young
  - pypi: timeless
`;
const JSON_PAGE = { accept: 'application/vnd.pypi.simple.v1+json' };

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse({ policy: POLICY });
});
afterAll(() => house.remove());

const iso = (at: number) => new Date(at).toISOString();
const codes = (reply: Reply) => [reply.status, ...(reply.status === 200 ? [] : [reply.json.code])];

describe('too young', () => {
  test('says from when on it is admissible; nothing is fetched', async () => {
    const { now } = house.clock;
    house.registry.addNpm('young', { '1.0.0': {}, '1.1.0': { time: iso(now() - 2 * DAY) } });
    house.takeAsked();
    const reply = await house.ask(tarballPath('young', '1.1.0'));
    expect(codes(reply)).toEqual([403, 'TOO_YOUNG']);
    expect(reply.json.eligibleAt).toBe(iso(now() + 5 * DAY));
    expect(reply.json.nearestAllowed).toBe('young@1.0.0');
    expect(reply.phrase).toContain(iso(now() + 5 * DAY).slice(0, 10));
    expect(house.takeAsked()).toEqual(['GET /npm-up/young']);
    expect((await house.entries()).at(-1)).toMatchObject({ eligibleAt: now() + 5 * DAY });
  });

  test('a file of PyPI', async () => {
    const { now } = house.clock;
    house.registry.addPypi('young', [
      { filename: 'young-1.0.0-py3-none-any.whl', uploadTime: iso(now() - DAY) },
    ]);
    const reply = await house.ask('/pypi/files/young/young-1.0.0-py3-none-any.whl');
    expect([...codes(reply), reply.json.eligibleAt]).toEqual([403, 'TOO_YOUNG', iso(now() + 6 * DAY)]);
    const page = await house.ask('/pypi/simple/young/', { headers: JSON_PAGE });
    expect(page.json.files[0].yanked).toContain('TOO_YOUNG');
  });

  test('without a time: nobody knows, and no instant is promised', async () => {
    house.registry.addNpm('timeless', { '1.0.0': { time: null } });
    house.registry.addPypi('timeless', [{ filename: 'timeless-1.0.0-py3-none-any.whl', uploadTime: null }]);
    for (const path of [
      tarballPath('timeless', '1.0.0'),
      '/pypi/files/timeless/timeless-1.0.0-py3-none-any.whl',
    ]) {
      const reply = await house.ask(path);
      expect([...codes(reply), reply.json.eligibleAt]).toEqual([403, 'TOO_YOUNG', null]);
    }
  });

  test('a time in the future', async () => {
    const { now } = house.clock;
    house.registry.addNpm('future', { '1.0.0': { time: iso(now() + 30 * DAY) } });
    const reply = await house.ask(tarballPath('future', '1.0.0'));
    expect([...codes(reply), reply.json.eligibleAt]).toEqual([403, 'TOO_YOUNG', iso(now() + 37 * DAY)]);
  });

  test('claims may only tighten: an earlier time that is claimed later changes nothing, a later one counts', async () => {
    const { now } = house.clock;
    const claimed = now() - DAY;
    house.registry.addNpm('moved', { '1.0.0': { time: iso(claimed) } });
    expect((await house.ask(tarballPath('moved', '1.0.0'))).json.eligibleAt).toBe(iso(claimed + 7 * DAY));
    house.registry.addNpm('moved', { '1.0.0': { time: '2020-01-01T00:00:00.000Z' } });
    house.clock.advance(600 * SECOND);
    const earlier = await house.ask(tarballPath('moved', '1.0.0'));
    expect([...codes(earlier), earlier.json.eligibleAt]).toEqual([403, 'TOO_YOUNG', iso(claimed + 7 * DAY)]);
    expect((await house.ask('/npm/moved')).json.versions['1.0.0'].dist.tarball).toContain('TOO_YOUNG');
    const later = claimed + DAY / 2;
    house.registry.addNpm('moved', { '1.0.0': { time: iso(later) } });
    house.clock.advance(600 * SECOND);
    expect((await house.ask(tarballPath('moved', '1.0.0'))).json.eligibleAt).toBe(iso(later + 7 * DAY));
  });

  test('a version that claims to be old, but was not there when we last looked', async () => {
    house.registry.addNpm('backdated', { '1.0.0': {} });
    expect((await house.ask(tarballPath('backdated', '1.0.0'))).status).toBe(200);
    const lastAbsent = house.clock.now();
    house.clock.advance(3 * DAY);
    house.registry.addNpm('backdated', { '1.1.0': { time: '2020-01-01T00:00:00.000Z' } });
    const reply = await house.ask(tarballPath('backdated', '1.1.0'));
    expect([...codes(reply), reply.json.eligibleAt]).toEqual([403, 'TOO_YOUNG', iso(lastAbsent + 7 * DAY)]);
    await house.restart();
    expect((await house.ask(tarballPath('backdated', '1.1.0'))).json.eligibleAt).toBe(
      iso(lastAbsent + 7 * DAY),
    );
    // Sightings without a change move nothing on: a file once seen keeps its clock.
    house.clock.set(lastAbsent + 7 * DAY);
    expect((await house.ask(tarballPath('backdated', '1.1.0'))).status).toBe(200);
  });
});

describe('the instant', () => {
  test('page, entity tag, 304 and artifact change exactly at eligibleAt, one version after the other', async () => {
    const start = house.clock.now();
    house.registry.addNpm('stepwise', {
      '1.0.0': {},
      '1.1.0': { time: iso(start - 7 * DAY + 50_000) },
      '1.2.0': { time: iso(start - 7 * DAY + 90_000) },
    });
    const etags = new Set<string>();
    for (const [at, latest] of [
      [start, '1.0.0'],
      [start + 49_999, '1.0.0'],
      [start + 50_000, '1.1.0'],
      [start + 89_999, '1.1.0'],
      [start + 90_000, '1.2.0'],
    ] as const) {
      house.clock.set(at);
      for (const accept of ['application/vnd.npm.install-v1+json', 'application/json']) {
        const headers = { accept, 'if-none-match': [...etags].join(', ') };
        const reply = await house.ask('/npm/stepwise', { headers });
        // Between two instants it is the same page; what was admitted meanwhile is a new fact.
        if (at === start + 49_999) expect(reply.status).toBe(304);
        if (at === start + 50_000 || at === start + 90_000) expect(reply.status).toBe(200);
        if (reply.status === 304) continue;
        expect(reply.json['dist-tags'].latest).toBe(latest);
        expect(etags.has(String(reply.headers['etag']))).toBe(false);
        etags.add(String(reply.headers['etag']));
      }
      for (const version of ['1.1.0', '1.2.0']) {
        const reply = await house.ask(tarballPath('stepwise', version));
        expect(reply.status, `${version} at ${at - start}`).toBe(version <= latest ? 200 : 403);
      }
    }
  });

  test('a young version is admitted without the upstream being asked for its index again', async () => {
    const { now } = house.clock;
    house.registry.addNpm('sighted', { '1.0.0': { time: iso(now() - 7 * DAY + 1000) } });
    expect((await house.ask('/npm/sighted')).json.versions['1.0.0'].dist.tarball).toContain('TOO_YOUNG');
    house.takeAsked();
    house.clock.advance(1000);
    expect((await house.ask(tarballPath('sighted', '1.0.0'))).status).toBe(200);
    expect(house.takeAsked()).toEqual(['GET /npm-up/sighted/-/sighted-1.0.0.tgz']);
    expect(START).toBeLessThan(now());
  });
});
