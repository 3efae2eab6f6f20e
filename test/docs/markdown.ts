import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** A fenced block. `line` is that of its first line of text. */
export interface Block {
  readonly file: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

export interface Page {
  /** Relative to the project. */
  readonly file: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  /** `code` in running text and tables: without the backticks. */
  readonly spans: readonly string[];
  /** Targets of `[text](target)`. */
  readonly links: readonly string[];
  /** Anchors of its headings, as the usual renderers make them. */
  readonly anchors: ReadonlySet<string>;
}

/** Everything that people read here. */
export function pages(): Page[] {
  const here = readdirSync(ROOT).filter((name) => name.endsWith('.md'));
  const docs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  return [...here, ...docs.map((name) => `docs/${name}`), 'allowlists/README.md'].map((file) =>
    readPage(file, readFileSync(join(ROOT, file), 'utf8')),
  );
}

export function readPage(file: string, text: string): Page {
  const blocks: Block[] = [];
  const prose: string[] = [];
  let open: { line: number; language: string; lines: string[] } | null = null;
  text.split('\n').forEach((line, i) => {
    const fence = /^\s*```(\w*)\s*$/.exec(line);
    if (open && fence) {
      blocks.push({ file, line: open.line, language: open.language, text: open.lines.join('\n') });
      open = null;
    } else if (open) open.lines.push(line);
    else if (fence) open = { line: i + 2, language: fence[1] ?? '', lines: [] };
    else prose.push(line);
  });
  if (open) throw new Error(`${file}: a block is not closed`);
  const said = prose.join('\n');
  return {
    file,
    text,
    blocks,
    spans: [...said.matchAll(/(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)/g)].map((m) =>
      (m[1] ?? '').replace(/\s*\n\s*/g, ' '),
    ),
    links: [...said.matchAll(/\]\(([^)\s]+)\)/g)].map((m) => m[1] ?? ''),
    anchors: new Set(prose.flatMap((line) => anchorOf(line))),
  };
}

function anchorOf(line: string): string[] {
  const title = /^#+\s+(.*)$/.exec(line)?.[1];
  if (title === undefined) return [];
  const plain = title.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '');
  return [plain.trim().replace(/\s/g, '-')];
}

/** The rows of the table whose first header is `first`: cells without their padding. */
export function tableOf(page: Page, first: string): string[][] {
  const rows: string[][] = [];
  let inside = false;
  for (const line of page.text.split('\n')) {
    if (!line.startsWith('|')) {
      inside = false;
      continue;
    }
    const cells = line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (cells[0] === first) inside = true;
    else if (inside && !/^-+$/.test(cells[0] ?? '')) rows.push(cells);
  }
  return rows;
}

/** The `code` in a cell. */
export function codesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((m) => m[1] ?? '');
}
