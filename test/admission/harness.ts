/**
 * A whole house in this process: policy, rooms and threads as they are composed for real, behind a real gate on
 * loopback, before a fake upstream and under a clock that a test sets.
 *
 *   const house = await startHouse({ policy: 'profile: default\nallow:\n  - npm: left-pad\n' });
 *   house.registry.addNpm('left-pad', { '1.3.0': {} });
 *   const answer = await house.ask('/npm/left-pad');
 *   house.clock.advance(DAY);
 *   await house.remove();
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { openHouse } from '../../src/compose.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { createMetrics, type Metrics } from '../../src/gate/metrics.ts';
import type { GateOptions } from '../../src/gate/options.ts';
import { buildGate } from '../../src/gate/server.ts';
import type { House } from '../../src/house/house.ts';
import type { EntryFilter } from '../../src/ledger/ledger.ts';
import type { Digest } from '../../src/model/digest.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';

export const SECOND = 1_000;
export const DAY = 86_400_000;
/** When every test's clock starts; the fake registry publishes in 2020 unless told otherwise. */
export const START = Date.parse('2026-06-01T00:00:00Z');

export interface HouseOptions {
  /** `default.yaml`, or several files by their path. */
  readonly policy: string | Readonly<Record<string, string>>;
  /** `sallyport.yaml`, as text. */
  readonly config?: string;
  /** More `SALLYPORT_…` variables and credentials. */
  readonly env?: Readonly<Record<string, string>>;
  /** `auth.yaml` with `tokens:`. */
  readonly auth?: string;
  /** Another registry than one of its own; the caller closes it. */
  readonly registry?: FakeRegistry;
  /** What of the gate is to be otherwise. */
  readonly gate?: (house: House) => Partial<GateOptions>;
}

export interface Reply {
  readonly status: number;
  /** Reason phrase. */
  readonly phrase: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As it came, still packed. */
  readonly body: Buffer;
  /** Unpacked, as text. */
  readonly text: string;
  /** Unpacked and parsed. */
  readonly json: Json;
}

/** What a test reads out of a document. A member that is not there is undefined. */
// biome-ignore lint/suspicious/noExplicitAny: a test looks into answers member by member and compares each
export type Json = any;

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal;
}

export interface Entry {
  readonly seq: number;
  readonly leaf: string;
  readonly [field: string]: Json;
}

export interface TestHouse {
  readonly registry: FakeRegistry;
  readonly house: House;
  readonly root: string;
  readonly url: string;
  readonly clock: { now(): number; set(to: number): void; advance(by: number): void };
  /** Kinds of the alarms that the metrics counted since the last call. */
  takeAlarms(): string[];
  /** Everything that was logged. */
  readonly log: string;
  ask(path: string, options?: Ask): Promise<Reply>;
  /**
   * Entries that were written since the last call, but for `served` and `aborted`, which nobody waits for; or all
   * that a filter picks. Oldest first.
   */
  entries(filter?: EntryFilter): Promise<Entry[]>;
  /** Replaces the policy's files and reloads. */
  setPolicy(policy: HouseOptions['policy']): Promise<boolean>;
  /** What the upstream was asked since the last call. */
  takeAsked(): string[];
  /** Closes the house and opens it anew on the same folder; `meanwhile` is done when nobody has it. */
  restart(meanwhile?: () => Promise<unknown>): Promise<void>;
  /** Stops everything and removes the folder. */
  remove(): Promise<void>;
}

interface Running {
  readonly house: House;
  readonly gate: FastifyInstance;
  readonly port: number;
}

export async function startHouse(options: HouseOptions): Promise<TestHouse> {
  const root = await mkdtemp(join(tmpdir(), 'house-'));
  const registry = options.registry ?? (await startRegistry());
  const allowlists = join(root, 'allowlists');
  await mkdir(allowlists);
  await writePolicy(allowlists, options.policy);
  const env: Record<string, string> = {
    SALLYPORT_DATA: join(root, 'data'),
    SALLYPORT_ALLOWLISTS: allowlists,
    SALLYPORT_NPM_UPSTREAM: registry.npmBase,
    SALLYPORT_PYPI_UPSTREAM: registry.pypiBase,
    SALLYPORT_PRIVATE_ADDRESSES: '127.0.0.0/8',
    SALLYPORT_LOG_LEVEL: 'debug',
    ...options.env,
  };
  if (options.config !== undefined)
    env['SALLYPORT_CONFIG'] = await put(root, 'sallyport.yaml', options.config);
  if (options.auth !== undefined) env['SALLYPORT_AUTH'] = await put(root, 'auth.yaml', options.auth);
  const settings = Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('SALLYPORT_')));
  const config = loadConfig(settings);

  let now = START;
  let log = '';
  let alarms: string[] = [];
  let lastSeq = -1;
  const agent = new Agent({ keepAlive: true });
  const real = createMetrics({ processMetrics: false });
  const metrics: Metrics = {
    ...real,
    alarm(kind) {
      alarms.push(kind);
      real.alarm(kind);
    },
  };
  const open = () =>
    run(
      config,
      env,
      () => now,
      metrics,
      (line) => (log += line),
      options.gate,
    );
  let running = await open();

  const test: TestHouse = {
    registry,
    root,
    get house() {
      return running.house;
    },
    get url() {
      return `http://127.0.0.1:${running.port}`;
    },
    clock: {
      now: () => now,
      set(to) {
        now = to;
      },
      advance(by) {
        now += by;
      },
    },
    get log() {
      return log;
    },
    takeAlarms() {
      const taken = alarms;
      alarms = [];
      return taken;
    },
    takeAsked() {
      const asked = registry.pathsAsked();
      registry.requests.length = 0;
      return asked;
    },
    ask: (path, how) => ask(running.port, agent, path, how),
    async entries(filter) {
      const found: Entry[] = [];
      for await (const { seq, leaf, bytes } of running.house.ports.ledger.query(
        filter ?? { after: lastSeq },
      )) {
        found.push({ ...JSON.parse(bytes), seq, leaf });
      }
      if (filter) return found;
      lastSeq = found.at(-1)?.seq ?? lastSeq;
      return found.filter((e) => e['type'] !== 'served' && e['type'] !== 'aborted');
    },
    async setPolicy(policy) {
      await rm(allowlists, { recursive: true });
      await mkdir(allowlists);
      await writePolicy(allowlists, policy);
      return running.house.reload();
    },
    async restart(meanwhile) {
      await stop(running);
      await meanwhile?.();
      running = await open();
    },
    async remove() {
      agent.destroy();
      // Upstream first: a house waits for what is under way, and a test may have left an upstream hanging.
      if (!options.registry) await registry.close();
      await stop(running);
      await rm(root, { recursive: true, force: true });
    },
  };
  await test.entries();
  return test;
}

async function run(
  config: Config,
  env: Readonly<Record<string, string>>,
  now: () => number,
  metrics: Metrics,
  write: (line: string) => void,
  otherwise: HouseOptions['gate'],
): Promise<Running> {
  const house = await openHouse(config, env, now, '0.0.0-test', metrics, write);
  const gate = buildGate({
    admission: house.admission,
    ecosystems: ECOSYSTEMS,
    tokens: config.auth.tokens.map(({ hash, agent, profile }) => ({
      hash: hash as Digest,
      agent,
      profile,
      expires: null,
    })),
    hosts: [],
    publicUrl: null,
    tls: null,
    logger: house.log,
    metrics,
    now,
    ready: () => house.ready(),
    why: (leaf, caller) => house.why(leaf, caller.agent),
    ...otherwise?.(house),
  });
  await gate.listen({ host: '127.0.0.1', port: 0 });
  return { house, gate, port: (gate.server.address() as AddressInfo).port };
}

async function stop({ house, gate }: Running): Promise<void> {
  gate.server.closeIdleConnections();
  await gate.close();
  await house.close();
}

function ask(port: number, agent: Agent, path: string, how: Ask = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body, signal } = how;
    const options = { host: '127.0.0.1', port, path, method, agent, headers, ...(signal ? { signal } : {}) };
    const asking = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('aborted', () => reject(new Error('the answer was cut off')));
      response.on('end', () => {
        const flat = Object.fromEntries(Object.entries(response.headers).map(([k, v]) => [k, String(v)]));
        resolve(replyOf(response.statusCode ?? 0, response.statusMessage ?? '', flat, Buffer.concat(chunks)));
      });
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

function replyOf(status: number, phrase: string, headers: Record<string, string>, body: Buffer): Reply {
  return {
    status,
    phrase,
    headers,
    body,
    get text() {
      return unpack(headers['content-encoding'], body).toString('utf8');
    },
    get json() {
      return JSON.parse(unpack(headers['content-encoding'], body).toString('utf8'));
    },
  };
}

function unpack(encoding: string | undefined, body: Buffer): Buffer {
  if (encoding === undefined) return body;
  if (encoding === 'gzip') return gunzipSync(body);
  if (encoding === 'br') return brotliDecompressSync(body);
  if (encoding === 'zstd') return zstdDecompressSync(body);
  throw new Error(`unknown Content-Encoding ${encoding}`);
}

async function writePolicy(folder: string, policy: HouseOptions['policy']): Promise<void> {
  const files = typeof policy === 'string' ? { 'default.yaml': policy } : policy;
  for (const [path, text] of Object.entries(files)) await put(folder, path, text);
}

async function put(folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

/** A policy of the default profile that admits names by exact rules, without an age. */
export function allowing(npm: readonly string[], pypi: readonly string[] = [], more = ''): string {
  const rules = [...npm.map((n) => `  - npm: "${n}"`), ...pypi.map((n) => `  - pypi: "${n}"`)];
  return `profile: default\nallow:\n${rules.join('\n')}\n${more}`;
}

/** `/npm/…` path of a tarball. */
export function tarballPath(name: string, version: string): string {
  return `/npm/${name}/-/${name.split('/').at(-1)}-${version}.tgz`;
}

/** Waits until something has come true, at most two seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it did not come true');
}

/** The header of an agent whose token is its own name, and `auth.yaml` with the tokens of such agents. */
export function bearer(agent: string): { readonly authorization: string } {
  return { authorization: `Bearer token-of-${agent}-0123456789` };
}

export function tokensOf(agents: Readonly<Record<string, string>>): string {
  const rows = Object.entries(agents).map(([agent, profile]) => {
    const hash = createHash('sha256').update(`token-of-${agent}-0123456789`).digest('hex');
    return `  - { hash: "sha256:${hash}", agent: ${agent}, profile: ${profile} }`;
  });
  return `tokens:\n${rows.join('\n')}\n`;
}

/** `sha512-…` of bytes. */
export function sri(bytes: Uint8Array): string {
  return `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
}

export function hexSha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Every file below a folder, as paths relative to it. */
export async function filesBelow(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((f) => f.isFile()).map((f) => relative(folder, join(f.parentPath, f.name)));
}
