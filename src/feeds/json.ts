/** What JSON.parse gave, looked into without trust in its shape. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An array's members; empty where the member is none. */
export function listIn(holder: JsonObject, member: string): readonly unknown[] {
  const value = holder[member];
  return Array.isArray(value) ? value : [];
}

/** An array's members that are texts of at most `max` characters. */
export function textsIn(holder: JsonObject, member: string, max: number): string[] {
  return listIn(holder, member).filter((one): one is string => typeof one === 'string' && one.length <= max);
}
