/** One value in a DER structure. */
export interface Tlv {
  /** Positions of the values that hold it, its own last: `0.3.1`; an extension's by its OID. */
  readonly name: string;
  readonly tag: number;
  /** Of its contents. */
  readonly start: number;
  readonly end: number;
  readonly constructed: boolean;
}

/** Every value in DER bytes, in order; empty where they are not DER. */
export function tlvsOf(bytes: Uint8Array): Tlv[] {
  try {
    const root = tlvAt(bytes, 0, bytes.length, '0');
    if (!root || root.end !== bytes.length || !root.constructed) return [];
    return [root, ...inside(bytes, root)];
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}

function inside(bytes: Uint8Array, outer: Tlv): Tlv[] {
  if (!outer.constructed) return [];
  const found: Tlv[] = [];
  let from = outer.start;
  for (let index = 0; from < outer.end; index++) {
    const tlv = tlvAt(bytes, from, outer.end, `${outer.name}.${index}`);
    const oid = oidOf(bytes, tlv);
    const named = oid === null ? tlv : { ...tlv, name: `${tlv.name}(${oid})` };
    found.push(named, ...inside(bytes, named));
    from = tlv.end;
  }
  return found;
}

/** An extension, an attribute or an algorithm: a sequence that begins with an OID. */
function oidOf(bytes: Uint8Array, tlv: Tlv): string | null {
  if (tlv.tag !== 0x30 || bytes[tlv.start] !== 0x06) return null;
  const { start, end } = tlvAt(bytes, tlv.start, tlv.end, '');
  const numbers: number[] = [];
  let value = 0;
  for (const byte of bytes.subarray(start, end)) {
    value = value * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    numbers.push(value);
    value = 0;
  }
  const [head = 0, ...rest] = numbers;
  const first = Math.min(2, Math.floor(head / 40));
  return [first, head - first * 40, ...rest].join('.');
}

function tlvAt(bytes: Uint8Array, from: number, limit: number, name: string): Tlv {
  const tag = byteAt(bytes, from);
  const short = byteAt(bytes, from + 1);
  let length = short;
  let start = from + 2;
  if (short & 0x80) {
    length = 0;
    for (let i = short & 0x7f; i > 0; i--) length = length * 256 + byteAt(bytes, start++);
  }
  const end = start + length;
  if (end > limit) throw new RangeError('longer than what holds it');
  return { name, tag, start, end, constructed: (tag & 0x20) !== 0 };
}

function byteAt(bytes: Uint8Array, index: number): number {
  const byte = bytes[index];
  if (byte === undefined) throw new RangeError('ends too early');
  return byte;
}
