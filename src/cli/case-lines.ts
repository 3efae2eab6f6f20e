import type { Decision } from '../model/decision.ts';
import { REASONS, type ReasonCode, wordsOf } from '../model/reason-codes.ts';
import type { CaseResult } from '../policy/cases/cases.ts';
import { printable } from './ledger-line.ts';
import { reasonWords } from './reason-words.ts';

/** A case that failed: where and about what, what should be and what is, as a difference. */
export function caseLines({ place, subject, why, expected, decision }: CaseResult): string[] {
  return [
    `FAIL ${place}: ${subject}`,
    `     ${why}`,
    `  - expected ${expectedWords(expected)}`,
    ...gotLines(decision),
  ].map((line) => printable(line).replaceAll('\n', '\\u000a'));
}

/** `allow`, `DENIED`, `observe TOO_YOUNG`, and behind a comma what waivers lift. */
function expectedWords(expected: string): string {
  const [, code, more = ''] = /^([A-Z_]+)(.*)$/.exec(expected) ?? [];
  return code !== undefined && isReasonCode(code) ? `refuse: it ${wordsOf(code)} [${code}]${more}` : expected;
}

function isReasonCode(code: string): code is ReasonCode {
  return Object.hasOwn(REASONS, code);
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
