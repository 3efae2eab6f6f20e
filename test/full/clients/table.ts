import type { Words } from './words.ts';

/** The three refusals that are shown for every client, in the order of the document. */
export const CASES = {
  unlisted: 'A name that is on no allowlist',
  version: 'A version that is refused, asked for exactly',
  file: 'A file that is not what its index says',
} as const;

export type Case = keyof typeof CASES;

/** What one client showed. */
export interface Row {
  readonly client: string;
  readonly version: string;
  readonly words: Readonly<Partial<Record<Case, Words>>>;
}

/** The document `docs/clients.md`. */
export function document(rows: readonly Row[]): string {
  const parts = [
    '# What a person sees',
    '',
    'Made by `test/full/clients/clients.test.ts`, which runs every client through the firewall; do not edit.',
    'Long digests, paths and times are written as `…`. "Reason" says whether the client shows our words; where it',
    'does not, `sallyport check NAME` and the ledger tell them.',
    '',
  ];
  for (const [key, title] of Object.entries(CASES) as [Case, string][]) {
    parts.push(`## ${title}`, '', '| client | reason | what is printed |', '|---|---|---|');
    for (const { client, version, words } of rows) {
      const shown = words[key];
      if (!shown) continue;
      const lines = shown.lines.map(code).join('<br>') || 'nothing';
      parts.push(`| ${client} (${version}) | ${shown.reason} | ${lines} |`);
    }
    parts.push('');
  }
  return parts.join('\n');
}

/** A line as code in a cell of a table. */
function code(line: string): string {
  const text = line.replaceAll('|', '\\|');
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}
