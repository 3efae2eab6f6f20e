import { lstat } from 'node:fs/promises';
import { isMissing } from '../disk/missing.ts';
import { type Digest, digestsOfSri, parseDigest } from '../model/digest.ts';
import { readYaml } from '../policy/language/yaml.ts';
import type { PolicySource } from '../policy/policy.ts';
import { type KeptWaiver, MARKER } from './written.ts';

/** What an earlier import left in the file. */
export interface Previous {
  readonly text: string;
  /** `npm left-pad@1.3.0` → its digests, sorted. */
  readonly pins: ReadonlyMap<string, readonly Digest[]>;
  /** `npm left-pad` → its range. */
  readonly rules: ReadonlyMap<string, string>;
  /** `npm left-pad@1.3.0` → the day on which its digest was taken from the index. */
  readonly days: ReadonlyMap<string, string>;
  readonly waivers: readonly KeptWaiver[];
}

export const NOTHING_BEFORE: Previous = {
  text: '',
  pins: new Map(),
  rules: new Map(),
  days: new Map(),
  waivers: [],
};

/** The file is not one that an import may replace. */
export class NotOurs extends Error {
  override readonly name = 'NotOurs';
}

const KEYS = ['profile', 'pins', 'allow', 'waivers'];

/** Whether there is something at a path that is no regular file of its own: a link may lead anywhere. */
export async function isInTheWay(path: string): Promise<boolean> {
  const status = await lstat(path).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  return status !== null && !status.isFile();
}

/** Reads what an earlier import wrote. Throws NotOurs where another hand did, or added what would be lost. */
export function readPrevious(source: PolicySource, ecosystems: readonly string[], profile: string): Previous {
  if (!source.text.startsWith(`${MARKER}\n`)) throw new NotOurs('it was not written by `sallyport import`');
  const file = readYaml(source);
  if ('problems' in file) throw new NotOurs('it was changed by hand and cannot be read');
  const data = recordOf(file.data);
  const strange = Object.keys(data).find((key) => !KEYS.includes(key));
  if (strange !== undefined)
    throw new NotOurs('it was changed by hand: it has other keys than profile, pins, allow and waivers');
  if (data['profile'] !== profile) throw new NotOurs('it is of another profile');
  const pins = new Map<string, readonly Digest[]>();
  const days = new Map<string, string>();
  const marked = daysIn(source.text);
  for (const [i, entry] of listOf(data['pins']).entries()) {
    const named = namedBy(entry, ecosystems);
    if (!named) throw new NotOurs('it was changed by hand: a pin in it names no package');
    const key = `${named.ecosystem} ${named.subject}`;
    pins.set(key, digestsOf(entry));
    const day = marked.get(file.at(['pins', i]).line);
    if (day !== undefined) days.set(key, day);
  }
  const rules = new Map<string, string>();
  for (const entry of listOf(data['allow'])) {
    const named = namedBy(entry, ecosystems);
    const versions = entry['versions'];
    if (!named || typeof versions !== 'string' || Object.keys(entry).length !== 2)
      throw new NotOurs('it was changed by hand: an allow rule in it says more than a name and versions');
    rules.set(`${named.ecosystem} ${named.subject}`, versions);
  }
  const waivers = listOf(data['waivers']).map((entry): KeptWaiver => {
    const named = namedBy(entry, ecosystems);
    if (!named) throw new NotOurs('it was changed by hand: a waiver in it names no package');
    return { ...named, fields: fieldsOf(entry, named.ecosystem) };
  });
  return { text: source.text, pins, rules, days, waivers };
}

/** Line (from 1) → the day in its trailing comment. */
function daysIn(text: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const [i, line] of text.split('\n').entries()) {
    const day = / # digest from the index on (\d{4}-\d{2}-\d{2})$/.exec(line)?.[1];
    if (day !== undefined) found.set(i + 1, day);
  }
  return found;
}

function namedBy(entry: Record<string, unknown>, ecosystems: readonly string[]) {
  for (const ecosystem of ecosystems) {
    const subject = Object.hasOwn(entry, ecosystem) ? entry[ecosystem] : undefined;
    if (typeof subject === 'string') return { ecosystem, subject };
  }
  return null;
}

function fieldsOf(entry: Record<string, unknown>, ecosystem: string): KeptWaiver['fields'] {
  const fields: Record<string, string | readonly string[]> = {};
  for (const [key, value] of Object.entries(entry)) {
    if (key === ecosystem) continue;
    if (typeof value === 'string') fields[key] = value;
    else if (Array.isArray(value) && value.every((one) => typeof one === 'string')) fields[key] = value;
    else throw new NotOurs('it was changed by hand: a waiver in it has a value that is no text');
  }
  return fields;
}

/** The digests that an entry names, sorted. */
export function digestsOf(entry: Readonly<Record<string, unknown>>): Digest[] {
  const { integrity, hashes } = entry;
  const found = typeof integrity === 'string' ? digestsOfSri(integrity) : [];
  for (const hash of Array.isArray(hashes) ? hashes : []) {
    const digest = typeof hash === 'string' ? parseDigest(hash) : null;
    if (digest) found.push(digest);
  }
  return [...new Set(found)].sort();
}

function recordOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value));
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}
