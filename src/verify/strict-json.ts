import { MAX_EVIDENCE } from '../model/evidence.ts';
import { EvidenceFault } from './fault.ts';
import { jsonMembers } from './json-members.ts';

/** What bounds a document. */
export interface JsonLimits {
  /** Octets. */
  readonly size: number;
  /** Objects and arrays within each other. */
  readonly depth: number;
}

/** Of one document of evidence, and of whatever JSON is carried in it. */
export const EVIDENCE_LIMITS: JsonLimits = { size: MAX_EVIDENCE, depth: 64 };

/**
 * Reads JSON that has one meaning only: UTF-8 without errors or byte order mark, bounded in size and depth, no
 * object with a member twice, however its name is escaped (RFC 8259, section 4, leaves open which of them counts),
 * and none with the member `__proto__`, which is a prototype to whoever assigns it.
 * @throws EvidenceFault `too-large`, `duplicate-keys`, `malformed`
 */
export function readStrictJson(bytes: Uint8Array, limits: JsonLimits = EVIDENCE_LIMITS): unknown {
  if (bytes.length > limits.size) throw new EvidenceFault('too-large');
  const text = decode(bytes);
  if (nestsDeeper(text, limits.depth)) throw new EvidenceFault('malformed');
  const value = parse(text);
  requireSingleMembers(text);
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new EvidenceFault('malformed');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new EvidenceFault('malformed');
  }
}

/** Looked at before anything is parsed, so `text` need not be JSON. */
function nestsDeeper(text: string, limit: number): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted) {
      if (char === '\\') at++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{' || char === '[') {
      if (++depth > limit) return true;
    } else if (char === '}' || char === ']') depth--;
  }
  return false;
}

function requireSingleMembers(text: string): void {
  // Of the object that is open at each depth: a text can have hundreds of thousands of objects.
  const open: { readonly object: number; readonly names: Set<string> }[] = [];
  for (const { name, object, depth } of jsonMembers(text)) {
    if (name === '__proto__') throw new EvidenceFault('malformed');
    let here = open[depth];
    if (here?.object !== object) here = open[depth] = { object, names: new Set() };
    if (here.names.has(name)) throw new EvidenceFault('duplicate-keys');
    here.names.add(name);
  }
}
