const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A time that a person gives to look back from. */
export interface Since {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** `the last 30 days`, `since 2026-01-01`: follows "of" or "in". */
  readonly words: string;
}

/** Reads `30d`, `12h`, `90m` back from `now`, or a date or time (ISO 8601); null where it is none of these. */
export function sinceOf(text: string, now: number): Since | null {
  const match = /^([1-9]\d{0,5})([mhd])$/.exec(text);
  if (match) {
    const count = Number(match[1]);
    const unit = match[2] === 'd' ? 'd' : match[2] === 'h' ? 'h' : 'm';
    const word = { d: 'day', h: 'hour', m: 'minute' }[unit];
    const words = count === 1 ? `the last ${word}` : `the last ${count} ${word}s`;
    return { at: Math.max(0, now - count * UNITS[unit]), words };
  }
  if (!/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) || at < 0 ? null : { at, words: `the time since ${text}` };
}
