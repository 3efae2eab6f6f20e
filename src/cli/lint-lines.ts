import type { LintFinding, LintLevel, LocatedFinding } from '../policy/lint/lint-known.ts';
import { printable } from './ledger-line.ts';

/** `npm.yaml:12:5: error: … [waiver-expired]`, a line for each, as editors and CI read it. */
export function lintLines(findings: readonly LocatedFinding[]): string[] {
  return findings.map(({ level, code, path, line, column, message }) =>
    printable(`${path}:${line}:${column}: ${level}: ${message} [${code}]`).replaceAll('\n', '\\u000a'),
  );
}

export function lintSum(findings: readonly LintFinding[]): string {
  const count = (level: LintLevel): number => findings.filter((one) => one.level === level).length;
  return `${count('error')} errors, ${count('warning')} warnings, ${count('info')} notes`;
}
