import type { Decision } from '../model/decision.ts';
import { wordsOf } from '../model/reason-codes.ts';
import type { CaseResult } from '../policy/cases.ts';
import { printable } from './ledger-line.ts';
import { reasonWords } from './reason-words.ts';

/** A case that failed: where and about what, what should be and what is, as a difference. */
export function caseLines({ place, subject, why, expected, decision }: CaseResult): string[] {
  const wanted = expected === 'allow' ? 'allow' : `refuse: it ${wordsOf(expected)} [${expected}]`;
  return [`FAIL ${place}: ${subject}`, `     ${why}`, `  - expected ${wanted}`, ...gotLines(decision)].map(
    (line) => printable(line).replaceAll('\n', '\\u000a'),
  );
}

function gotLines({ verdict, reasons, observed, waived, place, by }: Decision): string[] {
  const told = observed.map((reason) => `    would be refused, but for mode observe: ${reasonWords(reason)}`);
  const lifted = waived.map(({ code, place: where }) => `    a waiver lifts ${code} (${where})`);
  if (verdict === 'allow') {
    const rule = place === null ? '' : by === 'pin' ? ` by the pin at ${place}` : ` by ${place}`;
    return [`  + got allow${rule}`, ...told, ...lifted];
  }
  const [first, ...others] = reasons.map(reasonWords);
  return [
    `  + got refuse: ${first ?? 'without a reason'}`,
    ...others.map((words) => `    and ${words}`),
    ...lifted,
  ];
}
