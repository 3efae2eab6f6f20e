const SCRIPT = 'scripts\0';

/** Members by which is decided what an install runs and fetches. */
const DECIDING: ReadonlySet<string> = new Set([
  'name',
  'version',
  'gypfile',
  'dependencies',
  'optionalDependencies',
  'peerDependencies',
  'scripts',
  `${SCRIPT}preinstall`,
  `${SCRIPT}install`,
  `${SCRIPT}postinstall`,
]);

/**
 * Whether a manifest has a member twice by which is decided what an install does. RFC 8259, section 4, leaves
 * open which of them counts: bun takes the first, all other clients, and we, the last. `text` is an object that
 * JSON.parse has read.
 */
export function saysTwice(text: string): boolean {
  const seen = new Set<string>();
  let depth = 0;
  let member = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
    else if (char === '"') {
      const end = stringEnd(text, at);
      const inScripts = depth === 2 && member === 'scripts';
      if ((depth === 1 || inScripts) && isKey(text, end)) {
        const name = String(JSON.parse(text.slice(at, end)));
        if (depth === 1) member = name;
        const path = inScripts ? SCRIPT + name : name;
        if (DECIDING.has(path) && seen.has(path)) return true;
        seen.add(path);
      }
      at = end - 1;
    }
  }
  return false;
}

/** The index after the closing quote. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Whether a string that ends there is a member's name: a colon follows. */
function isKey(text: string, end: number): boolean {
  let at = end;
  while (' \t\n\r'.includes(text[at] ?? ':')) at++;
  return text[at] === ':';
}
