import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowing, SECOND, startHouse, type TestHouse } from '../admission/harness.ts';
import { type Firewall, startFirewall } from '../harness/firewall.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';

// What can be done to the firewall with cheap requests.

describe('a process of its own', () => {
  let registry: FakeRegistry;
  let firewall: Firewall;

  beforeAll(async () => {
    registry = await startRegistry();
    registry.addNpm('left-pad', { '1.3.0': { bulk: 2_000_000 } });
    firewall = await startFirewall({
      policy: { 'default.yaml': allowing(['left-pad']) },
      upstream: { npm: registry.npmBase, pypi: registry.pypiBase },
    });
  });

  afterAll(async () => {
    await firewall.remove();
    await registry.close();
  });

  /** Sends bytes, waits a little, and resets the connection without reading an answer. */
  const sendAndReset = (bytes: string, after: number) =>
    new Promise<void>((resolve) => {
      const socket = connect(firewall.port, '127.0.0.1', () => {
        socket.pause();
        socket.write(bytes);
        setTimeout(() => socket.resetAndDestroy(), after);
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
    });

  const inFlight = async () => {
    const text = await (await fetch(`${firewall.url}/metrics`)).text();
    return Number(/^sallyport_requests_in_flight (\d+)/m.exec(text)?.[1]);
  };

  test('CONNECT from a client that is gone before the answer ends nothing', async () => {
    for (let i = 0; i < 60; i++) {
      await sendAndReset('CONNECT elsewhere.test:1 HTTP/1.1\r\nHost: x\r\n\r\n', i % 4);
    }
    await sleep(100);
    expect(firewall.process.exitCode).toBeNull();
    expect((await fetch(`${firewall.url}/healthz`)).status).toBe(200);
  });

  test('pipelined requests that are reset leave no place taken and no file open', async () => {
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${firewall.port}\r\n\r\n`;
    const tarball = request('/npm/left-pad/-/left-pad-1.3.0.tgz');
    for (let i = 0; i < 5; i++) await sendAndReset(tarball + request('/npm/nope').repeat(5) + tarball, 60);
    for (let i = 0; i < 50 && (await inFlight()) > 1; i++) await sleep(100);
    // The question itself is one.
    expect(await inFlight()).toBe(1);
  });
});

describe('refusals past an agent’s budget', () => {
  const OWN = 1_000;
  let house: TestHouse;

  beforeAll(async () => {
    house = await startHouse({ policy: allowing(['left-pad']) });
    house.registry.addNpm('left-pad', { '1.3.0': {} });
  });

  afterAll(() => house.remove());

  test('are summed; what is admitted still has its own entry', async () => {
    for (let i = 0; i < OWN; i += 100) {
      const replies = await Promise.all(
        Array.from({ length: 100 }, (_, n) => house.ask(`/npm/nope-${i + n}`)),
      );
      for (const reply of replies) {
        expect(reply.status).toBe(403);
        expect(reply.headers['x-sallyport-entry']).toMatch(/^[0-9a-f]{64}$/);
      }
    }
    expect(await house.entries()).toHaveLength(OWN);

    // The first one past it opens the sums, and its entry is the first sum.
    const first = await house.ask('/npm/nope');
    expect(first.status).toBe(403);
    const [sum, ...none] = await house.entries();
    expect(none).toEqual([]);
    expect(sum).toMatchObject({
      type: 'decision',
      route: 'sum',
      verdict: 'refuse',
      agent: 'local',
      refusals: 1,
      counts: { NOT_ALLOWLISTED: 1 },
      leaf: first.headers['x-sallyport-entry'],
    });

    // Within the minute nothing is written, and the refusal is told as ever.
    const later = await house.ask('/npm/nope');
    expect(later.status).toBe(403);
    expect(later.headers['x-sallyport-entry']).toBeUndefined();
    expect(later.json).toMatchObject({ code: 'NOT_ALLOWLISTED', entry: null, why: null });
    expect((await house.ask('/npm/%00')).status).toBe(400);
    const wheel = await house.ask('/pypi/simple/nope/');
    expect(wheel.text).toContain('nope-0+refused.not.on.the.allowlist');
    expect(await house.entries()).toEqual([]);

    const tarball = await house.ask('/npm/left-pad/-/left-pad-1.3.0.tgz');
    expect(tarball.status).toBe(200);
    const [admitted] = await house.entries();
    expect(admitted).toMatchObject({ verdict: 'allow', leaf: tarball.headers['x-sallyport-entry'] });

    house.clock.advance(61 * SECOND);
    await house.ask('/npm/nope');
    expect(await house.entries()).toMatchObject([
      { route: 'sum', refusals: 4, counts: { NOT_ALLOWLISTED: 3, BAD_PATH: 1 } },
    ]);
  });

  test('another hour has another budget; a sum that waits is written when the house closes', async () => {
    await house.ask('/npm/nope');
    expect(await house.entries()).toEqual([]);
    house.clock.advance(3600 * SECOND);
    await house.ask('/npm/nope');
    expect(await house.entries()).toMatchObject([{ route: 'index', name: 'nope' }]);
    await house.restart();
    const written = await house.entries();
    expect(written.filter((e) => e['route'] === 'sum')).toMatchObject([{ refusals: 1 }]);
  });
});
