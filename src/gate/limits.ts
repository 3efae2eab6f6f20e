/** Bounds of the gate. Times in milliseconds, sizes in bytes. None of them is ever "unlimited". */
export interface GateLimits {
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeout: number;
  /** From the first byte of a request to the end of its body. */
  readonly requestTimeout: number;
  /** How long an idle connection is kept for the next request. */
  readonly keepAliveTimeout: number;
  /** How often the two timeouts above are looked at. */
  readonly checkInterval: number;
  /**
   * From the headers of a request to the first byte of its answer: for what hangs in spite of all bounds behind the gate.
   * A download that is so slow goes on without its asker, and is there for the next one.
   */
  readonly answerTimeout: number;
  /** How long a client may take no byte of an answer before its connection is closed. */
  readonly stallTimeout: number;
  /** Request line and headers together. */
  readonly maxHeader: number;
  /** An audit's body, as it comes and again when it is unpacked. */
  readonly maxBody: number;
  readonly maxConnections: number;
  /** Requests being answered at the same time; one more is answered 503. */
  readonly maxInFlight: number;
  /** Of them by one agent, so that none keeps the others out. */
  readonly maxOfAgent: number;
  /** Of them by one auditor: questions to the ledger are never what keeps packages out. */
  readonly maxOfAuditor: number;
  /** How long `close()` waits for what is being served. */
  readonly shutdown: number;
}

export const GATE_LIMITS: GateLimits = {
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 65_000,
  checkInterval: 5_000,
  answerTimeout: 900_000,
  stallTimeout: 120_000,
  maxHeader: 16 * 1024,
  maxBody: 5 * 1024 ** 2,
  maxConnections: 10_000,
  maxInFlight: 2_000,
  maxOfAgent: 1_000,
  maxOfAuditor: 16,
  shutdown: 30_000,
};
