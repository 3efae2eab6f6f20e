import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the sources are. */
export const SOURCES = join(import.meta.dirname, '..', '..', 'src');

/** One place of the source, and what stands there in the mutant. */
export interface Edit {
  /** Below `src`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly text: string;
  readonly by: string;
}

/** A check that is left out: in one place, or in all in which it is made again for safety. */
export interface Mutant {
  /** `tar-links`: stable, for `--only`. */
  readonly id: string;
  /** What is no longer checked, in a few words. */
  readonly check: string;
  readonly edits: readonly Edit[];
}

/** `edits`: file, the text that stands there, and what stands there in the mutant. */
export function mutant(
  id: string,
  check: string,
  ...edits: readonly (readonly [file: string, text: string, by: string])[]
): Mutant {
  return { id, check, edits: edits.map(([file, text, by]): Edit => ({ file, text, by })) };
}

/** The source with the edits of its file. @throws where a text does not stand there exactly once */
export function mutated(source: string, edits: readonly Edit[]): string {
  return edits.reduce((text, edit) => {
    const parts = text.split(edit.text);
    if (parts.length !== 2) throw new Error(`${edit.file} has ${parts.length - 1} times: ${edit.text}`);
    return parts.join(edit.by);
  }, source);
}

/** Why a mutant cannot be made of the sources as they are; null where it can. */
export async function problemOf(mutant: Mutant): Promise<string | null> {
  try {
    for (const [file, edits] of Map.groupBy(mutant.edits, (edit) => edit.file))
      mutated(await readFile(join(SOURCES, file), 'utf8'), edits ?? []);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
