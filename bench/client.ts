import { connect, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

// A small load client in a thread of its own: keep-alive connections that send the same request over and over
// and count bytes. Every answer to one request has the same length, which a first exchange measures; a body
// is not looked at, so that the client costs less than the server.

/** What a run is asked to do. */
export interface Load {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
}

/** What it did. Times in milliseconds. */
export interface Served {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly status: string;
  /** Bytes of one whole answer. */
  readonly bytes: number;
}

const load = workerData as Load;
const request = Buffer.from(
  `GET ${load.path} HTTP/1.1\r\nHost: 127.0.0.1:${load.port}\r\n${Object.entries(load.headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`,
);

parentPort?.postMessage(await run());

async function run(): Promise<Served> {
  const { status, bytes } = await first();
  const times: number[] = [];
  const began = performance.now();
  const end = began + load.seconds * 1000;
  await Promise.all(Array.from({ length: load.connections }, () => keepAsking(bytes, end, times)));
  const seconds = (performance.now() - began) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? 0;
  return { perSecond: times.length / seconds, p50: at(0.5), p99: at(0.99), status, bytes };
}

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: load.port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** One exchange, read by its Content-Length (a 304 has none and no body). */
async function first(): Promise<{ status: string; bytes: number }> {
  const socket = await open();
  let seen = Buffer.alloc(0);
  socket.write(request);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    seen = Buffer.concat([seen, chunk]);
    const head = seen.indexOf('\r\n\r\n') + 4;
    if (head < 4) continue;
    const text = seen.toString('latin1', 0, head);
    const status = text.slice(9, 12);
    const length = /^content-length: (\d+)\r$/im.exec(text)?.[1];
    if (length === undefined && status !== '304') throw new Error(`an answer without a length:\n${text}`);
    const bytes = head + Number(length ?? 0);
    if (seen.length >= bytes) return { status, bytes };
  }
  throw new Error('the connection ended within an answer');
}

async function keepAsking(bytes: number, end: number, times: number[]): Promise<void> {
  const socket = await open();
  await new Promise<void>((resolve, reject) => {
    let left = 0;
    let sent = 0;
    const ask = () => {
      left = bytes;
      sent = performance.now();
      socket.write(request);
    };
    socket.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left > 0) return;
      if (left < 0) return reject(new Error('an answer of another length'));
      const now = performance.now();
      times.push(now - sent);
      if (now < end) ask();
      else {
        socket.destroy();
        resolve();
      }
    });
    socket.once('close', () => reject(new Error('the server closed a connection')));
    socket.once('error', reject);
    ask();
  });
}
