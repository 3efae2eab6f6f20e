import { readdirSync } from 'node:fs';

/** The test file of each attack, from the project's folder, by its id. */
export const SURFACE: ReadonlyMap<string, string> = new Map(
  readdirSync(import.meta.dirname)
    .filter((name) => /^a\d\d-.*\.test\.ts$/.test(name))
    .map((name) => [name.slice(0, 3).toUpperCase(), `test/surface/${name}`]),
);
