import { CAUSES, type Cause } from '../model/evidence.ts';

/** Two ways in which evidence is no evidence: it is wrong, or we cannot tell. */
export type FaultResult = 'failed' | 'unchecked';

/** Causes that say that a thing is not known to us, rather than wrong. */
const NOT_KNOWN: ReadonlySet<Cause> = new Set<Cause>([
  'unreachable',
  'media-type',
  'key-unknown',
  'key-usage',
  'key-time',
  'key-retired',
  'issuer',
]);

/** Thrown inside `verify` by whatever finds a document wanting; `checkEvidence` makes the verdict of it. */
export class EvidenceFault extends Error {
  override readonly name = 'EvidenceFault';
  override readonly cause: Cause;
  readonly result: FaultResult;

  constructor(cause: Cause, result: FaultResult = NOT_KNOWN.has(cause) ? 'unchecked' : 'failed') {
    super(`evidence: ${cause}`);
    this.cause = cause;
    this.result = result;
  }

  /** What follows the name of the thing: "cannot be read". */
  get words(): string {
    return CAUSES[this.cause];
  }
}
