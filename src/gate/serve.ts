import type { Admission, Answer, Caller, RefusalContext } from '../admission/admission.ts';
import { plainRefusal } from '../admission/refusal.ts';
import type { Route } from '../ecosystems/ecosystem.ts';
import type { ReasonCode } from '../model/reason-codes.ts';
import { sendAudit } from './audit.ts';
import { type Auth, auditorLine, loginLine } from './auth.ts';
import { sendDocument, sendFile, sendNotModified, sendRedirect } from './bodies.ts';
import { acceptedEncodings } from './encodings.ts';
import type { Exchange, Headers } from './exchange.ts';
import { allOf, etagsOf } from './headers.ts';
import type { Hosts } from './hosts.ts';
import { BodyUnreadable, readBody } from './intake.ts';
import type { GateLimits } from './limits.ts';
import type { GateOptions } from './options.ts';
import { sendHealth, sendMetrics, sendReady, sendWhy } from './pages.ts';
import { sendRefusal } from './refusals.ts';
import type { Shares } from './shares.ts';
import { type Row, rowOf } from './table.ts';
import { parseTarget, printOf } from './target.ts';

const READS: readonly string[] = ['GET', 'HEAD'];

/** What every request needs, made once. */
export interface Counter {
  readonly options: GateOptions;
  readonly limits: GateLimits;
  readonly auth: Auth;
  readonly hosts: Hosts;
  readonly shares: Shares;
  readonly auditors: Shares;
}

/**
 * One request, from its raw target to its last byte:
 *
 * 1. health and readiness answer anybody, at any time: a probe knows neither our name nor a token;
 * 2. no more than `maxInFlight` are being answered, and `maxOfAgent` of this agent, or 503;
 * 3. the target passes the grammar, or 400, and nothing but its length and hash goes on;
 * 4. Host is one of our names, or 421;
 * 5. a token says who asks, or 401;
 * 6. an agent's token opens packages, an auditor's the ledger, and neither the other, or 403;
 * 7. the table and the ecosystem's grammar say what is asked, or 404, 400, 405;
 * 8. admission answers, or the audit door, and the answer is sent as it is. The gate decides nothing.
 */
export async function serve(exchange: Exchange, counter: Counter, busy: boolean): Promise<void> {
  const { options, limits, auth, hosts } = counter;
  const { request } = exchange;
  const raw = exchange.request.url ?? '';
  const target = parseTarget(raw);
  const identity = auth.identify(request);
  const { caller } = identity;
  exchange.agent = caller.agent;
  exchange.client = caller.client;
  exchange.origin = hosts.origin(allOf(request, 'host'));
  exchange.path = target ? target.path : printOf(raw);
  const row = target ? rowOf(target.path, options.ecosystems) : null;
  exchange.kind = row?.kind ?? 'none';
  if (isRead(exchange.method)) {
    if (row?.kind === 'health') return sendHealth(exchange);
    if (row?.kind === 'ready') return sendReady(exchange, options);
  }
  // Without an entry: to wait for the ledger would be one more request in flight.
  const auditing = identity.known && identity.role === 'auditor';
  const held = auditing ? counter.auditors : counter.shares;
  if (busy || !held.take(caller.agent, exchange.response)) {
    if (auditing) return sendRefusal(exchange, plainRefusal('TOO_MANY_QUERIES'), { 'retry-after': 1 });
    return sendRefusal(exchange, { ...plainRefusal('OVERLOADED'), retryAfter: 1 });
  }
  if (!target || !row) return refuse(exchange, options.admission, caller, 'BAD_PATH', { path: printOf(raw) });
  if (!readable(exchange)) return refuse(exchange, options.admission, caller, 'BAD_REQUEST');
  if (exchange.origin === null) return refuse(exchange, options.admission, caller, 'MISDIRECTED');
  if (row.kind === 'health' || row.kind === 'ready' || row.kind === 'metrics') {
    if (!isRead(exchange.method)) return refuseMethod(exchange, options.admission, caller, 'GET, HEAD');
    return sendMetrics(exchange, options);
  }
  const { audit } = options;
  const open = row.kind === 'ledger' && row.open && isRead(exchange.method);
  if (open && audit) return sendAudit(exchange, limits, audit, row, target.query, null);
  if (!identity.known || (row.kind === 'ledger' && !caller.authenticated)) {
    const sent = !identity.known && identity.sent;
    const line = row.kind === 'ledger' ? auditorLine(sent) : loginLine(caller.client, sent, exchange.origin);
    return refuse(exchange, options.admission, caller, 'UNAUTHENTICATED', { line });
  }
  if (row.kind === 'ledger' && identity.role !== 'auditor')
    return refuse(exchange, options.admission, caller, 'AUDITOR_ONLY');
  if (row.kind !== 'ledger' && identity.role !== 'agent')
    return refuse(exchange, options.admission, caller, 'AGENT_ONLY');
  switch (row.kind) {
    case 'why':
      if (!isRead(exchange.method)) return refuseMethod(exchange, options.admission, caller, 'GET, HEAD');
      return sendWhy(exchange, options, row.leaf, caller);
    case 'ledger':
      if (!audit) return refuse(exchange, options.admission, caller, 'NOT_FOUND');
      return sendAudit(exchange, limits, audit, row, target.query, caller.agent);
    case 'none':
      return refuse(exchange, options.admission, caller, 'NOT_FOUND');
    case 'ecosystem':
      return ask(exchange, counter, caller, row, target.query, exchange.origin);
  }
}

/** From an ecosystem's path to admission's answer. */
async function ask(
  exchange: Exchange,
  counter: Counter,
  caller: Caller,
  row: Extract<Row, { kind: 'ecosystem' }>,
  query: string,
  origin: string,
): Promise<void> {
  const { options, limits } = counter;
  const { ecosystem } = row;
  const { method, request } = exchange;
  const { headers } = request;
  exchange.ecosystem = ecosystem.id;
  if (!isRead(method) && method !== 'POST') {
    return refuseMethod(exchange, options.admission, caller, 'GET, HEAD');
  }
  const route = ecosystem.route(row.path, {
    method,
    accept: headers.accept ?? '',
    userAgent: headers['user-agent'] ?? '',
    query,
  });
  exchange.kind = route?.kind ?? 'none';
  if (!route) return refuse(exchange, options.admission, caller, 'NOT_FOUND');
  if (route.kind === 'malformed') {
    exchange.path = printOf(request.url ?? '');
    return refuse(exchange, options.admission, caller, 'BAD_PATH', { path: exchange.path });
  }
  const allowed = methodsOf(route);
  if (!allowed.includes(method)) {
    return refuseMethod(
      exchange,
      options.admission,
      caller,
      (allowed.length > 0 ? allowed : READS).join(', '),
    );
  }
  let body: Uint8Array | null = null;
  if (method === 'POST') {
    try {
      body = await readBody(request, limits.maxBody);
    } catch (error) {
      // Cut off by the client, or by the server's own timeout: there is nobody to answer.
      if (!(error instanceof BodyUnreadable)) return void exchange.response.destroy();
      return refuse(exchange, options.admission, caller, 'BAD_REQUEST');
    }
  }
  const base = origin + row.mount;
  const answer = await options.admission.answer({
    requestId: exchange.id,
    caller,
    ecosystem,
    route,
    method: method as 'GET' | 'HEAD' | 'POST',
    base,
    encodings: acceptedEncodings(headers['accept-encoding']?.toString()),
    validators: { etags: etagsOf(headers['if-none-match']) },
    range: headers.range ?? null,
    ...(body ? { body } : {}),
  });
  // A client that takes nothing must not hold a place for ever.
  exchange.request.socket.setTimeout(limits.stallTimeout);
  const fault = await sendAnswer(exchange, answer, base);
  options.metrics.decision(ecosystem.id, exchange.kind, exchange.code);
  if (fault !== undefined) throw fault;
}

async function sendAnswer(exchange: Exchange, answer: Answer, base: string): Promise<unknown> {
  switch (answer.kind) {
    case 'document':
      return sendDocument(exchange, answer);
    case 'not-modified':
      return sendNotModified(exchange, answer);
    case 'file':
      return sendFile(exchange, answer, exchange.request.headers.range ?? null);
    case 'redirect':
      return sendRedirect(exchange, answer, base);
    case 'refusal':
      return sendRefusal(exchange, answer.refusal);
  }
}

/** A refusal of the gate's own, with its ledger entry. Without the entry it is a fault, not a refusal. */
async function refuse(
  exchange: Exchange,
  admission: Admission,
  caller: Caller,
  code: ReasonCode,
  context: Pick<RefusalContext, 'path' | 'line'> = {},
  headers: Headers = {},
): Promise<void> {
  const { id: requestId, method, ecosystem } = exchange;
  let refusal = plainRefusal('LEDGER_UNAVAILABLE');
  try {
    refusal = await admission.refuse(caller, code, { requestId, method, ecosystem, ...context });
  } finally {
    // The entry's code is what was decided; whatever else comes back still refuses.
    sendRefusal(exchange, refusal, refusal.code === 'METHOD_NOT_ALLOWED' ? headers : {});
  }
}

function refuseMethod(
  exchange: Exchange,
  admission: Admission,
  caller: Caller,
  allow: string,
): Promise<void> {
  return refuse(exchange, admission, caller, 'METHOD_NOT_ALLOWED', {}, { allow });
}

function methodsOf(route: Route): readonly string[] {
  if (route.kind === 'write') return [];
  return route.kind === 'audit' ? ['POST'] : READS;
}

function isRead(method: string): boolean {
  return READS.includes(method);
}

/** Framing that Node lets pass, but two readers may read in two ways. */
function readable({ request }: Exchange): boolean {
  const coding = request.headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return false;
  return request.httpVersion === '1.1' || request.httpVersion === '1.0';
}
