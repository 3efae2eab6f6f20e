/** Works on every item, `width` at a time, and resolves with the results in the order of the items. Rejects with the first fault. */
export async function eachOf<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const left = items.entries();
  const one = async () => {
    // One iterator for all: each takes the next.
    for (const [i, item] of left) results[i] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, one));
  return results;
}
