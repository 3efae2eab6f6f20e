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
  if (bytes) {
    return [
      ...byteAlterations(bytes),
      whole('no base64', `${text.slice(0, -4)}*=(=`),
      whole('in lines', `${text.slice(0, 16)}\n${text.slice(16)}`),
      whole('without padding', text.replace(/=+$/, '')),
      whole('another alphabet', text.replaceAll('+', '-').replaceAll('/', '_')),
    ];
  }
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
  const instant = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  const moved = (how: string, by: number): Alteration[] =>
    Number.isNaN(instant) ? [] : [whole(how, new Date(instant + by).toISOString())];
  return [
    ...moved('ten years later', TEN_YEARS),
    ...moved('ten years earlier', -TEN_YEARS),
    whole('changed', changed(text)),
    whole('longer', `${text}x`),
    whole('other case', text.toUpperCase()),
    whole('lower case', text.toLowerCase()),
    whole('emptied', ''),
    whole('a number', 1),
  ];
}

const TEN_YEARS = 10 * 365 * 86_400_000;

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
  const twin = otherFormOf(bytes);
  if (twin) made.push(whole('other form', twin));
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

/** Order of the curve P-256 (FIPS 186-4, D.1.2.3). */
const P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** An ECDSA signature (r, s) as (r, n-s), which verifies as well; null where the bytes are none. */
function otherFormOf(bytes: Buffer): Buffer | null {
  const [root, r, s, ...more] = tlvsOf(bytes);
  if (root?.tag !== 0x30 || r?.tag !== 0x02 || s?.tag !== 0x02 || more.length > 0) return null;
  const hex = (P256 - BigInt(`0x${bytes.toString('hex', s.start, s.end)}`)).toString(16);
  const digits = hex.padStart(hex.length + (hex.length % 2), '0');
  const number = Buffer.from(digits >= '8' ? `00${digits}` : digits, 'hex');
  const contents = [bytes.subarray(root.start, r.end), Buffer.of(0x02, number.length), number];
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Buffer.of(0x30, length), ...contents]);
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
