import type { Trust } from '../trust.ts';
import type { RegistryKey } from './registry-keys.ts';

/**
 * The pinned keys as the registry's API has them (`/-/npm/v1/keys`), JSON, for clients that check for themselves.
 * npm finds a key by its id alone, for signatures and attestations alike, so every id is there once, with the
 * earliest of its ends. Retired keys are there: npm compares their end with what they signed.
 */
export function servedKeys(trust: Trust): Uint8Array {
  const { all } = trust.keys;
  const once = all.filter((key, at) => all.findIndex((other) => other.keyid === key.keyid) === at);
  const keys = once.map(({ keyid, spki }) => ({
    expires: earliestEnd(all.filter((key) => key.keyid === keyid)),
    keyid,
    keytype: 'ecdsa-sha2-nistp256',
    scheme: 'ecdsa-sha2-nistp256',
    key: spki,
  }));
  return Buffer.from(JSON.stringify({ keys }));
}

function earliestEnd(keys: readonly RegistryKey[]): string | null {
  const ends = keys.flatMap((key) => key.end ?? []);
  return ends.length > 0 ? new Date(Math.min(...ends)).toISOString() : null;
}
