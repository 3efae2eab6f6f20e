/** One member of one object in a JSON text. */
export interface JsonMember {
  /** Unescaped. */
  readonly name: string;
  /** Objects and arrays around it: 1 for a member of the outermost object. */
  readonly depth: number;
  /** Number of the object that it belongs to, in the order in which they open. */
  readonly object: number;
}

/** Every member of every object, in order. `text` is JSON that JSON.parse has read. Time is linear. */
export function* jsonMembers(text: string): Generator<JsonMember> {
  const open: number[] = [];
  let objects = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '{' || char === '[') open.push(objects++);
    else if (char === '}' || char === ']') open.pop();
    else if (char === '"') {
      const end = stringEnd(text, at);
      if (isName(text, end))
        yield { name: unquote(text.slice(at, end)), depth: open.length, object: open.at(-1) ?? 0 };
      at = end - 1;
    }
  }
}

/** The index after the closing quote. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Whether a string that ends there is a member's name: a colon follows. */
function isName(text: string, end: number): boolean {
  let at = end;
  while (' \t\n\r'.includes(text[at] ?? ':')) at++;
  return text[at] === ':';
}

function unquote(quoted: string): string {
  return quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
}
