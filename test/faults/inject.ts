import type { Ports } from '../../src/admission/ports.ts';

/**
 * `throw`: what was to be done is not begun. `reject`: it is done, and its result is lost. `hang`: it is not begun, and
 * nothing ever comes of it.
 */
export type Mode = 'throw' | 'reject' | 'hang';

export interface Armed {
  readonly site: string;
  readonly mode: Mode;
  /** At the how-manieth passage, from 1; every later passage too where `always`. */
  readonly nth: number;
  readonly always?: boolean;
  error(): unknown;
}

/** What ports do besides, by their path: given what they are called with, and what does it. */
export type Script = Readonly<Record<string, (real: () => unknown, args: readonly unknown[]) => unknown>>;

let armed: Armed | null = null;
let script: Script = {};
let passages = new Map<string, number>();
let fired = false;

/** From now on this fault, or none, and passages are counted anew. */
export function arm(next: Armed | null, besides: Script = {}): void {
  armed = next;
  script = besides;
  passages = new Map();
  fired = false;
}

/** How often each site was passed since `arm`. */
export function passed(): ReadonlyMap<string, number> {
  return passages;
}

/** Whether the armed fault happened. */
export function hasFired(): boolean {
  return fired;
}

/** The fault that happens at this passage of a site, if any. */
function due(site: string): Armed | null {
  const times = (passages.get(site) ?? 0) + 1;
  passages.set(site, times);
  if (armed?.site !== site || (armed.always ? times < armed.nth : times !== armed.nth)) return null;
  fired = true;
  return armed;
}

const NEVER = new Promise<never>(() => undefined);

/** An await of the source, and what it awaits. */
export async function fault<T>(site: string, make: () => Promise<T>): Promise<T> {
  const now = due(site);
  if (!now) return make();
  if (now.mode === 'hang') return NEVER;
  if (now.mode === 'reject') await make().catch(() => undefined);
  throw now.error();
}

/** A `for await` of the source, and what it is over: each of its pieces is one passage. */
export async function* faultEach<T>(site: string, make: () => AsyncIterable<T>): AsyncGenerator<T> {
  const pieces = make()[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await fault(site, () => pieces.next());
      if (done) {
        ended = true;
        return;
      }
      yield value;
    }
  } finally {
    if (!ended) await pieces.return?.();
  }
}

type Members = Readonly<Record<string, unknown>>;

/** Results of ports that are ports themselves, by the method that gives them. */
const GIVES: Readonly<Record<string, string>> = {
  'vault.receive': 'reception',
  'reception.finish': 'held',
  'vault.open': 'open',
};

/** What in the ports has methods of its own. */
const ROOMS: ReadonlySet<string> = new Set([
  'desk',
  'upstream',
  'vault',
  'vault.evidence',
  'ledger',
  'ledger.memory',
  'evidence',
  'advisories',
]);

/** Ports that answer at once: they throw, and cannot hang. */
export const SYNCHRONOUS: ReadonlySet<string> = new Set([
  'now',
  'policy',
  'source',
  'alarm',
  'fault',
  'evidence.trust',
  'evidence.npmKeys',
  'advisories.of',
  'ledger.health',
]);

/** Values, not doings. */
const PLAIN: ReadonlySet<string> = new Set(['ecosystems', 'limits', 'closing']);

/** The same ports, of which every call is a site: `port:vault.open`. */
export function faultyPorts(ports: Ports): Ports {
  return faulty(ports as unknown as Members, '') as unknown as Ports;
}

function faulty(target: Members, name: string): Members {
  const wrapped = new Map<string, unknown>();
  return new Proxy(target, {
    get(_target, key) {
      const value = target[key as string];
      if (typeof key !== 'string' || PLAIN.has(key)) return value;
      const path = name === '' ? key : `${name}.${key}`;
      if (ROOMS.has(path)) {
        if (!wrapped.has(key)) wrapped.set(key, faulty(value as Members, path));
        return wrapped.get(key);
      }
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => called(target, value as Called, path, args);
    },
  });
}

type Called = (...args: unknown[]) => unknown;

function called(target: Members, method: Called, path: string, args: readonly unknown[]): unknown {
  const site = `port:${path}`;
  const real = () => method.apply(target, [...args]);
  if (path === 'open.read') {
    return faultEach(site, () => (script[path]?.(real, args) ?? real()) as AsyncIterable<unknown>);
  }
  const now = due(site);
  if (now?.mode === 'throw' && SYNCHRONOUS.has(path)) throw now.error();
  if (now?.mode === 'throw') return Promise.reject(now.error());
  if (now?.mode === 'hang' && !SYNCHRONOUS.has(path)) return NEVER;
  const result = script[path] ? script[path](real, args) : real();
  if (!(result instanceof Promise)) {
    if (now) throw now.error();
    return result;
  }
  const given = GIVES[path];
  const settled = now ? result.catch(() => undefined) : result;
  return settled.then((value: unknown) => {
    if (now) throw now.error();
    return given !== undefined && value !== null ? faulty(value as Members, given) : value;
  });
}
