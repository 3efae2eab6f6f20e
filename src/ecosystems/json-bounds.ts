/** Deeper than any document that a registry writes; a parser's memory grows with the depth. */
const MAX_DEPTH = 200;

/** Members and elements in one document: several times as many as the largest indexes have. */
const MAX_VALUES = 10_000_000;

/**
 * Whether JSON text stays within what its parser can hold. A document may be within its bound of bytes and still
 * be nothing but brackets: each then costs some hundred times its byte in memory, most of it where no limit on
 * a thread's heap counts it. Says nothing about whether the text is JSON.
 */
export function isBoundedJson(bytes: Uint8Array): boolean {
  let depth = 0;
  let values = 0;
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i]) {
      case 0x22: // a string, to its closing quote
        for (i++; i < bytes.length && bytes[i] !== 0x22; i++) if (bytes[i] === 0x5c) i++;
        break;
      case 0x5b:
      case 0x7b:
        values++;
        if (++depth > MAX_DEPTH) return false;
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
      case 0x2c:
        values++;
        break;
    }
  }
  return values <= MAX_VALUES;
}
