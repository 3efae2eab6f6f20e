import { evidenceWords } from '../admission/evidence/words.ts';
import type { Reason } from '../model/decision.ts';
import { wordsOf } from '../model/reason-codes.ts';
import { shown } from '../model/shown.ts';

/** A reason in our words, for people: `it is denied by the policy [DENIED] (npm.yaml:12)`. */
export function reasonWords({ code, place, detail, about }: Reason): string {
  const why = detail ? evidenceWords(detail, code) : null;
  const what = (about ?? []).map((word) =>
    /^[A-Za-z0-9 ().:+~-]{1,500}$/.test(word) ? word : (shown(word) ?? '(unprintable)'),
  );
  const parts = [why, what.length > 0 ? what.join(', ') : null].filter((part) => part !== null);
  return `it ${wordsOf(code)} [${code}]${parts.length > 0 ? `: ${parts.join('; ')}` : ''}${place === null ? '' : ` (${place})`}`;
}
