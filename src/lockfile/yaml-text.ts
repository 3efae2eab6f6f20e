import type { Digest } from '../model/digest.ts';
import { sriOf } from '../model/digest.ts';

/** Letters that stand in a flow map as they are, and cannot be read as anything but text. */
const PLAIN = /^[A-Za-z][A-Za-z0-9._@/+-]*$/;

/** Words of YAML's core schema that are no text. */
const NOT_TEXT = /^(true|false|null|yes|no|on|off|y|n)$/i;

/** A text as YAML, plain where that is safe. JSON's strings are YAML's double-quoted ones. */
export function yamlText(text: string): string {
  return PLAIN.test(text) && !NOT_TEXT.test(text) ? text : quotedText(text);
}

export function quotedText(text: string): string {
  // What JSON leaves as it is and a terminal or an editor does not show: format characters, line separators.
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `integrity: "sha512-…"` for the digests of one file, `hashes: ["sha256:…", …]` for those of several. */
export function yamlDigests(digests: readonly Digest[], single: boolean): string {
  // sha512 first, as npm writes them.
  if (single) return `integrity: ${quotedText([...digests].sort().reverse().map(sriOf).join(' '))}`;
  return `hashes: [${[...digests].sort().map(quotedText).join(', ')}]`;
}
