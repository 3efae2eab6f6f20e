import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, connect as dial } from 'node:net';

// The first process inside the jail of jail.ts: brings loopback up, lets the ports answer, answers every look-up
// of a name with "no such name" after telling it outside, then runs the command and ends with its exit code.

interface Order {
  readonly relays: readonly { readonly port: number; readonly relay: string }[];
  readonly lookups: string;
  readonly resolver: string;
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly command: string;
  readonly args: string[];
}

const order = JSON.parse(process.argv[2] ?? '') as Order;

const up = spawnSync('ip', ['link', 'set', 'lo', 'up']);
if (up.status !== 0) throw new Error(`jail: loopback does not come up: ${up.stderr}`);
// Only in this mount namespace; where it cannot be bound, a look-up fails later and unnoticed, but fails.
spawnSync('mount', ['--bind', order.resolver, '/etc/resolv.conf']);

for (const { port, relay } of order.relays) {
  const server = createServer({ allowHalfOpen: true }, (inner) => {
    const outer = dial({ path: relay, allowHalfOpen: true });
    const end = () => {
      inner.destroy();
      outer.destroy();
    };
    inner.on('error', end);
    outer.on('error', end);
    inner.pipe(outer);
    outer.pipe(inner);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

const tell = dial(order.lookups);
tell.on('error', () => tell.destroy());
const names = createSocket('udp4');
names.on('message', (query, from) => {
  const { name, end } = nameIn(query);
  tell.write(`${name}\n`);
  names.send(nxdomain(query, end), from.port, from.address);
});
names.bind(53, '127.0.0.1');
await once(names, 'listening');

const child = spawn(order.command, order.args, {
  cwd: order.cwd,
  env: order.env,
  stdio: ['ignore', 'inherit', 'inherit'],
});
child.once('error', (error) => {
  console.error(`jail: ${error.message}`);
  process.exit(127);
});
child.once('close', (code) => {
  tell.end(() => process.exit(code ?? 1));
});

/** The name in a DNS query (RFC 1035, 4.1.2), and where its question section ends. */
function nameIn(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0 && length < 64; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length).toLowerCase());
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 5 };
}

/** The answer "no such name" (rcode 3) to a query. */
function nxdomain(query: Buffer, end: number): Buffer {
  const answer = Buffer.from(query.subarray(0, end));
  answer.writeUInt16BE(0x8183, 2);
  answer.writeUInt16BE(1, 4);
  for (const count of [6, 8, 10]) answer.writeUInt16BE(0, count);
  return answer;
}
