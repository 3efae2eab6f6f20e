const DAY = 86_400_000;
const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
/** RFC 3339 with its zone; seconds may be left out. */
const TIME =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})T(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$/;

/**
 * The instant (ms since 1970) at which something ends: of a date the end of that day (UTC), of a time with its zone
 * that time. null for every other text, and for a day that there is not.
 */
export function parseEnd(text: string): number | null {
  const date = DATE.test(text) ? text : TIME.exec(text)?.[1];
  if (date === undefined) return null;
  const day = Date.parse(`${date}T00:00Z`);
  // 30 February would be a day in March.
  if (!Number.isFinite(day) || new Date(day).toISOString().slice(0, 10) !== date) return null;
  if (date === text) return day + DAY;
  const end = Date.parse(text);
  return Number.isFinite(end) ? end : null;
}
