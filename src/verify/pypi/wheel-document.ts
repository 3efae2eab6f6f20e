import { ArchiveUnsafe } from '../archive/unsafe.ts';

/** Real ones have some hundred bytes, and one line for each tag. */
export const MAX_WHEEL_DOCUMENT = 64 * 1024;

/** The name of a wheel of as many platforms as there are has a dozen. */
const MAX_TAGS = 4096;

/**
 * Reads a wheel's WHEEL (PEP 427, PyPA binary distribution format), and says whether it is that of a file of this name:
 * of the same tags, and of the same build where it names one. Its lines are fields, each read alike by all: `Wheel-Version`
 * once, of major version 1, and `Root-Is-Purelib` once, which says where the files land. Throws ArchiveUnsafe over others:
 * installers refuse them, or each reads its own.
 */
export function wheelAgrees(bytes: Uint8Array, filename: string, place: string): boolean {
  const fields = readFields(bytes, place);
  const [version = '', ...versions] = fields.get('wheel-version') ?? [];
  if (versions.length > 0 || !/^1(?:\.\d{1,4}){0,2}$/.test(version)) {
    throw new ArchiveUnsafe('wheel of another format', place);
  }
  const [pure = '', ...more] = fields.get('root-is-purelib') ?? [];
  if (more.length > 0 || !/^(?:true|false)$/i.test(pure)) throw new ArchiveUnsafe('unreadable WHEEL', place);
  const named = namesOf(filename);
  if (!named) return false;
  const builds = fields.get('build') ?? [];
  return builds.every((build) => build === named.build) && hasTags(fields.get('tag') ?? [], named.tags);
}

function readFields(bytes: Uint8Array, place: string): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  const text = Buffer.from(bytes).toString('utf8').trimEnd();
  for (const line of text.split(/\r\n|\r|\n/)) {
    const [, name, value = ''] = /^([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*)$/.exec(line) ?? [];
    if (name === undefined) throw new ArchiveUnsafe('unreadable WHEEL', place);
    const values = fields.get(name.toLowerCase()) ?? [];
    values.push(value.trim());
    fields.set(name.toLowerCase(), values);
  }
  return fields;
}

interface Named {
  /** Empty where it has none. */
  readonly build: string;
  /** Of Python, of its ABI and of the platform: the words of each. */
  readonly tags: readonly (readonly string[])[];
}

/** name-version(-build)?-python-abi-platform.whl */
function namesOf(filename: string): Named | null {
  const parts = filename.replace(/\.whl$/i, '').split('-');
  if (parts.length !== 5 && parts.length !== 6) return null;
  return { build: parts.length === 6 ? (parts[2] ?? '') : '', tags: parts.slice(-3).map(wordsOf) };
}

function wordsOf(tags: string): readonly string[] {
  return [...new Set(tags.toLowerCase().split('.'))];
}

/** Whether the lines, expanded (PEP 425, "compressed tag sets"), are all tags that the name stands for, and no other. */
function hasTags(lines: readonly string[], named: Named['tags']): boolean {
  const count = named.reduce((product, words) => product * words.length, 1);
  if (count > MAX_TAGS) return false;
  const seen = new Set<string>();
  for (const line of lines) {
    const [pythons = [], abis = [], platforms = [], ...more] = line.split('-').map(wordsOf);
    const known = [pythons, abis, platforms].every((words, i) =>
      words.every((word) => named[i]?.includes(word)),
    );
    if (more.length > 0 || !known) return false;
    for (const a of pythons) for (const b of abis) for (const c of platforms) seen.add(`${a}-${b}-${c}`);
  }
  return seen.size === count;
}
