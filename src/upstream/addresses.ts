import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * Which addresses a connection may go to. An index is written by strangers and names hosts; a name can resolve
 * to anything. So every resolved address is judged, whatever its spelling, and what is not plainly the public
 * internet is refused, unless the operator lists it.
 */
export interface AddressRules {
  /** Whether `address` (as a resolver or a socket gives it) may be connected to. No address at all: false. */
  admits(address: string): boolean;
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [Address, number];

/**
 * Refused IPv4 ranges (IANA IPv4 special-purpose registry, RFC 6890). The documentation ranges 192.0.2.0/24,
 * 198.51.100.0/24 and 203.0.113.0/24 (RFC 5737) are not among them: they are nobody's private network, and
 * some closed networks map their registries there.
 */
const REFUSED_V4 = ranges([
  '0.0.0.0/8', // this host (RFC 1122); Linux takes 0.0.0.0 for loopback
  '10.0.0.0/8', // private (RFC 1918)
  '100.64.0.0/10', // carrier-grade NAT (RFC 6598); some clouds keep metadata here
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local (RFC 3927); cloud metadata
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments (RFC 6890)
  '192.88.99.0/24', // 6to4 relay, deprecated (RFC 7526)
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarking (RFC 2544)
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and 255.255.255.255 broadcast
]);

/** IPv6 that is public at all: global unicast (RFC 4291). Loopback, link-local, unique-local … lie outside. */
const PUBLIC_V6 = ranges(['2000::/3']);

/** Inside global unicast, but not a server's own address. */
const REFUSED_V6 = ranges([
  '2001::/23', // protocol assignments (RFC 2928): Teredo, which embeds IPv4, benchmarking, ORCHID
  '2002::/16', // 6to4 (RFC 3056), embeds IPv4; deprecated
]);

/** The two forms that embed IPv4 in their last 32 bits and are in real use: judged as that address. */
const EMBEDS_V4 = ranges([
  '::ffff:0:0/96', // IPv4-mapped (RFC 4291)
  '64:ff9b::/96', // NAT64's well-known prefix (RFC 6052)
]);

/**
 * `privateAddresses`: addresses or CIDR blocks that the operator's own registry lies in (`10.1.0.0/16`, `::1`).
 * Throws RangeError where one cannot be read.
 */
export function addressRules(privateAddresses: readonly string[] = []): AddressRules {
  const allowed = ranges(privateAddresses);
  return {
    admits(text) {
      const address = parse(text);
      if (address === null) return false;
      if (within(address, allowed)) return true;
      if (address.kind() === 'ipv4') return !within(address, REFUSED_V4);
      return within(address, PUBLIC_V6) && !within(address, REFUSED_V6);
    },
  };
}

/** An address that counts: strictly spelled, without a zone, an embedded IPv4 address taken out. */
function parse(text: string): Address | null {
  // isIP is strict where ipaddr.js also reads octal, hexadecimal and short forms
  if (isIP(text) === 0 || text.includes('%')) return null;
  const address = read(text);
  if (!within(address, EMBEDS_V4)) return address;
  return new ipaddr.IPv4(address.toByteArray().slice(-4));
}

/** Reads what `isIP` knows. IPv6 goes through a URL first: ipaddr.js takes `::8.8.8.8` for `::ffff:8.8.8.8`. */
function read(text: string): Address {
  return ipaddr.parse(isIP(text) === 6 ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text);
}

function within(address: Address, list: readonly Range[]): boolean {
  return list.some(([base, bits]) => {
    if (address instanceof ipaddr.IPv4) return base instanceof ipaddr.IPv4 && address.match(base, bits);
    return base instanceof ipaddr.IPv6 && address.match(base, bits);
  });
}

function ranges(texts: readonly string[]): Range[] {
  return texts.map((text) => {
    const [base = '', bits, ...rest] = text.split('/');
    const longest = { 0: -1, 4: 32, 6: 128 }[isIP(base)] ?? -1;
    const length = bits === undefined ? longest : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (rest.length > 0 || longest < 0 || !(length <= longest)) {
      throw new RangeError(`not an address or a CIDR block: ${text}`);
    }
    return [read(base), length];
  });
}
