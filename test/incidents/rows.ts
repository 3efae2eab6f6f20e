import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Row } from './row.ts';

const FOLDER = join(import.meta.dirname, 'rows');

/** Every replay by its id. Each is a file of its own, `rows/rp02-fresh-postinstall.ts`, that exports `row`. */
export const rows: readonly Row[] = await load();

async function load(): Promise<Row[]> {
  const files = (await readdir(FOLDER)).filter((name) => /^rp\d\d-.*\.ts$/.test(name));
  const modules = await Promise.all(
    files.map((name) => import(join(FOLDER, name)) as Promise<{ readonly row?: Row }>),
  );
  const found = modules.map(({ row }, n) => {
    const prefix = `${row?.id.toLowerCase()}-`;
    if (!row || !files[n]?.startsWith(prefix)) throw new Error(`${files[n]} exports no row of its number`);
    return row;
  });
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}
