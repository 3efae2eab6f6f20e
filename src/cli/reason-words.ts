import { aboutWords } from '../admission/about-words.ts';
import { evidenceWords } from '../admission/evidence/words.ts';
import type { Reason } from '../model/decision.ts';
import { wordsOf } from '../model/reason-codes.ts';

/** A reason in our words, for people: `it is denied by the policy [DENIED] (npm.yaml:12)`. */
export function reasonWords(reason: Reason): string {
  const { code, place, detail } = reason;
  const why = (detail ? evidenceWords(detail, code) : null) ?? aboutWords(reason);
  const words = `it ${wordsOf(code)} [${code}]`;
  return `${words}${why === null ? '' : `: ${why}`}${place === null ? '' : ` (${place})`}`;
}
