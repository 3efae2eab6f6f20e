import type { KeyObject } from 'node:crypto';
import { EvidenceFault } from '../fault.ts';
import type { RegistryKeys } from '../npm/registry-keys.ts';

/**
 * The registry's key of this id for attestations, at a time in ms since 1970.
 * @throws EvidenceFault `key-unknown`, `key-usage`, `key-time`
 */
export function attestationKey(keys: RegistryKeys, keyid: string, at: number): KeyObject {
  const found = keys.find(keyid, 'npm:attestations');
  if (!found) throw new EvidenceFault(keys.knows(keyid) ? 'key-usage' : 'key-unknown');
  if (at < found.start || (found.end !== null && at >= found.end)) throw new EvidenceFault('key-time');
  return found.key;
}
