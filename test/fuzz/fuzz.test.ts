import { describe, expect, test } from 'vitest';
import { corpus, PROPERTIES } from './all.ts';

// Each time the same inputs, so that a run says something of the change it is made for; `npm run fuzz` gives others.

describe.each(PROPERTIES)('$name', ({ name, runs, fuzz }) => {
  test('holds', () => fuzz(runs, 7));

  const found = corpus().filter(({ property }) => property === name);
  test.skipIf(found.length === 0).each(found)('$file', async ({ input }) => {
    await PROPERTIES.find((one) => one.name === name)?.replay(input);
  });
});

test('every file of the corpus belongs to a property, and says which bug it is', () => {
  const names = PROPERTIES.map(({ name }) => name);
  for (const { file, property, bug } of corpus()) {
    expect(names, file).toContain(property);
    expect(bug, file).toMatch(/\S{3}/);
  }
});
