import type { FastifyBaseLogger } from 'fastify';
import type { Admission, Caller } from '../admission/admission.ts';
import type { Ecosystem } from '../ecosystems/ecosystem.ts';
import type { AuditDoor } from './audit-door.ts';
import type { TokenRecord } from './auth.ts';
import type { GateLimits } from './limits.ts';
import type { TlsOptions } from './listener.ts';
import type { Metrics } from './metrics.ts';

/** All that the gate needs, handed in by the composition root. */
export interface GateOptions {
  readonly admission: Admission;
  readonly ecosystems: readonly Ecosystem[];
  /** Empty: only callers from loopback are served, as `local` with profile `default`. */
  readonly tokens: readonly TokenRecord[];
  /** Names that Host may have, `name` or `name:port`; empty: the loopback names at the listening port. */
  readonly hosts: readonly string[];
  /** What served documents point back to, where it is not the Host that the client used. */
  readonly publicUrl: string | null;
  readonly tls: TlsOptions | null;
  readonly logger: FastifyBaseLogger;
  readonly metrics: Metrics;
  /** Milliseconds since 1970. */
  now(): number;
  ready(): Readiness | Promise<Readiness>;
  /** Why an entry was written, as a JSON value, for the one who caused it; null for all others. */
  why?(leaf: string, caller: Caller): Promise<unknown>;
  /** Who answers what is asked below `/ledger/` and `/api/v1/ledger/`; left out: there is nothing there. */
  readonly audit?: AuditDoor;
  readonly limits?: Partial<GateLimits>;
}

export interface Readiness {
  readonly ok: boolean;
  /** Lines for whoever runs the firewall: what is wrong, or weaker than usual. */
  readonly notes: readonly string[];
}
