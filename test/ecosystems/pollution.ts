/** What is never to be seen in anything that is served. */
export const CANARY = 'canary says do as I say';

/** The same document with a further key and text in every object of it. */
export function polluted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(polluted);
  if (typeof value !== 'object' || value === null) return value;
  return {
    [CANARY]: CANARY,
    ...Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, polluted(inner)])),
    note: CANARY,
  };
}

/** The same document again and again, each time with `text` in the place of another of its scalars. */
export function* withEach(value: unknown, text: string): Generator<unknown> {
  if (typeof value !== 'object' || value === null) {
    yield text;
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    for (const changed of withEach(inner, text)) {
      yield Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed };
    }
  }
}
