import type { OpenCheckpoint } from '../log/checkpoint.ts';
import { LogError } from '../log/log-error.ts';
import { type CosignedBy, cosignedBy, type TlogPolicy } from '../log/tlog-policy.ts';
import type { Findings } from './finding.ts';
import { readCheckpoint } from './heads.ts';
import type { OpenedLog } from './log-keys.ts';

/** Whether the newest checkpoint, or the newest cosigned one, has the cosignatures that the policy asks for. */
export async function checkCosigned(
  log: OpenedLog | undefined,
  witnesses: TlogPolicy | null,
  findings: Findings,
) {
  if (!log || witnesses === null || log.key === null) return null;
  const { number, key, open } = log;
  const place = { log: number };
  if (witnesses.logs.length > 0 && !witnesses.logs.some((one) => one.key.vkey === key.vkey))
    findings.problem('policy', 'cosignatures', place, 'the witness policy does not name this log');
  const newest = open && cosignedOf(open, witnesses, number, findings);
  if (newest?.met) return newest;
  const read = readCheckpoint(await log.source.read('cosigned'), key);
  const older = 'open' in read ? read.open : null;
  const cosigned = older && cosignedOf(older, witnesses, number, findings);
  if (!cosigned?.met) {
    findings.problem(
      'policy',
      'cosignatures',
      place,
      'no checkpoint has the cosignatures that the witness policy asks for',
    );
    return newest;
  }
  findings.note(
    'told',
    'cosignatures',
    { log: number, from: older?.size ?? 0 },
    `witnesses vouch for the first ${older?.size} entries; the ${(open?.size ?? 0) - (older?.size ?? 0)} after them are not cosigned yet`,
  );
  return cosigned;
}

function cosignedOf(
  open: OpenCheckpoint,
  witnesses: TlogPolicy,
  log: number,
  findings: Findings,
): CosignedBy | null {
  try {
    return cosignedBy(open.note, witnesses);
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    findings.problem('signature', 'cosignatures', { log }, error.message);
    return null;
  }
}
