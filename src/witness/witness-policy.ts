import { readFile } from 'node:fs/promises';
import { ConfigError } from '../config.ts';
import { LogError } from '../ledger/log/log-error.ts';
import { parseTlogPolicy, type TlogPolicy } from '../ledger/log/tlog-policy.ts';
import type { Witness } from './client.ts';

/** Reads a C2SP tlog-policy file. Throws ConfigError: a policy that cannot be read is not the policy of none. */
export async function readWitnessPolicy(path: string): Promise<TlogPolicy> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigError(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  try {
    return parseTlogPolicy(text);
  } catch (error) {
    if (error instanceof LogError) throw new ConfigError(`${path}: ${error.message}`);
    throw error;
  }
}

/**
 * Those of a policy's witnesses that can be asked. Throws ConfigError where one has an address that is none, and where
 * those that have one can never meet the policy.
 */
export function witnessesOf(policy: TlogPolicy, path: string): readonly Witness[] {
  const witnesses = policy.witnesses.flatMap(({ name, key, url }) => {
    if (url === null) return [];
    const parsed = URL.parse(url);
    if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.password || parsed.search)
      throw new ConfigError(`${path}: the address of ${name} is no http(s) address without user and query`);
    return [{ name, key, url }];
  });
  if (!policy.met(new Set(witnesses.map(({ name }) => name))))
    throw new ConfigError(`${path}: the witnesses that have an address are not enough for its quorum`);
  return witnesses;
}
