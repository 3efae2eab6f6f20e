/** JSON on one line in printable ASCII: the same value to every reader, and nothing that moves a terminal's cursor. */
export function asciiJson(value: unknown): string {
  return asciiText(JSON.stringify(value));
}

/** Text in printable ASCII: what is not is escaped as JSON would, so that in a JSON text it stays what it was. */
export function asciiText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
