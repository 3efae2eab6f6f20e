import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// A bare node:http server that answers every path with a body of the length in its query (`/?bytes=3000`),
// or with 304 where the query has none: what Node itself can do here, now.

const bodies = new Map<string, Buffer>();

const server = createServer((request, response) => {
  const length = request.url?.split('=')[1];
  if (length === undefined) return void response.writeHead(304, { etag: '"bare"' }).end();
  const body = bodies.get(length) ?? Buffer.alloc(Number(length), 'a');
  bodies.set(length, body);
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': body.length });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
