import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, figures, quantile, type Seen } from './ask.ts';
import { startBare } from './heart.ts';
import type { Beats } from './heartbeat.ts';
import { type Subject, startSubject } from './subject.ts';
import { type LoadUpstream, startUpstream } from './upstream.ts';

// A large document on its way holds up nobody: it is read, decided on, written and compressed in threads.

const SIZE = 20e6;
const CODINGS = ['identity', 'gzip', 'br', 'zstd'];
const POLICY = `
profile: default
requirements: { npm: { age: 7d }, pypi: { age: 7d, sdist: deny } }
allow: [{ npm: "atlas-*" }, { npm: "pebble-*" }, { npm: grain }, { npm: ballast }, { pypi: "atlas-*" }]
`;

/**
 * On a shared machine the clock has pauses that no program is the cause of, so a bare loop beats beside the
 * firewall's. What a program does is there every time: the best of these rounds counts on the clock, less twice
 * what befell the bare loop, and every round in CPU, the longest turn of the firewall's loop.
 */
const ROUNDS = 3;

interface Round {
  readonly beats: Beats;
  readonly bare: Beats;
  readonly small: ReadonlyMap<string, readonly number[]>;
  readonly large: readonly Seen[];
}

describe('while large documents are in flight', () => {
  let upstream: LoadUpstream;
  let subject: Subject;
  let bare: Awaited<ReturnType<typeof startBare>>;
  let pebble = 0;
  beforeAll(async () => {
    upstream = await startUpstream();
    await upstream.call('npm', 'grain', '1.0.0', 0);
    await upstream.call('npm', 'ballast', '1.0.0', SIZE);
    await upstream.call('many', 'pebble', 5000);
    subject = await startSubject({
      policy: { 'load.yaml': POLICY },
      upstream: { npm: upstream.npm, pypi: upstream.pypi },
      env: { SALLYPORT_PREFIX_BUDGET: '100000' },
    });
    bare = await startBare();
    for (const path of ['/npm/grain', '/npm/pebble-4999', '/npm/ballast']) await ask(subject.url + path);
  });
  afterAll(async () => {
    bare?.stop();
    await subject?.remove();
    await upstream?.close();
  });

  /** Small requests of each kind, one after another, for as long as `work` takes. */
  async function beside<T>(work: () => Promise<T>) {
    const small = new Map<string, number[]>();
    let done = false;
    const kinds: readonly [string, () => string][] = [
      ['/healthz', () => '/healthz'],
      ['warm packument', () => '/npm/grain'],
      ['cold package', () => `/npm/pebble-${pebble++}`],
      ['warm tarball', () => '/npm/grain/-/grain-1.0.0.tgz'],
    ];
    const asking = kinds.map(async ([kind, path]) => {
      const times: number[] = [];
      small.set(kind, times);
      while (!done) {
        const seen = await ask(subject.url + path());
        expect(seen.status).toBe(200);
        times.push(seen.ms);
        await sleep(5);
      }
    });
    const value = await work().finally(() => {
      done = true;
    });
    await Promise.all(asking);
    return { value, small };
  }

  async function round(asks: readonly (() => Promise<Seen>)[]): Promise<Round> {
    await Promise.all([subject.beats(), bare.beats()]);
    const { value, small } = await beside(() => Promise.all(asks.map((one) => one())));
    return { beats: await subject.beats(), bare: await bare.beats(), small, large: value };
  }

  function tell(what: string, { beats, bare, small, large }: Round): void {
    console.log(
      `${what}: ${figures({ 'slowest ms': Math.max(...large.map(({ ms }) => ms)), ...beats, 'bare pause': bare.pause })}; small: ${[
        ...small,
      ]
        .map(
          ([kind, ms]) =>
            `${kind} ${ms.length} × ${figures({ p50: quantile(ms, 0.5), p99: quantile(ms, 0.99), max: Math.max(...ms) })}`,
        )
        .join(' | ')}`,
    );
  }

  function judge(rounds: readonly Round[]): void {
    expect(Math.min(...rounds.map((one) => one.beats.pause - 2 * one.bare.pause))).toBeLessThan(50);
    for (const { beats, large } of rounds) {
      expect(large.map(({ status }) => status)).toEqual(large.map(() => 200));
      expect(beats.busy).toBeLessThan(50);
      expect(beats.beats).toBeGreaterThan(20);
    }
    // A request is a chain of turns in several threads, and each link may be held up as the bare loop was.
    for (const kind of rounds[0]?.small.keys() ?? []) {
      const worst = rounds.map(({ small, bare }) => Math.max(...(small.get(kind) ?? [])) - 4 * bare.pause);
      expect(Math.min(...worst), kind).toBeLessThan(500);
    }
  }

  const cases = [
    ['npm', 'full', 'application/json'],
    ['npm', 'abbreviated', 'application/vnd.npm.install-v1+json'],
    ['pypi', 'JSON', 'application/vnd.pypi.simple.v1+json'],
    ['pypi', 'HTML', 'text/html'],
  ] as const;

  test.each(cases)('a cold document of %s, %s, in every coding at once', async (ecosystem, form, accept) => {
    const rounds: Round[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      const name = `atlas-${form.toLowerCase()}-${i}`;
      const path = ecosystem === 'npm' ? `/npm/${name}` : `/pypi/simple/${name}/`;
      const make = ecosystem === 'npm' ? 'largePackument' : 'largePage';
      expect(await upstream.call(make, name, SIZE)).toBeGreaterThan(SIZE * 0.9);
      const one = await round(
        CODINGS.map((coding) => () => ask(subject.url + path, { accept, 'accept-encoding': coding })),
      );
      expect(one.large.map(({ encoding }) => encoding ?? 'identity')).toEqual(CODINGS);
      tell(`${ecosystem} ${form} (${one.large.map(({ bytes }) => bytes).join(', ')} bytes)`, one);
      rounds.push(one);
    }
    judge(rounds);
  });

  test('clients that take nothing hold no copy of a document or a file each', async () => {
    const name = 'atlas-full-0';
    const path = `/npm/${name}`;
    const file = '/npm/ballast/-/ballast-1.0.0.tgz';
    // both are here and warm before anybody is slow
    for (const warm of [path, file]) expect((await ask(subject.url + warm)).status).toBe(200);
    const before = await subject.memory();
    const stalled = await Promise.all(
      Array.from({ length: 60 }, (_, i) => stall(subject.port, i % 2 === 0 ? path : file)),
    );
    await sleep(2000);
    const during = await subject.memory();
    const { beats } = await round([() => ask(subject.url + path)]);
    for (const socket of stalled) socket.destroy();
    console.log(
      `60 clients that take nothing: ${figures({ 'before MiB': before.now, 'during MiB': during.now, ...beats })}`,
    );
    // 30 × 16 MB of documents and 30 × 20 MB of files would be a gigabyte
    expect(during.now - before.now).toBeLessThan(250);
  });
});

/** Asks for something and reads no more than its head. */
function stall(port: number, path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept-Encoding: identity\r\n\r\n`);
    });
    socket.once('error', reject);
    socket.once('data', (head: Buffer) => {
      socket.pause();
      if (head.toString('latin1', 0, 12) === 'HTTP/1.1 200') resolve(socket);
      else reject(new Error(head.toString('latin1', 0, 200)));
    });
  });
}
