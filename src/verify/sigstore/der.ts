/** One value in DER. */
export interface DerValue {
  /** Its identifier octet: class, form and number. */
  readonly tag: number;
  readonly content: Uint8Array;
}

export const DER_UTF8_STRING = 0x0c;
export const DER_SEQUENCE = 0x30;

/** Bytes that are not DER. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

/**
 * The values that stand one after another in `bytes`, to the last octet. Lengths must be definite and the shortest
 * possible, tags of one octet (ITU-T X.690, sections 8.1 and 10.1).
 * @throws DerError
 */
export function readDer(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = octet(bytes, at++);
    if ((tag & 0x1f) === 0x1f) throw new DerError('a tag of more than one octet');
    let length = octet(bytes, at++);
    if (length >= 0x80) {
      const octets = length & 0x7f;
      if (octets === 0 || octets > 3) throw new DerError('a length that is indefinite or too long');
      length = 0;
      for (let count = 0; count < octets; count++) length = length * 256 + octet(bytes, at++);
      if (length < 0x80 || length < 256 ** (octets - 1))
        throw new DerError('a length that is not the shortest');
    }
    if (length > bytes.length - at) throw new DerError('a value that is cut short');
    values.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return values;
}

/** The one value that `bytes` are, which must have this tag. @throws DerError */
export function readDerValue(bytes: Uint8Array, tag: number): Uint8Array {
  const [value, ...others] = readDer(bytes);
  if (value?.tag !== tag || others.length > 0) throw new DerError('not one value of the tag that is due');
  return value.content;
}

function octet(bytes: Uint8Array, at: number): number {
  const value = bytes[at];
  if (value === undefined) throw new DerError('a value that is cut short');
  return value;
}
