import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
// The parser that comes with the test runner: it reads TypeScript as it stands.
import { parseAst } from 'rolldown/parseAst';

const SRC = join(import.meta.dirname, '..', '..', 'src');

/** Rooms whose every await is a site: the order of work, and what sends its answers. */
const ROOMS = ['admission', 'gate'];

/** One `await`, or the `of` of one `for await`. */
export interface Site {
  /** `admission/admit.ts#3`: the file below `src`, and the how-manieth await in it. */
  readonly id: string;
  readonly line: number;
  /** What is awaited, in one line, as the source has it, cut at 60 characters: names the site when lines move. */
  readonly text: string;
}

interface Place extends Site {
  readonly start: number;
  readonly end: number;
  /** Where what is awaited begins. */
  readonly inner: number;
  readonly loop: boolean;
}

/** Every site in the source as it is now, file by file. */
export function allSites(): readonly Site[] {
  return instrumentedFiles().flatMap((path) => placesOf(path, readFileSync(path, 'utf8')));
}

export function instrumentedFiles(): readonly string[] {
  return ROOMS.flatMap((room) =>
    readdirSync(join(SRC, room), { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile() && file.name.endsWith('.ts'))
      .map((file) => join(file.parentPath, file.name)),
  ).sort();
}

/** The same source, in which every await goes through `globalThis.fault` and every `for await` through `faultEach`. */
export function instrument(path: string, source: string): string {
  const edits = placesOf(path, source).flatMap(({ id, start, end, inner, loop }) => [
    loop
      ? { at: start, cut: 0, put: `globalThis.faultEach(${JSON.stringify(id)}, () => (` }
      : {
          at: start,
          cut: inner - start,
          put: `(await globalThis.fault(${JSON.stringify(id)}, async () => (`,
        },
    { at: end, cut: 0, put: loop ? '))' : ')))' },
  ]);
  let text = source;
  // From the end, so that places before stay where they are.
  for (const { at, cut, put } of edits.sort((a, b) => b.at - a.at)) {
    text = text.slice(0, at) + put + text.slice(at + cut);
  }
  return text;
}

function placesOf(path: string, source: string): Place[] {
  const file = relative(SRC, path);
  const found: Omit<Place, keyof Site>[] = [];
  for (const node of nodesIn(parseAst(source, { lang: 'ts' }))) {
    if (node['type'] === 'AwaitExpression') {
      const { start, end } = spanOf(node);
      // The place of what is awaited is without the parentheses around it.
      found.push({ start, end, inner: start + 'await'.length, loop: false });
    } else if (node['type'] === 'ForOfStatement' && node['await'] === true) {
      const { start, end } = spanOf(node['right']);
      found.push({ start, end, inner: start, loop: true });
    }
  }
  return found
    .sort((a, b) => a.start - b.start || b.end - a.end)
    .map((place, number) => ({
      ...place,
      id: `${file}#${number + 1}`,
      line: source.slice(0, place.start).split('\n').length,
      text: source.slice(place.inner, place.end).replace(/\s+/g, ' ').trim().slice(0, 60),
    }));
}

type Node = Readonly<Record<string, unknown>>;

function* nodesIn(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return;
  if ('type' in value && typeof value.type === 'string') yield value as Node;
  for (const child of Object.values(value)) yield* nodesIn(child);
}

function spanOf(node: unknown): { readonly start: number; readonly end: number } {
  const { start, end } = (node ?? {}) as Partial<Record<'start' | 'end', unknown>>;
  if (typeof start !== 'number' || typeof end !== 'number') throw new Error('a node without a place');
  return { start, end };
}
