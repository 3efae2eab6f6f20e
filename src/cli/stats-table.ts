import type { StatsGroup, StatsKey } from '../ledger/ledger.ts';
import { printable } from './ledger-line.ts';

/** Counts of entries as lines for a terminal: how many, the first and the last of them, and of what. */
export function statsTable(by: StatsKey, groups: readonly StatsGroup[]): string[] {
  const rows = [
    ['entries', 'first', 'last', by],
    ...groups.map(({ key, entries, first, last }) => [
      String(entries),
      String(first),
      String(last),
      key === '' ? '-' : key,
    ]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map(([entries = '', first = '', last = '', key = '']) => {
    const numbers = [entries, first, last].map((cell, i) => cell.padStart(widths[i] ?? 0));
    return printable([...numbers, key].join('  ')).replaceAll('\n', '\\u000a');
  });
}
