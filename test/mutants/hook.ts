/** Loaded before all else, in every thread: the sources that `MUTANT` names are read with its edits. Nothing on disk changes. */
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { mutated, SOURCES } from './mutant.ts';
import { MUTANTS } from './mutants.ts';

const id = process.env['MUTANT'];
const mutant = MUTANTS.find((one) => one.id === id);
if (!mutant) throw new Error(`no mutant ${id}`);
const byUrl = new Map(
  [...Map.groupBy(mutant.edits, ({ file }) => file)].map(([file, edits]) => [
    pathToFileURL(join(SOURCES, file)).href,
    edits,
  ]),
);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const edits = byUrl.get(url);
    if (!edits || loaded.source === undefined || loaded.source === null) return loaded;
    const source = Buffer.from(loaded.source as Uint8Array).toString();
    return { ...loaded, source: mutated(source, edits) };
  },
});
