import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { GateLimits } from './limits.ts';
import { plainAnswer } from './refusals.ts';

/** Certificate chain and private key, PEM. */
export interface TlsOptions {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
}

/** Node's servers, of which Fastify makes one per address, each with all our bounds. */
export interface Listeners {
  create(handler: http.RequestListener): http.Server;
  /** Accepts nothing more, waits for what is being served, at most `limits.shutdown`. */
  drain(): Promise<void>;
}

/** What a request that Node cannot read is answered; all others 400. */
const STATUS = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
]);

/** `unreadable` is told of every request that Node could not read. */
export function listenersOf(
  tls: TlsOptions | null,
  limits: GateLimits,
  unreadable: (status: number) => void,
): Listeners {
  const servers: http.Server[] = [];
  /** Open connections, each with what is being answered on it. */
  const connections = new Map<Socket, Set<http.ServerResponse>>();
  const options: http.ServerOptions = {
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    connectionsCheckingInterval: limits.checkInterval,
    maxHeaderSize: limits.maxHeader,
    // No Host is our own 421 with a reason, not Node's bare 400.
    requireHostHeader: false,
    insecureHTTPParser: false,
    noDelay: true,
  };
  return {
    create(handler) {
      const counted: http.RequestListener = (request, response) => {
        const { socket } = request;
        const responses = connections.get(socket);
        responses?.add(response);
        response.once('close', () => responses?.delete(response));
        handler(request, response);
      };
      const server = tls
        ? https.createServer(
            { ...options, ...pem(tls), minVersion: 'TLSv1.2', handshakeTimeout: limits.headersTimeout },
            counted,
          )
        : http.createServer(options, counted);
      server.maxConnections = limits.maxConnections;
      server.timeout = 0;
      server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
        connections.set(socket, new Set());
        socket.once('close', () => connections.delete(socket));
      });
      server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
        const status = STATUS.get(error.code ?? '') ?? 400;
        if (error.code !== 'ECONNRESET') unreadable(status);
        // In the middle of an answer, words of ours would be taken for its bytes.
        const begun = [...(connections.get(socket as Socket) ?? [])].some((response) => response.headersSent);
        if (!socket.writable || begun) socket.destroy();
        else socket.end(plainAnswer(status), () => socket.destroy());
      });
      // Without a listener Node would drop the connection without a word. This is no forward proxy.
      server.on('connect', (_request, socket) => {
        // Node has taken its own listener off: a client that is gone already must not end the process.
        socket.on('error', () => socket.destroy());
        socket.end(plainAnswer(400), () => socket.destroy());
      });
      servers.push(server);
      return server;
    },
    async drain() {
      const listening = servers.filter((server) => server.listening);
      const closed = Promise.all(listening.map((server) => new Promise((resolve) => server.close(resolve))));
      // Connections become idle one by one, as their answers end; Node looks once, and not at those that
      // have not asked anything yet.
      const idle = setInterval(() => {
        for (const [socket, responses] of connections) if (responses.size === 0) socket.destroySoon();
      }, 50);
      const cut = setTimeout(() => {
        for (const socket of connections.keys()) socket.destroy();
      }, limits.shutdown);
      await closed;
      clearInterval(idle);
      clearTimeout(cut);
    },
  };
}

function pem(tls: TlsOptions): { cert: string | Buffer; key: string | Buffer } {
  const text = (value: string | Uint8Array) => (typeof value === 'string' ? value : Buffer.from(value));
  return { cert: text(tls.cert), key: text(tls.key) };
}
