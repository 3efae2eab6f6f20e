export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type Path = readonly (string | number)[];

/** A place in a document, and what stands there. */
export interface Place {
  readonly path: Path;
  readonly value: Json;
}

/** Every value in a document below its root, containers before what they hold. */
export function placesOf(value: Json, path: Path = []): Place[] {
  const entries: [string | number, Json][] = Array.isArray(value)
    ? value.map((item, index) => [index, item])
    : isObject(value)
      ? Object.entries(value)
      : [];
  return entries.flatMap(([key, item]) => [
    { path: [...path, key], value: item },
    ...placesOf(item, [...path, key]),
  ]);
}

/** The name of a place's field: its keys, `[]` for an element of any index. */
export function nameOf(path: Path): string {
  return path
    .map((key) => (typeof key === 'number' ? '[]' : `.${key}`))
    .join('')
    .replace(/^\./, '');
}

export function at(value: Json, path: Path): Json | undefined {
  let found: Json | undefined = value;
  for (const key of path) {
    if (typeof key === 'number') found = Array.isArray(found) ? found[key] : undefined;
    else found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return found;
}

/** The document with another value at a place; without the place where it is undefined. */
export function withValue(document: Json, path: Path, value: Json | undefined): Json {
  const [key, ...rest] = path;
  if (key === undefined) {
    if (value === undefined) throw new Error('a document cannot be taken out of itself');
    return value;
  }
  if (typeof key === 'number') {
    if (!Array.isArray(document)) throw new Error(`no list at ${nameOf(path)}`);
    const inner = rest.length === 0 ? value : withValue(document[key] ?? null, rest, value);
    return inner === undefined ? document.toSpliced(key, 1) : document.toSpliced(key, 1, inner);
  }
  if (!isObject(document)) throw new Error(`no object at ${nameOf(path)}`);
  const inner = rest.length === 0 ? value : withValue(document[key] ?? null, rest, value);
  const { [key]: _, ...others } = document;
  if (inner === undefined) return others;
  // In its old place, so that nothing but the value differs.
  return Object.fromEntries(
    Object.hasOwn(document, key)
      ? Object.entries(document).map(([name, old]) => [name, name === key ? inner : old])
      : [...Object.entries(document), [key, inner]],
  );
}

/** JSON text in which the key at `path` stands twice, the second time with `again`. */
export function withKeyTwice(document: Json, path: Path, again: Json): string {
  const marker = 'this-key-stands-twice';
  const value = at(document, path);
  const parent = at(document, path.slice(0, -1)) ?? document;
  const key = path.at(-1);
  if (value === undefined || !isObject(parent) || typeof key !== 'string') throw new Error('no key there');
  const doubled = Object.fromEntries(
    Object.entries(parent).flatMap(([name, old]) =>
      name === key
        ? [
            [name, old],
            [marker, again],
          ]
        : [[name, old]],
    ),
  );
  return JSON.stringify(withValue(document, path.slice(0, -1), doubled)).replace(
    `"${marker}":`,
    `${JSON.stringify(key)}:`,
  );
}

export function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
