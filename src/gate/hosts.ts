/** The names that this firewall answers to, and the base addresses that follow from them. */
export interface Hosts {
  /**
   * The origin under which served documents point back: the public URL where one is configured, else the
   * scheme and the Host that the client used, lower-case. No trailing slash. null: not one of our names,
   * no Host, or more than one (421).
   */
  origin(hosts: readonly string[]): string | null;
}

export interface HostOptions {
  /** `name`, `name:port`, `[::1]`, `[::1]:port`; a name without port means its default and the listening port. */
  readonly names: readonly string[];
  /** Absolute http(s) URL, may have a path. */
  readonly publicUrl: string | null;
  readonly scheme: 'http' | 'https';
  /** The port on which the server listens; null before it does. */
  port(): number | null;
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const HOST = /^([a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::([0-9]{1,5}))?$/;

/** Throws on a name or public URL that is none: a typing error must not open or close the gate silently. */
export function hostsOf(options: HostOptions): Hosts {
  const names = options.names.length > 0 ? options.names : LOOPBACK;
  const configured = names.map((name) => {
    const match = HOST.exec(name.toLowerCase());
    if (!match) throw new Error(`not a host name, or host:port: ${name}`);
    return { host: match[1] ?? '', port: match[2] ?? null };
  });
  const publicUrl = options.publicUrl === null ? null : readPublicUrl(options.publicUrl);
  const defaultPort = options.scheme === 'https' ? '443' : '80';

  const accepts = (host: string): boolean => {
    if (publicUrl && host === publicUrl.host) return true;
    const match = HOST.exec(host);
    if (!match) return false;
    const port = match[2] ?? defaultPort;
    const listening = options.port();
    // The loopback names are ours only at our own port; a configured name also where a port mapping hides it.
    const implied = listening === null ? [] : [String(listening)];
    if (options.names.length > 0) implied.push(defaultPort);
    return configured.some(
      (c) => c.host === match[1] && (c.port === null ? implied.includes(port) : c.port === port),
    );
  };

  return {
    origin(hosts) {
      const host = hosts.length === 1 ? hosts[0]?.toLowerCase() : undefined;
      if (host === undefined || host.length > 300 || !accepts(host)) return null;
      return publicUrl ? publicUrl.base : `${options.scheme}://${host}`;
    },
  };
}

function readPublicUrl(text: string): { readonly base: string; readonly host: string } {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new Error(
      'the public URL must be an absolute http(s) address without credentials, query or fragment',
    );
  }
  return { base: url.origin + url.pathname.replace(/\/+$/, ''), host: url.host };
}
