import type { Config } from './config.ts';

/**
 * What whoever starts it should know before the first client is sent away; null for nothing. An address that stands
 * for all of them (0.0.0.0, ::, in any spelling) is no name that a client uses: without another, only the loopback
 * names are answered.
 */
export function startWarning(config: Pick<Config, 'host' | 'hosts' | 'publicUrl'>): string | null {
  if (!/^[0:.]+$/.test(config.host) || config.hosts.length > 0 || config.publicUrl) return null;
  return (
    `sallyport: it listens on every address (${config.host}) but answers only to localhost; all other names get 421. ` +
    'Set SALLYPORT_HOSTS (hosts) to the names that clients use, or SALLYPORT_PUBLIC_URL (publicUrl) to their address.'
  );
}
