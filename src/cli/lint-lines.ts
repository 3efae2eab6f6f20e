import type { LintFinding, LintLevel } from '../policy/lint/lint-known.ts';
import { printable } from './ledger-line.ts';

/** `npm.yaml:12: error: … [waiver-expired]`, a line for each, as editors and CI read it. */
export function lintLines(findings: readonly LintFinding[]): string[] {
  return findings.map(({ level, code, place, message }) =>
    printable(`${place}: ${level}: ${message} [${code}]`).replaceAll('\n', '\\u000a'),
  );
}

export function lintSum(findings: readonly LintFinding[]): string {
  const count = (level: LintLevel): number => findings.filter((one) => one.level === level).length;
  return `${count('error')} errors, ${count('warning')} warnings, ${count('info')} notes`;
}
