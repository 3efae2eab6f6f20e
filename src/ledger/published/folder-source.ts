import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogSource } from '../log/log-source.ts';
import { parseLogPath } from '../log/tiles.ts';

/** Files of a log beside those that C2SP tlog-tiles names. */
const OTHERS: ReadonlySet<string> = new Set(['cosigned', 'retention']);

/** A log in a folder. It reads what is a path of a log, and nothing else. */
export function folderSource(folder: string): LogSource {
  return {
    async read(path) {
      if (parseLogPath(path) === null && !OTHERS.has(path)) return null;
      try {
        return await readFile(join(folder, path));
      } catch (error) {
        if (
          error instanceof Error &&
          'code' in error &&
          (error.code === 'ENOENT' || error.code === 'ENOTDIR')
        )
          return null;
        throw error;
      }
    },
  };
}
