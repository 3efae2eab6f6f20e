import net from 'node:net';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { createMetrics, type Metrics } from '../../src/gate/metrics.ts';
import type { GateOptions } from '../../src/gate/options.ts';
import { buildGate } from '../../src/gate/server.ts';
import { ECOSYSTEMS, ScriptedAdmission } from './fakes.ts';

export interface RunningGate {
  readonly app: FastifyInstance;
  readonly port: number;
  /** `127.0.0.1:port` */
  readonly host: string;
  readonly admission: ScriptedAdmission;
  readonly metrics: Metrics;
  /** Lines of the log, parsed. */
  readonly log: Record<string, unknown>[];
}

/** Options of a gate with nothing configured. */
export function optionsOf(
  admission: ScriptedAdmission,
  log: Record<string, unknown>[] = [],
  metrics = createMetrics({ processMetrics: false }),
): GateOptions {
  return {
    admission,
    ecosystems: ECOSYSTEMS,
    tokens: [],
    hosts: [],
    publicUrl: null,
    tls: null,
    logger: pino({ level: 'info' }, { write: (line: string) => void log.push(JSON.parse(line)) }),
    metrics,
    now: () => 1_800_000_000_000,
    ready: () => ({ ok: true, notes: [] }),
  };
}

/** A gate on a free loopback port, with a scripted admission. */
export async function startGate(
  options: Partial<GateOptions> & { readonly admission?: ScriptedAdmission } = {},
): Promise<RunningGate> {
  const log: Record<string, unknown>[] = [];
  const admission = options.admission ?? new ScriptedAdmission();
  const metrics = createMetrics({ processMetrics: false });
  const app = buildGate({ ...optionsOf(admission, log, metrics), ...options, admission });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { app, port, host: `127.0.0.1:${port}`, admission, metrics, log };
}

/** One answer as it came over the wire. Header names lower-case, duplicates joined by a line break. */
export interface RawAnswer {
  readonly status: number;
  readonly phrase: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** Sends bytes as they are and gives all that comes back until the connection closes. */
export function sendRaw(port: number, request: string | Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    const socket = net.connect(port, '127.0.0.1', () => socket.write(request));
    socket.setTimeout(8_000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (piece) => pieces.push(piece));
    socket.on('close', () => resolve(Buffer.concat(pieces)));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' ? undefined : reject(error),
    );
  });
}

export function parseAnswer(bytes: Buffer): RawAnswer {
  const end = bytes.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const match = /^HTTP\/1\.1 ([0-9]{3}) (.*)$/.exec(statusLine);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)}\n${value}` : value);
  }
  return {
    status: Number(match?.[1] ?? 0),
    phrase: match?.[2] ?? '',
    headers,
    body: bytes.subarray(end + 4),
  };
}

/** A request with Host and `Connection: close` on a connection of its own. */
export async function ask(
  gate: RunningGate,
  target: string,
  headers: Record<string, string> = {},
  method = 'GET',
  body: string | Buffer = '',
): Promise<RawAnswer> {
  const all: Record<string, string> = { Host: gate.host, Connection: 'close', ...headers };
  if (body.length > 0) all['Content-Length'] = String(Buffer.byteLength(body));
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = `${method} ${target} HTTP/1.1\r\n${head.join('')}\r\n`;
  return parseAnswer(
    await sendRaw(gate.port, Buffer.concat([Buffer.from(text, 'latin1'), Buffer.from(body)])),
  );
}

export async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  if (!condition()) throw new Error('did not come true');
}
