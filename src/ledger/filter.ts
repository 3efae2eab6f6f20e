import { PackageURL } from '@socketregistry/packageurl-js';
import type { EntryDraft, EntryFilter } from './ledger.ts';
import { LedgerError } from './ledger.ts';

/** An EntryFilter in the terms of the index columns. */
export interface Selection {
  /** Leaf hash, 64 lower-case hex digits. */
  readonly leaf?: string;
  readonly agent?: string;
  readonly ecosystem?: string;
  readonly name?: string;
  readonly version?: string;
  readonly verdict?: string;
  readonly type?: EntryDraft['type'];
  readonly since?: number;
  readonly until?: number;
  readonly after?: number;
  readonly before?: number;
}

const NUMBERS = ['since', 'until', 'after', 'before', 'limit'] as const;
const MAX_TEXT = 1024;

/**
 * Reads a filter. `package` is a canonical name, the same with `@` and a version, or a purl (`pkg:` starts no name). Throws LedgerError
 * `malformed` for a purl that is none and for numbers that are no integers: an audit never silently shows
 * more, or less, than was asked for.
 */
export function selectionOf(filter: EntryFilter): Selection {
  for (const key of NUMBERS) {
    const value = filter[key];
    if (value !== undefined && !Number.isSafeInteger(value)) throw malformed(`${key} is no integer`);
  }
  if (filter.limit !== undefined && filter.limit < 0) throw malformed('limit is negative');
  if (filter.leaf !== undefined && !/^[0-9a-f]{64}$/.test(filter.leaf)) throw malformed('leaf is no hash');
  return {
    ...(filter.leaf !== undefined && { leaf: filter.leaf }),
    ...(filter.agent !== undefined && { agent: text('agent', String(filter.agent)) }),
    ...(filter.package !== undefined && packageOf(text('package', filter.package))),
    ...(filter.verdict !== undefined && { verdict: filter.verdict }),
    ...(filter.type !== undefined && { type: filter.type }),
    ...(filter.since !== undefined && { since: filter.since }),
    ...(filter.until !== undefined && { until: filter.until }),
    ...(filter.after !== undefined && { after: filter.after }),
    ...(filter.before !== undefined && { before: filter.before }),
  };
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

function text(key: string, value: string): string {
  if (value.length > MAX_TEXT) throw malformed(`${key} is too long`);
  return value;
}

function malformed(what: string): LedgerError {
  return new LedgerError('malformed', `the filter is unreadable: ${what}`);
}
