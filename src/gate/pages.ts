import type { Caller } from '../admission/admission.ts';
import { plainRefusal } from '../admission/refusal.ts';
import { type Exchange, send } from './exchange.ts';
import type { GateOptions } from './options.ts';
import { sendRefusal } from './refusals.ts';

const NO_STORE = { 'cache-control': 'no-store' };

/** `/healthz`: the process answers. */
export function sendHealth(exchange: Exchange): void {
  sendJson(exchange, 200, { status: 'ok' });
}

/** `/readyz`: 503 until all that an admission needs is there. A readiness that cannot be told is none. */
export async function sendReady(exchange: Exchange, options: GateOptions): Promise<void> {
  const { ok, notes } = await options.ready();
  sendJson(exchange, ok === true ? 200 : 503, { status: ok === true ? 'ready' : 'not ready', notes });
}

/** `/metrics`, Prometheus text. */
export async function sendMetrics(exchange: Exchange, options: GateOptions): Promise<void> {
  const text = await options.metrics.render();
  send(exchange, 200, null, { 'content-type': options.metrics.contentType, ...NO_STORE }, Buffer.from(text));
}

/** `/-/why/<leaf>`: one 404 for what does not exist and for what another agent caused. */
export async function sendWhy(
  exchange: Exchange,
  options: GateOptions,
  leaf: string,
  caller: Caller,
): Promise<void> {
  const found = (await options.why?.(leaf, caller)) ?? null;
  if (found === null)
    sendRefusal(exchange, plainRefusal('NOT_FOUND', 'sallyport: no such entry of yours (NOT_FOUND)'));
  else sendJson(exchange, 200, found);
}

function sendJson(exchange: Exchange, status: number, value: unknown): void {
  send(
    exchange,
    status,
    null,
    { 'content-type': 'application/json', ...NO_STORE },
    Buffer.from(`${JSON.stringify(value)}\n`),
  );
}
