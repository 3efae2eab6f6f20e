import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { type EvidenceFile, NoEvidence, readEvidenceFile } from '../cli/evidence-file.ts';

/** A packument of many versions is the largest file in which evidence comes. */
const MAX_FILE = 128 * 1024 ** 2;

/**
 * The documents of evidence in a file that somebody names.
 * @throws NoEvidence where it is no file, too large, or holds none; the system's own error where it cannot be read
 */
export async function evidenceIn(path: string): Promise<EvidenceFile[]> {
  // A FIFO without a writer must not be waited for.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new NoEvidence('this is not a file');
    if (stat.size > MAX_FILE) throw new NoEvidence('this is larger than any evidence', 'too-large');
    return readEvidenceFile(await file.readFile());
  } finally {
    await file.close();
  }
}
