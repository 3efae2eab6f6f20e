import { ENTRY_TYPES } from '../ledger/canonical.ts';
import type { EntryFilter } from '../ledger/ledger.ts';
import type { VersionScheme } from '../model/versions.ts';
import type { LedgerListOptions } from './program.ts';

/** A day, or a time with its offset: what is read by guess, or in the machine's own zone, shows other entries. */
const ISO_8601 = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/**
 * The filter of `ledger list`, or what is wrong with it. A flag that cannot be read is never left out: an audit
 * shows neither more nor less than was asked for.
 */
export function filterOf(options: LedgerListOptions): EntryFilter | string {
  const since = instant(options.since, '--since');
  const until = instant(options.until, '--until');
  if (typeof since === 'string') return since;
  if (typeof until === 'string') return until;
  const { agent, verdict, type } = options;
  if (verdict !== undefined && verdict !== 'allow' && verdict !== 'refuse')
    return '--verdict is allow or refuse';
  if (type !== undefined && !ENTRY_TYPES.has(type)) return `--type is one of ${[...ENTRY_TYPES].join(', ')}`;
  if (options.limit !== undefined && !/^[1-9]\d{0,8}$/.test(options.limit)) return '--limit is a number';
  return {
    ...(agent !== undefined ? { agent } : {}),
    ...(options.package !== undefined ? { package: options.package } : {}),
    ...(verdict !== undefined ? { verdict } : {}),
    ...(type !== undefined ? { type: type as NonNullable<EntryFilter['type']> } : {}),
    ...(since !== undefined ? { since } : {}),
    ...(until !== undefined ? { until } : {}),
    ...(options.limit !== undefined ? { limit: Number(options.limit) } : {}),
    ...(options.reverse ? { reverse: true } : {}),
  };
}

/**
 * Where an ecosystem writes a package's name in another way than it was asked for, which the ledger does not know:
 * a line for the person that says how. `asked` is a name or a purl.
 */
export function spellings(asked: string, schemes: readonly VersionScheme[]): string[] {
  const [, type, written = asked] = /^pkg:([a-z]+)\/([^@?#]+)/.exec(asked) ?? [];
  return schemes
    .filter(({ ecosystem }) => type === undefined || type === ecosystem)
    .flatMap((scheme) => {
      const name = scheme.canonicalName(written);
      return name === null || name === written
        ? []
        : [`in ${scheme.ecosystem} ${written} is written ${name}`];
    });
}

/** Milliseconds since 1970; a day begins at midnight UTC. */
function instant(text: string | undefined, flag: string): number | undefined | string {
  if (text === undefined) return undefined;
  const ms = ISO_8601.test(text) ? Date.parse(text) : Number.NaN;
  // Date.parse makes 31 February a day in March.
  const isDay = new Date(Date.parse(text.slice(0, 10)) || 0).toISOString().startsWith(text.slice(0, 10));
  return Number.isNaN(ms) || !isDay
    ? `${flag} ${text} is no time such as 2026-01-31 or 2026-01-31T08:00:00Z`
    : ms;
}
