import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect } from 'vitest';
import { type HouseOptions, startHouse, type TestHouse } from '../admission/harness.ts';
import { parseAnswer, type RawAnswer, sendRaw } from '../gate/harness.ts';

// A real server for a file of attacks: the house with all its rooms and threads behind its gate, on a port of loopback.

export { parseAnswer, sendRaw } from '../gate/harness.ts';

/** Starts one for the tests of a file or group, and removes it after them. */
export function server(options: HouseOptions, stage: (house: TestHouse) => unknown = () => undefined) {
  let house: TestHouse | undefined;
  beforeAll(async () => {
    house = await startHouse(options);
    await stage(house);
    house.takeAsked();
    await house.entries();
  }, 60_000);
  afterAll(() => house?.remove());
  return (): TestHouse => {
    if (!house) throw new Error('the server did not start');
    return house;
  };
}

export function portOf({ url }: { readonly url: string }): number {
  return Number(new URL(url).port);
}

/** Lines of a request as they are, over a connection of its own, with our Host and `Connection: close`. */
export async function raw(
  house: { readonly url: string },
  line: string,
  headers: readonly string[] = [],
): Promise<RawAnswer> {
  const all = [line, `Host: 127.0.0.1:${portOf(house)}`, 'Connection: close', ...headers];
  return parseAnswer(await sendRaw(portOf(house), Buffer.from(`${all.join('\r\n')}\r\n\r\n`, 'latin1')));
}

/** The target as it is, by GET. */
export function get(house: { readonly url: string }, target: string, headers: readonly string[] = []) {
  return raw(house, `GET ${target} HTTP/1.1`, headers);
}

/** Somebody who must not be reached: takes connections, remembers what they sent, answers 200 to each. */
export interface Foreign {
  readonly port: number;
  /** What each connection sent; a connection alone is ''. */
  readonly heard: string[];
  close(): Promise<void>;
}

export async function startForeign(host = '127.0.0.1'): Promise<Foreign> {
  const heard: string[] = [];
  const listening: Server = createServer((socket) => {
    const at = heard.push('') - 1;
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      heard[at] += bytes.toString('latin1');
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nowned');
    });
  });
  await new Promise<void>((resolve) => listening.listen(0, host, resolve));
  const address = listening.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    heard,
    close: () => new Promise<void>((resolve) => listening.close(() => resolve())),
  };
}

/** The index as an upstream would write it, with raw text where `JSON.stringify` cannot write what an attacker can. */
export function packument(name: string, versions: Readonly<Record<string, unknown>>): string {
  const time = Object.fromEntries(Object.keys(versions).map((version) => [version, '2020-01-01T00:00:00Z']));
  return JSON.stringify({ name, 'dist-tags': {}, versions, time });
}

/** A refusal by this code, without a byte of a package. */
export function refused(
  answer: { readonly status: number; readonly json: { readonly code?: string } },
  code: string,
) {
  expect([answer.status, answer.json.code]).toEqual([
    code.startsWith('UPSTREAM') ? expect.any(Number) : 403,
    code,
  ]);
  expect(answer.status).toBeGreaterThanOrEqual(400);
}
