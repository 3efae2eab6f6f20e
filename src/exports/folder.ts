import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder, temporaryBeside } from '../disk/durable.ts';

/** A file of a folder that is written: its name is one that we made. */
export interface FolderFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Writes a folder of files, whole and durable, or none. Rejects where there is one of that name with anything in it
 * (ENOTEMPTY), and leaves that as it was.
 */
export async function writeFolder(path: string, files: AsyncIterable<FolderFile>): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await mkdir(temporary, { mode: 0o700 });
    for await (const { name, text } of files) {
      const file = await open(join(temporary, name), 'wx', 0o600);
      try {
        await file.writeFile(text);
        await file.datasync();
      } finally {
        await file.close();
      }
    }
    await syncFolder(temporary);
    // An empty folder is replaced, one that has anything in it is not (POSIX rename).
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}
