import { readLogFile } from '../audit/folder.ts';
import type { LogSource } from '../log/log-source.ts';
import { parseLogPath } from '../log/tiles.ts';

/** Files of a log beside those that C2SP tlog-tiles names. */
const OTHERS: ReadonlySet<string> = new Set(['cosigned', 'retention']);

/** A log in a folder. It reads what is a path of a log, and no more than such a file has. */
export function folderSource(folder: string): LogSource {
  return {
    async read(path) {
      if (parseLogPath(path) === null && !OTHERS.has(path)) return null;
      return readLogFile(folder, path);
    },
  };
}
