import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowing, tarballPath } from '../admission/harness.ts';
import { type Firewall, startFirewall } from '../harness/firewall.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';
import { heading } from './attacks.ts';

const MIB = 1024 ** 2;

// A process of its own, so that its memory can be read. Bounds are small here and the same code; the full tier measures.

describe(heading('A11'), () => {
  let registry: FakeRegistry;
  let firewall: Firewall;
  beforeAll(async () => {
    registry = await startRegistry();
    registry.addNpm('left-pad', { '1.3.0': { bulk: 4 * MIB } });
    for (const name of ['huge', 'many', 'drip', 'endless'])
      registry.addNpm(name, { '1.0.0': { bulk: 20_000 } });
    registry.addNpm('large', { '1.0.0': { bulk: 3 * MIB } });
    firewall = await startFirewall({
      policy: {
        'default.yaml': allowing(['left-pad', 'huge', 'many', 'drip', 'endless', 'large']),
      },
      upstream: { npm: registry.npmBase, pypi: registry.pypiBase },
      env: { SALLYPORT_MAX_INDEX: String(8 * MIB), SALLYPORT_MAX_FILE: String(5 * MIB) },
    });
    expect((await fetch(firewall.url + tarballPath('left-pad', '1.3.0'))).status).toBe(200);
  }, 60_000);
  afterAll(async () => {
    await firewall?.remove();
    await registry?.close();
  });

  const ask = async (path: string) => {
    const answer = await fetch(firewall.url + path, { signal: AbortSignal.timeout(15_000) });
    return { status: answer.status, text: await answer.text() };
  };
  const memory = async () => {
    const { text } = await ask('/metrics');
    return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1]);
  };
  const others = async () => {
    expect((await ask('/npm/left-pad')).status).toBe(200);
    expect((await fetch(firewall.url + tarballPath('left-pad', '1.3.0'))).status).toBe(200);
  };

  test('an index larger than any may be is refused, and its memory is not taken', async () => {
    const before = await memory();
    const undo = registry.withFault(/huge$/, { kind: 'huge', bytes: 200 * MIB });
    const [huge] = await Promise.all([ask('/npm/huge'), others()]);
    undo();
    expect(huge.status).toBe(403);
    expect(huge.text).toContain('TOO_LARGE');
    expect((await memory()) - before).toBeLessThan(150 * MIB);
  });

  test('one that declares to be that large is refused at once', async () => {
    const undo = registry.withFault(/endless$/, { kind: 'length', off: 500 * MIB });
    const from = performance.now();
    expect((await ask('/npm/endless')).text).toContain('TOO_LARGE');
    expect(performance.now() - from).toBeLessThan(10_000);
    undo();
  });

  test('fifty thousand versions below that bound are read beside others', async () => {
    const versions = Array.from({ length: 50_000 }, (_, i) => `"1.0.${i}":{}`).join();
    const body = `{"name":"many","versions":{${versions}},"time":{},"dist-tags":{}}`;
    const undo = registry.withFault(/many$/, { kind: 'body', body, contentType: 'application/json' });
    const [many] = await Promise.all([ask('/npm/many'), others()]);
    undo();
    expect(many.text).not.toContain('1.0.49999');
    await others();
  });

  test('an artifact larger than any may be is not kept, and not served', async () => {
    registry.addNpm('large', { '2.0.0': { bulk: 6 * MIB } });
    const answer = await ask(tarballPath('large', '2.0.0'));
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.text.length).toBeLessThan(4000);
  });

  test('an upstream that drips holds up who waits for it, and nobody else', async () => {
    registry.withFault(/drip-1\.0\.0\.tgz$/, { kind: 'drip', bytesPerSecond: 40 });
    const gone = new AbortController();
    const waiting = Array.from({ length: 20 }, () =>
      fetch(firewall.url + tarballPath('drip', '1.0.0'), { signal: gone.signal }).then(
        () => 'answered',
        () => 'given up',
      ),
    );
    await sleep(300);
    await others();
    expect(registry.pathsAsked().filter((path) => path.includes('drip-1.0.0'))).toHaveLength(1);
    gone.abort();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['given up']));
  });

  test('a thousand clients that begin a request and never end it keep nobody out', async () => {
    const before = await memory();
    const open: Socket[] = await Promise.all(
      Array.from(
        { length: 1000 },
        (_, i) =>
          new Promise<Socket>((resolve, reject) => {
            const socket = connect(firewall.port, '127.0.0.1', () => {
              socket.write(
                i % 2 === 0 ? 'GET /npm/left-pad HTTP/1.1\r\nX-Slow: ' : 'POST / HTTP/1.1\r\nContent-Le',
              );
              resolve(socket);
            });
            socket.once('error', reject);
          }),
      ),
    );
    for (const socket of open) socket.on('error', () => undefined);
    await others();
    expect((await memory()) - before).toBeLessThan(200 * MIB);
    for (const socket of open) socket.destroy();
    await others();
  });

  test('clients that take nothing of a file hold no copy of it each', async () => {
    const before = await memory();
    const stalled = await Promise.all(
      Array.from(
        { length: 60 },
        () =>
          new Promise<Socket>((resolve, reject) => {
            const path = tarballPath('left-pad', '1.3.0');
            const socket = connect(firewall.port, '127.0.0.1', () => {
              socket.pause();
              socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${firewall.port}\r\n\r\n`);
              resolve(socket);
            });
            socket.once('error', reject);
          }),
      ),
    );
    await sleep(500);
    await others();
    // Sixty files of 4 MiB would be 240 MiB, and the sockets' own buffers are the kernel's.
    expect((await memory()) - before).toBeLessThan(200 * MIB);
    for (const socket of stalled) socket.destroy();
  });
});
