const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** Ten years: a longer age is a slip of the pen, and would never be reached. */
const MAX_AGE = 3650 * UNITS.d;

/** How an age is written: minutes, hours or days. */
export const AGE = /^(?:0|[1-9][0-9]{0,6}[mhd])$/;

/** Milliseconds of `7d`, `12h`, `30m` or `0`; null where it is none of these or longer than ten years. */
export function parseAge(text: string | number): number | null {
  if (text === 0 || text === '0') return 0;
  if (typeof text === 'number' || !AGE.test(text)) return null;
  const age = Number(text.slice(0, -1)) * UNITS[text.slice(-1) as keyof typeof UNITS];
  return age <= MAX_AGE ? age : null;
}
