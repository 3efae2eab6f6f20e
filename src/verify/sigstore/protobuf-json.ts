import { isObject } from '../json-path.ts';

/**
 * Whether JSON may be given to the library's readers. They make a message of every item of a list before anybody
 * counts them, and where bytes are due they take an object with a `length` for that many octets (`Buffer.from`): no
 * message has a member of that name.
 */
export function isModest(json: unknown, items: number): boolean {
  if (Array.isArray(json)) return json.length <= items && json.every((item) => isModest(item, items));
  if (!isObject(json)) return true;
  return !Object.hasOwn(json, 'length') && Object.values(json).every((value) => isModest(value, items));
}

/**
 * Whether a protobuf message, written as JSON again, says all that the JSON said from which it was read. The
 * library's readers pass over what they do not know, take base64 for whatever it begins with, and choose where two
 * members of a `oneof` are given; where that happened, the message says less, or other things.
 */
export function saysAll(given: unknown, written: unknown): boolean {
  if (isDefault(given)) return written === undefined || sameLeaf(given, written) || isEmpty(written);
  if (Array.isArray(given)) {
    return (
      Array.isArray(written) &&
      given.length === written.length &&
      given.every((item, index) => saysAll(item, written[index]))
    );
  }
  if (isObject(given)) {
    // A message with nothing in it may have been left out as a whole.
    const members = isObject(written) ? written : {};
    return Object.entries(given).every(([name, value]) => saysAll(value, members[name]));
  }
  return sameLeaf(given, written);
}

/** What proto3 leaves out. */
function isDefault(value: unknown): boolean {
  return value === null || value === '' || value === 0 || value === '0' || isEmpty(value);
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}

/** Numbers of 64 bits are written as strings; instants may be written in more than one way. */
function sameLeaf(given: unknown, written: unknown): boolean {
  if (given === written) return true;
  if (typeof written !== 'string') return false;
  if (typeof given === 'number') return Number.isSafeInteger(given) && String(given) === written;
  return typeof given === 'string' && INSTANT.test(given) && Date.parse(given) === Date.parse(written);
}

/** RFC 3339, as protobuf's JSON has it. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
