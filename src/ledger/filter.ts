import { PackageURL } from '@socketregistry/packageurl-js';
import { type Digest, parseDigest } from '../model/digest.ts';
import type { EntryFilter } from './ledger.ts';
import { LedgerError } from './ledger.ts';

/** An EntryFilter in the terms of the query index (columns.ts): what can be read, and nothing else. */
export interface Selection {
  /** Leaf hash, 64 lower-case hex digits. */
  readonly leaf?: string;
  readonly agents?: readonly string[];
  readonly ecosystem?: string;
  readonly name?: string;
  readonly version?: string;
  readonly versions?: readonly string[];
  readonly digest?: Digest;
  readonly verdict?: string;
  readonly route?: string;
  readonly profile?: string;
  readonly code?: string;
  readonly rule?: string;
  readonly policy?: string;
  /** `*` for any. */
  readonly waiver?: string;
  readonly provenance?: string;
  readonly type?: string;
  readonly since?: number;
  readonly until?: number;
  readonly after?: number;
  readonly before?: number;
}

const NUMBERS = ['since', 'until', 'after', 'before', 'limit'] as const;
const TEXTS = [
  'verdict',
  'route',
  'profile',
  'code',
  'rule',
  'policy',
  'waiver',
  'provenance',
  'type',
] as const;
const MAX_TEXT = 1024;

/** Agents, and versions, that a filter may name at most. */
export const MAX_AGENTS = 10_000;
export const MAX_VERSIONS = 100_000;

/**
 * Reads a filter. `package` is a canonical name, the same with `@` and a version, or a purl (`pkg:` starts no name). Throws LedgerError
 * `malformed` for what is none of these, for empty texts, for numbers that are no integers, and for versions of no package: an
 * audit never silently shows more, or less, than was asked for.
 */
export function selectionOf(filter: EntryFilter): Selection {
  const { leaf, agent, versions, digest, limit } = filter;
  for (const key of NUMBERS) {
    const value = filter[key];
    if (value !== undefined && !Number.isSafeInteger(value)) throw malformed(`${key} is no integer`);
  }
  if (limit !== undefined && limit < 0) throw malformed('limit is negative');
  if (leaf !== undefined && !/^[0-9a-f]{64}$/.test(leaf)) throw malformed('leaf is no hash');
  if (digest !== undefined && parseDigest(digest) !== digest) throw malformed('digest is no digest');
  const selected: Partial<ReturnType<typeof packageOf>> =
    filter.package === undefined ? {} : packageOf(text('package', filter.package));
  if (versions !== undefined && (selected.name === undefined || selected.version !== undefined))
    throw malformed('versions are of a package without one');
  return {
    ...selected,
    ...(leaf !== undefined && { leaf }),
    ...(agent !== undefined && { agents: list('agent', agent, MAX_AGENTS) }),
    ...(versions !== undefined && { versions: list('versions', versions, MAX_VERSIONS) }),
    ...(digest !== undefined && { digest }),
    ...Object.fromEntries(
      TEXTS.flatMap((key) => {
        const value = filter[key];
        return value === undefined ? [] : [[key, text(key, value)]];
      }),
    ),
    ...(filter.since !== undefined && { since: filter.since }),
    ...(filter.until !== undefined && { until: filter.until }),
    ...(filter.after !== undefined && { after: filter.after }),
    ...(filter.before !== undefined && { before: filter.before }),
  };
}

function list(key: string, value: string | readonly string[], max: number): readonly string[] {
  const items = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(items)) throw malformed(`${key} is no list`);
  if (items.length > max) throw malformed(`${key} are too many`);
  return items.map((item) => text(key, item));
}

function packageOf(value: string): Pick<Selection, 'ecosystem' | 'name' | 'version'> {
  if (!value.startsWith('pkg:')) {
    // An at sign at the start is a scope's; no name has one elsewhere.
    const at = value.lastIndexOf('@');
    if (at <= 0) return { name: value };
    const [name, version] = [value.slice(0, at), value.slice(at + 1)];
    if (version === '') throw malformed('package has an empty version');
    return { name, version };
  }
  let url: PackageURL;
  try {
    url = PackageURL.fromString(value);
  } catch (error) {
    throw new LedgerError('malformed', 'the filter is unreadable: package is no purl', { cause: error });
  }
  if (!url.type || !url.name) throw malformed('package is no purl');
  return {
    ecosystem: url.type,
    name: url.namespace ? `${url.namespace}/${url.name}` : url.name,
    ...(url.version && { version: url.version }),
  };
}

/** Without an empty one: in the index the empty text stands for what an entry does not have. */
function text(key: string, value: unknown): string {
  if (typeof value !== 'string') throw malformed(`${key} is no text`);
  if (value === '') throw malformed(`${key} is empty`);
  if (value.length > MAX_TEXT) throw malformed(`${key} is too long`);
  return value;
}

function malformed(what: string): LedgerError {
  return new LedgerError('malformed', `the filter is unreadable: ${what}`);
}
