import type { FastifyBaseLogger } from 'fastify';
import type { createAdmission } from '../admission/create.ts';
import type { Ports } from '../admission/ports.ts';
import type { AuditDoor } from '../gate/audit-door.ts';
import type { Readiness } from '../gate/options.ts';
import type { Policy } from '../policy/policy.ts';

/** Everything behind the gate, wired and running. */
export interface House {
  readonly ports: Ports;
  readonly log: FastifyBaseLogger;
  readonly admission: ReturnType<typeof createAdmission>;
  policy(): Policy;
  /**
   * Reads the allowlists and the trust root again: what is valid is taken into use, what is not is alarmed and left.
   * False where either was left.
   */
  reload(): Promise<boolean>;
  /** Removes what no pin needs (its files, their metadata, its index) until the vault is within its bound. */
  evict(): Promise<void>;
  ready(): Promise<Readiness>;
  /** An entry for the agent that caused it; null for everybody else. */
  why(leaf: string, agent: string): Promise<unknown>;
  /** For those who read the ledger. */
  readonly audit: AuditDoor;
  close(): Promise<void>;
}
