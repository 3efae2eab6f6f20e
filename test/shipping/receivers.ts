import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net';
import { createServer as createTls } from 'node:tls';

/** Receivers on loopback. Without vitest, so that other processes can use them. */

export interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly method: string;
  readonly lines: readonly string[];
}

export interface WebReceiver {
  readonly url: string;
  readonly requests: Received[];
  /** Every line that came, in its order. */
  lines(): string[];
  close(): Promise<void>;
}

/** What a request is answered with; the default is 200. */
export type Answer = (request: Received, response: ServerResponse, count: number) => void;

export async function webReceiver(
  answer: Answer = (_, response) => response.end(),
  tls?: { readonly cert: string; readonly key: string },
): Promise<WebReceiver> {
  const requests: Received[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const lines = Buffer.concat(chunks).toString('utf8').split('\n').slice(0, -1);
      const received = { headers: request.headers, method: request.method ?? '', lines };
      requests.push(received);
      answer(received, response, requests.length);
    });
  };
  const server = tls ? createHttps(tls, handle) : createHttp(handle);
  const port = await listening(server);
  return {
    url: `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${port}/in`,
    requests,
    lines: () => requests.flatMap(({ lines }) => lines),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface SyslogReceiver {
  readonly port: number;
  readonly messages: string[];
  connections: number;
  close(): Promise<void>;
}

/** Reads octet-counted messages (RFC 6587 section 3.4.1) and ends a connection when its sender does, as syslog daemons do. */
export async function syslogReceiver(
  tls?: { readonly cert: string; readonly key: string },
  meddle?: (socket: Socket, connection: number) => void,
): Promise<SyslogReceiver> {
  const sockets = new Set<Socket>();
  const receiver = {
    port: 0,
    messages: [] as string[],
    connections: 0,
    close: async (): Promise<void> => {},
  };
  const handle = (socket: Socket) => {
    let rest = Buffer.alloc(0);
    receiver.connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const space = rest.indexOf(0x20);
        const length = Number(rest.subarray(0, Math.max(space, 0)).toString() || Number.NaN);
        if (Number.isNaN(length) || rest.length < space + 1 + length) return;
        receiver.messages.push(rest.subarray(space + 1, space + 1 + length).toString('utf8'));
        rest = rest.subarray(space + 1 + length);
      }
    });
    meddle?.(socket, receiver.connections);
  };
  const server = tls ? createTls(tls, handle) : createTcp(handle);
  server.on('tlsClientError', () => undefined);
  receiver.port = await listening(server);
  receiver.close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return receiver;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
