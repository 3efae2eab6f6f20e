import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../config.ts';
import type { Metrics } from '../gate/metrics.ts';
import { trustEntry } from '../ledger/entry.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Digest } from '../model/digest.ts';
import type { DeskPool } from '../threads/desk-pool.ts';
import type { VerifyPool } from '../threads/verify-pool.ts';
import { loadTrust } from '../trust/files.ts';
import type { TrustSteps } from '../trust/in-force.ts';
import { keepTrust } from '../trust/kept.ts';
import type { Vault } from '../vault/vault.ts';
import type { Entering } from './entering.ts';

export interface TrustParts extends Pick<Entering, 'stamp'> {
  readonly config: Config;
  readonly vault: Vault;
  readonly ledger: Ledger;
  readonly desk: DeskPool;
  readonly verifiers: VerifyPool;
  readonly metrics: Metrics;
  readonly log: FastifyBaseLogger;
  /** Milliseconds since 1970. */
  now(): number;
  /** Somebody should look at it: what is wrong, and the digest of what is in force meanwhile. */
  alarm(problem: string, inForce: Digest): void;
}

/** What it takes to replace the trust of a house: it is kept and entered before anything is verified under it. */
export function trustSteps(parts: TrustParts): TrustSteps {
  const { config, vault, ledger, desk, verifiers, metrics, log, now, stamp, alarm } = parts;
  return {
    now,
    load: () => loadTrust(config),
    // Both read it once more. The desk takes it whole or not at all; then it is known to be readable.
    async take({ bytes, digest }, previous) {
      await keepTrust(vault.evidence, bytes);
      await ledger.append(trustEntry({ ...stamp(), trust: digest, previous }));
      await desk.setTrust(bytes);
      verifiers.setTrust(bytes);
    },
    alarm,
    changed({ digest, from }, before) {
      metrics.trust(digest, now());
      log.info(
        { before, after: digest, root: from.root, npmKeys: from.npmKeys },
        'trust root and keys reloaded',
      );
    },
  };
}
