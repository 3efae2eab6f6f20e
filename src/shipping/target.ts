import { isIP } from 'node:net';
import { type Config, ConfigError } from '../config.ts';

/** What `shipping` in the configuration says of one target. */
export type TargetConfig = Config['shipping'][number];

/** Where and how one target's entries are sent. */
export interface Target {
  readonly name: string;
  readonly format: 'json' | 'ocsf';
  /** Entry types that are sent; null: all. */
  readonly types: ReadonlySet<string> | null;
  readonly to: WebhookAddress | SyslogAddress;
}

export interface WebhookAddress {
  readonly kind: 'webhook';
  readonly url: string;
  /** The bearer token; null for none. */
  readonly token: string | null;
}

export interface SyslogAddress {
  readonly kind: 'tls' | 'tcp' | 'udp';
  readonly host: string;
  readonly port: number;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** RFC 5425 section 4.1. The others have none that is of use. */
const SYSLOG_TLS_PORT = 6514;

/**
 * Reads the targets. Throws ConfigError for two of one name, an address with a credential in it (it is printed), a
 * webhook without TLS beyond loopback, types that entries do not have, and a token that is not in the environment.
 */
export function targetsOf(
  targets: readonly TargetConfig[],
  env: Readonly<Record<string, string | undefined>>,
  entryTypes: ReadonlySet<string>,
): readonly Target[] {
  const names = new Set<string>();
  return targets.map((config) => {
    const { name, types, format } = config;
    const wrong = (words: string) => new ConfigError(`shipping ${name}: ${words}`);
    if (names.has(name)) throw wrong('two targets have this name');
    names.add(name);
    const unknown = types?.find((type) => !entryTypes.has(type));
    if (unknown !== undefined || types?.length === 0)
      throw wrong(`types are some of ${[...entryTypes].join(', ')}`);
    return { name, format, types: types ? new Set(types) : null, to: addressOf(config, env, wrong) };
  });
}

function addressOf(
  { url: text, credentialEnv }: TargetConfig,
  env: Readonly<Record<string, string | undefined>>,
  wrong: (words: string) => ConfigError,
): WebhookAddress | SyslogAddress {
  const url = new URL(text);
  if (`${url.username}${url.password}${url.hash}` !== '')
    throw wrong('its url has a user, a password or a fragment; a token is named in credentialEnv');
  if (url.hostname === '') throw wrong('its url names no host');
  const kind = /^syslog\+(tls|tcp|udp):$/.exec(url.protocol)?.[1] as SyslogAddress['kind'] | undefined;
  if (kind === undefined) {
    if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname))
      throw wrong('without TLS anybody on the way could read and change what is sent; use https');
    return { kind: 'webhook', url: url.href, token: tokenOf(credentialEnv, env, wrong) };
  }
  if (credentialEnv !== undefined) throw wrong('syslog knows no credentials; credentialEnv is of a webhook');
  if (!['', '/'].includes(url.pathname) || url.search !== '') throw wrong('its url is syslog+…://host:port');
  const port = url.port === '' && kind === 'tls' ? SYSLOG_TLS_PORT : Number(url.port);
  if (port === 0) throw wrong('its url names no port');
  const bare = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { kind, host: isIP(bare) ? bare : url.hostname, port };
}

function tokenOf(
  name: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  wrong: (words: string) => ConfigError,
): string | null {
  if (name === undefined) return null;
  const token = env[name];
  if (token === undefined || token === '') throw wrong(`${name} is not set in the environment`);
  // RFC 6750 section 2.1. The token itself is in no words.
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token)) throw wrong(`${name} holds what is no bearer token`);
  return token;
}
