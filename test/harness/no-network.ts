import dns from 'node:dns';
import net from 'node:net';

/**
 * From now on no socket of this process leaves the machine and no name is looked up: a test that would is told
 * so by an error instead of passing by luck. Returns a function that takes it back.
 */
export function forbidNetwork(): () => void {
  const connect = net.Socket.prototype.connect;
  const lookup = dns.lookup;
  net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
    const options = target(args);
    if (options.path === undefined && !/^(127\.|::1$|localhost$)/.test(options.host ?? 'localhost')) {
      throw new Error(`a test tried to reach ${options.host}`);
    }
    return Reflect.apply(connect, this, args) as net.Socket;
  } as typeof connect;
  dns.lookup = ((host: string) => {
    throw new Error(`a test tried to look up ${host}`);
  }) as unknown as typeof dns.lookup;
  return () => {
    net.Socket.prototype.connect = connect;
    dns.lookup = lookup;
  };
}

/** `connect(options)`, `connect(port, host)`, `connect(path)`, and node's own form, an array of these. */
function target(args: readonly unknown[]): { host?: string; path?: string } {
  const first = Array.isArray(args[0]) ? (args[0] as readonly unknown[])[0] : args[0];
  if (typeof first === 'object' && first !== null) return first;
  if (typeof first === 'string') return { path: first };
  return typeof args[1] === 'string' ? { host: args[1] } : {};
}
