/**
 * - `caught`: the attack works bare, and behind the firewall it does not, for the reason that is expected.
 * - `stale`: the bare attack no longer works with the client at hand; nothing is shown, so it does not count as caught.
 * - `missed`: the firewall let it through, or stopped it for another reason.
 * - `open`: nothing that a gate sees could stop it; the row says why.
 */
export type Status = 'caught' | 'stale' | 'missed' | 'open';

/** What came of one replay: what every report is made of, and what `--json` writes. */
export interface Result {
  readonly id: string;
  readonly title: string;
  readonly happened: string;
  /** Where the row is written, from the project's folder. */
  readonly file: string;
  readonly controls: readonly string[];
  /** As the table names them: `npm 11.19.1`. */
  readonly clients: readonly string[];
  readonly status: Status;
  /** What is seen of the attack bare, in words; null for an open row. */
  readonly effect: string | null;
  /** The refusal's code, as the ledger's entry has it; null where nothing is refused. */
  readonly code: string | null;
  /** Who was not contacted behind the firewall, where that is the point. */
  readonly untouched: 'foreign' | 'upstream' | null;
  /** Why it cannot be caught, or what remains; null where nothing does. */
  readonly open: string | null;
  /** What went wrong where it is stale or missed. */
  readonly errors: readonly string[];
  readonly ms: number;
}

/** Whether a run with this result fails. */
export function isFailure({ status }: Pick<Result, 'status'>): boolean {
  return status === 'stale' || status === 'missed';
}
