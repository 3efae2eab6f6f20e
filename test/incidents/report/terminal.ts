import { printable } from '../../../src/cli/ledger-line.ts';
import { isFailure, type Result } from '../result.ts';

const WORDS = {
  caught: 'caught',
  stale: 'STALE',
  missed: 'MISSED',
  open: 'open',
} as const satisfies Record<Result['status'], string>;

/** One line of the table on the terminal, and the errors below it. Clients' words are not trusted. */
export function terminalLine(result: Result): string {
  const { id, status, code, clients, title, errors, ms } = result;
  const cells = [
    id,
    WORDS[status].padEnd(6),
    (code ?? '-').padEnd(20),
    (clients.join(', ') || '-').padEnd(24),
    `${(ms / 1000).toFixed(1)} s`.padStart(7),
    title,
  ];
  const below = isFailure(result) ? errors.map((error) => `\n     ${printable(error)}`) : [];
  return cells.join('  ') + below.join('');
}
