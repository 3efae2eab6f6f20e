import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Row } from './row.ts';

const FOLDER = join(import.meta.dirname, 'rows');

/** A replay and where it is written, from the project's folder. */
export interface FiledRow extends Row {
  /** `test/incidents/rows/rp02-fresh-postinstall.ts` */
  readonly file: string;
}

/** Every replay by its id. Each is a file of its own, `rows/rp02-fresh-postinstall.ts`, that exports `row`. */
export const rows: readonly FiledRow[] = await load();

async function load(): Promise<FiledRow[]> {
  const files = (await readdir(FOLDER)).filter((name) => /^rp\d\d-.*\.ts$/.test(name));
  const found = files.map(async (name) => {
    const { row } = (await import(join(FOLDER, name))) as { readonly row?: Row };
    if (!row || !name.startsWith(`${row.id.toLowerCase()}-`))
      throw new Error(`${name} exports no row of its number`);
    return { ...row, file: `test/incidents/rows/${name}` };
  });
  return (await Promise.all(found)).sort((a, b) => (a.id < b.id ? -1 : 1));
}
