import { expect } from 'vitest';
import type { VersionScheme } from '../../src/model/versions.ts';

/** In the order of `compare` no major line is left and come back to, and versions that are equal are of one line. */
export function linesStayTogether(scheme: VersionScheme, versions: readonly string[]): void {
  const sorted = versions.toSorted((a, b) => scheme.compare(a, b));
  const runs = sorted
    .map((version) => scheme.majorLine(version))
    .filter((line, i, all) => line !== all[i - 1]);
  expect(new Set(runs).size).toBe(runs.length);
}
