import { ENTRY_TYPES } from '../ledger/canonical.ts';
import type { EntryFilter } from '../ledger/ledger.ts';
import type { VersionScheme } from '../model/versions.ts';
import { parsePinned } from '../policy/pins.ts';
import type { LedgerListOptions } from './ledger-program.ts';

/** A day, or a time with its offset: what is read by guess, or in the machine's own zone, shows other entries. */
const ISO_8601 = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/**
 * The filter of `ledger list`, or what is wrong with it. A flag that cannot be read is never left out: an audit
 * shows neither more nor less than was asked for.
 */
export function filterOf(
  options: LedgerListOptions,
  schemes: readonly VersionScheme[],
): EntryFilter | string {
  const since = instant(options.since, '--since');
  const until = instant(options.until, '--until');
  if (typeof since === 'string') return since;
  if (typeof until === 'string') return until;
  const { agent, verdict, type } = options;
  if (verdict !== undefined && verdict !== 'allow' && verdict !== 'refuse')
    return '--verdict is allow or refuse';
  if (type !== undefined && !ENTRY_TYPES.has(type)) return `--type is one of ${[...ENTRY_TYPES].join(', ')}`;
  if (options.limit !== undefined && !/^[1-9]\d{0,8}$/.test(options.limit)) return '--limit is a number';
  const asked = options.package === undefined ? undefined : packageAsked(options.package, schemes);
  if (asked === null)
    return '--package is a name, NAME@VERSION with one exact version, NAME==VERSION or a package URL';
  return {
    ...(agent !== undefined ? { agent } : {}),
    ...(asked !== undefined ? { package: asked } : {}),
    ...(verdict !== undefined ? { verdict } : {}),
    ...(type !== undefined ? { type: type as NonNullable<EntryFilter['type']> } : {}),
    ...(since !== undefined ? { since } : {}),
    ...(until !== undefined ? { until } : {}),
    ...(options.limit !== undefined ? { limit: Number(options.limit) } : {}),
    ...(options.reverse ? { reverse: true } : {}),
  };
}

const HAS_VERSION = /^(?!pkg:).+(?:@|==)/;

/**
 * A name or a purl as it is, and `NAME@VERSION` or `NAME==VERSION` as the ledger has them; null where it is a version of
 * no ecosystem, which would be an empty list for every ledger.
 */
function packageAsked(asked: string, schemes: readonly VersionScheme[]): string | null {
  if (!HAS_VERSION.test(asked)) return asked;
  const [first, ...others] = writtenIn(asked, schemes);
  if (first === undefined) return null;
  const own = asked.replace(/\s*==\s*/, '@');
  // Where ecosystems differ, as it was asked for if one writes it so; `spellings` says how the others do.
  return [first, ...others].find(({ text }) => text === own)?.text ?? first.text;
}

/** A version as each ecosystem that can have it writes it. */
function writtenIn(asked: string, schemes: readonly VersionScheme[]) {
  return schemes.flatMap((scheme) => {
    const named = parsePinned(asked, scheme);
    return 'problem' in named
      ? []
      : [{ ecosystem: scheme.ecosystem, text: `${named.name}@${named.version}` }];
  });
}

/**
 * Where an ecosystem writes a package's name in another way than it was asked for, which the ledger does not know:
 * a line for the person that says how. `asked` is a name, with or without a version, or a purl.
 */
export function spellings(asked: string, schemes: readonly VersionScheme[]): string[] {
  if (HAS_VERSION.test(asked)) {
    const chosen = packageAsked(asked, schemes);
    return writtenIn(asked, schemes)
      .filter(({ text }) => text !== chosen)
      .map(({ ecosystem, text }) => `in ${ecosystem} ${asked} is written ${text}`);
  }
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
