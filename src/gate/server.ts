import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { plainRefusal } from '../admission/refusal.ts';
import { tokenAuth } from './auth.ts';
import type { Exchange } from './exchange.ts';
import { hostsOf } from './hosts.ts';
import { GATE_LIMITS } from './limits.ts';
import { listenersOf } from './listener.ts';
import type { GateOptions } from './options.ts';
import { sendRefusal } from './refusals.ts';
import { type Counter, serve } from './serve.ts';
import { Shares } from './shares.ts';
import type { Tally } from './tally.ts';

/**
 * The registry's HTTP server. It listens where `listen` says; `close` serves to its end what it has begun.
 * Throws on host names, public URL or token hashes that are none.
 *
 * Fastify's router decodes and normalises paths, and ours must not be read twice: its router sees `/` for
 * every request, and the whole story of a request (serve.ts) runs before Fastify looks at method or body.
 */
export function buildGate(options: GateOptions): FastifyInstance {
  const limits = { ...GATE_LIMITS, ...options.limits };
  const listeners = listenersOf(options.tls, limits, (status) =>
    options.metrics.request('unreadable', status, 0, 0),
  );
  const targets = new WeakMap<IncomingMessage, string>();
  const app: FastifyInstance = Fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    serverFactory: (handler) => listeners.create(handler),
    rewriteUrl(request) {
      targets.set(request, request.url ?? '');
      return '/';
    },
    // One logger for all: the access log's line carries the request's id itself.
    childLoggerFactory: (logger) => logger,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: false,
    bodyLimit: limits.maxBody,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    // The listeners have their own, which knows what is being answered.
    clientErrorHandler: () => undefined,
    frameworkErrors: (_error, _request, reply) => void reply.raw.destroy(),
  });
  let port: number | null = null;
  const counter: Counter = {
    options,
    limits,
    auth: tokenAuth(options.tokens, () => options.now()),
    shares: new Shares(limits.maxOfAgent),
    auditors: new Shares(limits.maxOfAuditor),
    hosts: hostsOf({
      names: options.hosts,
      publicUrl: options.publicUrl,
      scheme: options.tls ? 'https' : 'http',
      port: () => {
        port ??= portOf(app);
        return port;
      },
    }),
  };
  let inFlight = 0;

  app.addHook('onRequest', async (request, reply) => {
    reply.hijack();
    request.raw.url = targets.get(request.raw) ?? '';
    const exchange = exchangeOf(request.id, request.raw, reply.raw, options.metrics.tally);
    inFlight += 1;
    options.metrics.inFlight(1);
    const late = setTimeout(() => giveUp(exchange, options), limits.answerTimeout);
    exchange.response.once('close', () => {
      clearTimeout(late);
      inFlight -= 1;
      options.metrics.inFlight(-1);
      account(exchange, options);
    });
    // A client that goes away is an ended exchange, not a fault of the process.
    exchange.response.on('error', () => undefined);
    try {
      await serve(exchange, counter, inFlight > limits.maxInFlight);
    } catch (error) {
      options.logger.error({ requestId: exchange.id, err: error }, 'a request failed');
      if (!exchange.response.headersSent) sendRefusal(exchange, plainRefusal('INTERNAL'));
      else if (!exchange.response.writableEnded) exchange.response.destroy();
    }
  });
  app.all('/', (_request, reply) => reply);
  app.setNotFoundHandler((_request, reply) => reply);
  app.addHook('preClose', () => listeners.drain());
  return app;
}

/** Something behind the gate hangs. What has begun to be sent has a bound of its own: `stallTimeout`. */
function giveUp(exchange: Exchange, options: GateOptions): void {
  if (exchange.response.headersSent) return;
  options.logger.error({ requestId: exchange.id }, 'a request was not answered in time');
  sendRefusal(exchange, plainRefusal('INTERNAL'));
}

function exchangeOf(
  id: string,
  request: Exchange['request'],
  response: Exchange['response'],
  tally: Tally,
): Exchange {
  return {
    id,
    request,
    response,
    started: performance.now(),
    method: request.method ?? '',
    path: null,
    origin: null,
    kind: 'none',
    agent: null,
    client: '',
    ecosystem: null,
    code: null,
    entry: null,
    tally,
    bytes: 0,
  };
}

/** The access log's one line, and the numbers. No header but the reduced user agent, no query. */
function account(exchange: Exchange, options: GateOptions): void {
  const { response } = exchange;
  const ms = performance.now() - exchange.started;
  // 0: the client was gone before there was an answer.
  const status = response.headersSent ? response.statusCode : 0;
  options.metrics.request(exchange.kind, status, ms / 1000, exchange.bytes);
  options.logger.info(
    {
      requestId: exchange.id,
      method: exchange.method,
      path: exchange.path,
      kind: exchange.kind,
      status,
      complete: response.writableFinished,
      code: exchange.code,
      agent: exchange.agent,
      client: exchange.client,
      bytes: exchange.bytes,
      entry: exchange.entry,
      ms: Math.round(ms * 10) / 10,
    },
    'request',
  );
}

function portOf(app: FastifyInstance): number | null {
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : null;
}
