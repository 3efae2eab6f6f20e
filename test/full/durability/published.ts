import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

// The published log of a data folder, read from its files with nothing of the firewall's own code: RFC 6962 by its
// definition over the entries of the bundles.

/** The checkpoint that lies there. */
export function checkpointOf(dataDir: string): Promise<string> {
  return readFile(join(dataDir, 'ledger', 'log', 'checkpoint'), 'utf8');
}

/** Leaf hashes of all entries that are under the checkpoint, hex, from the bundles. */
export async function publishedLeaves(dataDir: string): Promise<string[]> {
  const size = Number((await checkpointOf(dataDir)).split('\n')[1]);
  const leaves: string[] = [];
  while (leaves.length < size) {
    const width = Math.min(256, size - leaves.length);
    const index = String(leaves.length / 256).padStart(3, '0');
    // A thousand bundles are more than the tests have.
    const path = `tile/entries/${index}${width < 256 ? `.p/${width}` : ''}`;
    const bytes = await readFile(join(dataDir, 'ledger', 'log', path));
    for (let at = 0; at < bytes.length; ) {
      const end = at + 2 + bytes.readUInt16BE(at);
      leaves.push(digest(Buffer.of(0), bytes.subarray(at + 2, end)).toString('hex'));
      at = end;
    }
  }
  return leaves;
}

/** The root over each of the beginnings of these leaves, base64 as a checkpoint has it, by size. */
export function rootsOf(leaves: readonly string[]): string[] {
  // Roots of the full subtrees, left to right: of two of one size their parent is made.
  const subtrees: Subtree[] = [];
  const roots = [digest().toString('base64')];
  for (const leaf of leaves) {
    let right: Subtree = { width: 1, hash: Buffer.from(leaf, 'hex') };
    for (let left = subtrees.at(-1); left?.width === right.width; left = subtrees.at(-1)) {
      right = { width: right.width * 2, hash: digest(Buffer.of(1), left.hash, right.hash) };
      subtrees.pop();
    }
    subtrees.push(right);
    const root = subtrees.reduceRight<Buffer | null>(
      (hash, left) => (hash === null ? left.hash : digest(Buffer.of(1), left.hash, hash)),
      null,
    );
    roots.push(root?.toString('base64') ?? '');
  }
  return roots;
}

function digest(...pieces: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}

interface Subtree {
  readonly width: number;
  readonly hash: Buffer;
}
