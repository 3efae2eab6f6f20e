import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { hasCode, isMissing } from './missing.ts';

/**
 * The first bytes of a file, at most `max`; null where there is none. What is no file (a folder, a pipe, a device) has no
 * bytes, and is not waited for. For files that others may have put there.
 */
export async function readUpTo(path: string, max: number): Promise<Buffer | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    if (isMissing(error)) return null;
    // A socket's name.
    if (hasCode(error, 'ENXIO')) return 'none';
    throw error;
  });
  if (file === null || file === 'none') return file && Buffer.alloc(0);
  try {
    const found = await file.stat();
    if (!found.isFile()) return Buffer.alloc(0);
    const bytes = Buffer.allocUnsafe(Math.min(found.size, max));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  } finally {
    await file.close();
  }
}
