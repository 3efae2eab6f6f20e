import dns, { type LookupAddress, type LookupAllOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import type { AddressRules } from './addresses.ts';

/** A connection would have gone to an address that is not admitted. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/** `dns.lookup` for all addresses of a name. */
export type Lookup = (
  hostname: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Connects to admitted addresses only. The name is resolved once per connection and the addresses that were
 * judged are the ones connected to, so that a name which answers differently the second time gains nothing.
 *
 * HTTP/1.1 only: the length of a body is enforced there by the parser.
 */
export function guardedConnector(
  rules: AddressRules,
  timeout: number,
  lookup: Lookup = dns.lookup,
): buildConnector.connector {
  const connect = buildConnector({
    timeout,
    allowH2: false,
    // said, because an environment variable can change the default
    rejectUnauthorized: true,
    lookup: guardedLookup(rules, lookup),
  });
  return (options, callback) => {
    // an address as host is connected to without a look-up
    const literal = options.hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) !== 0 && !rules.admits(literal)) return callback(new AddressRefused(), null);
    connect(options, (...[error, socket]) => {
      if (error) return callback(error, null);
      // whatever way the name took to an address: this is where the request would go
      if (!rules.admits(socket.remoteAddress ?? '')) {
        socket.destroy();
        return callback(new AddressRefused(), null);
      }
      callback(null, socket);
    });
  };
}

/** Refuses a name as a whole where any of its addresses is not admitted, or none is given. */
function guardedLookup(rules: AddressRules, lookup: Lookup): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, []);
      const [first] = addresses;
      if (!first || !addresses.every(({ address }) => rules.admits(address))) {
        return done(new AddressRefused(), []);
      }
      if (options.all) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
}
