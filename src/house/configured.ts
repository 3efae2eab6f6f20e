import canonicalize from 'canonicalize';
import type { Config } from '../config.ts';
import { type Digest, sha256 } from '../model/digest.ts';

/**
 * Digest of the configuration in force (canonical JSON, RFC 8785): a start under another one has another. There is no
 * secret in a configuration: tokens are there by their hashes, credentials and keys by the names of variables and files;
 * and what an address could carry of a user and a password is left out.
 */
export function configDigest(config: Config): Digest {
  const text = canonicalize(JSON.parse(JSON.stringify(config, withoutCredentials)));
  if (text === undefined) throw new Error('the configuration cannot be written');
  return sha256(text);
}

function withoutCredentials(_key: string, value: unknown): unknown {
  if (typeof value !== 'string' || !value.includes('@')) return value;
  const url = URL.parse(value);
  if (!url?.host || url.username + url.password === '') return value;
  url.username = '';
  url.password = '';
  return url.href;
}
