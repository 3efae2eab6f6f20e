import type { Command } from 'commander';
import type { Page } from './markdown.ts';

/** `sallyport ledger list --json` and how it was found. */
export interface Mention {
  readonly file: string;
  readonly words: readonly string[];
}

/** Every `sallyport …` that a page says: in its blocks, after a prompt too, and in its running text. */
export function mentions(page: Page): Mention[] {
  const lines = page.blocks
    .filter((block) => ['sh', 'console', 'bash'].includes(block.language))
    .flatMap((block) => block.text.split('\n'));
  return [...lines, ...page.spans]
    .map((text) =>
      text
        .trim()
        .replace(/^\$ /, '')
        .replace(/^npm run (--silent )?sallyport -- /, 'sallyport ')
        .replace(/^docker run --rm sallyport:\S+ /, 'sallyport ')
        .replace(/^docker compose exec sallyport node dist\/main\.js /, 'sallyport '),
    )
    .filter((text) => /^sallyport [a-z]/.test(text) && !/^sallyport (refused|listens|cannot)\b/.test(text))
    .map((text) => ({ file: page.file, words: ownWords(text) }));
}

/** What the shell gives to our command: neither where it goes, nor what is run behind it. */
function ownWords(text: string): string[] {
  const words = text.split(/\s+/).slice(1);
  const end = words.findIndex((word) => /^(\|\|?|&&|;|\d?>>?.*)$/.test(word));
  return end < 0 ? words : words.slice(0, end);
}

/** Why a mention is no command of the program, or null where it is one. */
export function problemOf(root: Command, mention: Mention): string | null {
  let command = root;
  const words = [...mention.words];
  while (words.length > 0 && command.commands.length > 0) {
    const next = command.commands.find((one) => one.name() === words[0]);
    if (!next) break;
    command = next;
    words.shift();
  }
  const said = `sallyport ${mention.words.join(' ')}`;
  if (command.commands.length > 0) return `${mention.file}: ${said}: there is no such command`;
  for (const word of words.filter((one) => one.startsWith('-'))) {
    const name = word.replace(/=.*$/, '').replace(/[,;.]$/, '');
    if (!command.options.some((option) => option.long === name || option.short === name))
      return `${mention.file}: ${said}: there is no option ${name}`;
  }
  return null;
}

/** All commands that can be run, as they are typed: `ledger list`. */
export function commandNames(root: Command): string[] {
  return root.commands.flatMap((one) =>
    one.commands.length > 0 ? one.commands.map((two) => `${one.name()} ${two.name()}`) : [one.name()],
  );
}
