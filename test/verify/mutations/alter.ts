import { tlvsOf } from './der.ts';
import { isObject, type Json, nameOf, type Path, placesOf, withValue } from './json.ts';

/** One way to alter a value. `value` undefined takes it out. */
export interface Alteration {
  readonly how: string;
  /** The field inside the value that is altered, where it has some of its own: `{json}.spec…`, `{der}.0.3`. */
  readonly within: string;
  readonly value: Json | undefined;
}

/**
 * Every way in which a value is altered, by what it is. `other` is what stands at the same place in a document of
 * the same kind about something else, or undefined.
 */
export function alterationsOf(value: Json, other: Json | undefined): Alteration[] {
  const whole = (how: string, altered: Json | undefined): Alteration => ({ how, within: '', value: altered });
  const made = [whole('removed', undefined), ...ownAlterations(value, other)];
  if (other !== undefined) made.push(whole('swapped', other));
  if (value !== null) made.push(whole('null', null));
  const before = JSON.stringify(value);
  return made.filter((one) => JSON.stringify(one.value) !== before);
}

function ownAlterations(value: Json, other: Json | undefined): Alteration[] {
  const whole = (how: string, altered: Json | undefined): Alteration => ({ how, within: '', value: altered });
  if (Array.isArray(value)) {
    const [first, second, ...rest] = value;
    const foreign = Array.isArray(other) ? other[0] : undefined;
    return [
      whole('emptied', []),
      ...(first === undefined ? [] : [whole('first again', [...value, first])]),
      ...(foreign === undefined
        ? []
        : [whole('one added', [...value, foreign]), whole('one put first', [foreign, ...value])]),
      ...(first === undefined || second === undefined ? [] : [whole('reordered', [second, first, ...rest])]),
    ];
  }
  if (isObject(value)) return [whole('emptied', {}), whole('a key added', { ...value, unheardOf: 'x' })];
  if (typeof value === 'boolean') return [whole('negated', !value)];
  if (typeof value === 'number')
    return [whole('larger', value + 1), whole('zero', 0), whole('text', String(value))];
  if (value === null) return [whole('filled', {})];
  return textAlterations(value);
}

function textAlterations(text: string): Alteration[] {
  const whole = (how: string, value: Json | undefined): Alteration => ({ how, within: '', value });
  if (/^-?\d+$/.test(text)) {
    return [
      whole('larger', String(BigInt(text) + 1n)),
      whole('smaller', String(BigInt(text) - 1n)),
      whole('zero', '0'),
      whole('no number', `${text}x`),
    ];
  }
  const bytes = bytesOf(text);
  if (bytes) return [...byteAlterations(bytes), whole('no base64', `${text.slice(0, -4)}*=(=`)];
  if (text.includes('\n')) {
    const lines = text.split('\n');
    return lines.flatMap((line, index) => {
      const edited = (how: string, ...by: string[]): Alteration => ({
        how,
        within: `{line}${index}`,
        value: lines.toSpliced(index, 1, ...by).join('\n'),
      });
      return [edited('changed', changed(line)), edited('taken out'), edited('twice', line, line)];
    });
  }
  return [
    whole('changed', changed(text)),
    whole('longer', `${text}x`),
    whole('other case', text.toUpperCase()),
    whole('lower case', text.toLowerCase()),
    whole('emptied', ''),
    whole('a number', 1),
  ];
}

function byteAlterations(bytes: Buffer): Alteration[] {
  const flipped = (index: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(index) ^ 1, index);
    return copy;
  };
  const whole = (how: string, altered: Uint8Array): Alteration => ({
    how,
    within: '',
    value: base64(altered),
  });
  const made = [
    whole('first bit', flipped(0)),
    whole('last bit', flipped(bytes.length - 1)),
    whole('shorter', bytes.subarray(0, -1)),
    whole('longer', Buffer.concat([bytes, Buffer.of(0)])),
    whole('emptied', Buffer.alloc(0)),
  ];
  const document = jsonOf(bytes);
  if (document !== null) {
    const put = (path: Path, how: string, value: Json | undefined): Alteration => ({
      how,
      within: `{json}.${nameOf(path)}`,
      value: base64(Buffer.from(JSON.stringify(withValue(document, path, value)))),
    });
    for (const { path, value } of placesOf(document)) {
      made.push(put(path, 'removed', undefined));
      const [own] = ownAlterations(value, undefined);
      if (own) made.push(put(path, own.how, own.value));
    }
  }
  for (const { name, start, end, constructed } of tlvsOf(bytes)) {
    if (constructed || start === end) continue;
    made.push({ how: 'last bit', within: `{der}.${name}`, value: base64(flipped(end - 1)) });
  }
  return made;
}

/** One character of a text is another. */
export function changed(text: string): string {
  if (text === '') return 'x';
  const middle = Math.floor(text.length / 2);
  return `${text.slice(0, middle)}${text[middle] === 'x' ? 'y' : 'x'}${text.slice(middle + 1)}`;
}

/** The bytes of a text that is base64, and neither hex nor a word. */
function bytesOf(text: string): Buffer | null {
  if (text.length < 20 || /^[0-9a-f]+$/.test(text)) return null;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}

/** The document that bytes are; null for bytes that happen to begin like one. */
function jsonOf(bytes: Buffer): Json | null {
  if (bytes[0] !== 0x7b) return null;
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
