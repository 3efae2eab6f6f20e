import dns from 'node:dns';
import net from 'node:net';

export interface ForbiddenNetwork {
  /** What was tried all the same: host names looked up and addresses connected to. A test expects none. */
  readonly attempts: string[];
  restore(): void;
}

const HERE = /^(127\.|::1$|localhost$)/;

/** From now on no socket of this process leaves the machine, and no name but localhost is looked up. */
export function forbidNetwork(): ForbiddenNetwork {
  const attempts: string[] = [];
  const { connect } = net.Socket.prototype;
  const { lookup } = dns;

  net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
    const { host = 'localhost', path, lookup: own } = target(args);
    // a name that is looked up is judged there; a test's own look-up is judged by its answer, which node tries
    if (path !== undefined || HERE.test(host) || (net.isIP(host) === 0 && own !== undefined)) {
      return Reflect.apply(connect, this, args) as net.Socket;
    }
    attempts.push(host);
    process.nextTick(() => this.destroy(new Error(`a test tried to reach ${host}`)));
    return this;
  } as typeof connect;

  dns.lookup = ((host: string, ...rest: unknown[]) => {
    if (HERE.test(host)) return Reflect.apply(lookup, dns, [host, ...rest]);
    attempts.push(host);
    const done = rest.at(-1) as (error: Error) => void;
    process.nextTick(() => done(new Error(`a test tried to look up ${host}`)));
  }) as unknown as typeof dns.lookup;

  return {
    attempts,
    restore() {
      net.Socket.prototype.connect = connect;
      dns.lookup = lookup;
    },
  };
}

/** `connect(options)`, `connect(port, host)`, `connect(path)`, and node's own form, an array of these. */
function target(args: readonly unknown[]): { host?: string; path?: string; lookup?: unknown } {
  const first = Array.isArray(args[0]) ? (args[0] as readonly unknown[])[0] : args[0];
  if (typeof first === 'object' && first !== null) return first;
  if (typeof first === 'string') return { path: first };
  return typeof args[1] === 'string' ? { host: args[1] } : {};
}
