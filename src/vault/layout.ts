import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Digest, hexOf, parseDigest } from '../model/digest.ts';

/** What the vault keeps. */
export type Shelf = 'cas' | 'documents';

/**
 * Where things lie below the vault's folder. Every name is made of hex digits of a digest or of our own
 * random bytes; no text from outside ever becomes part of a path.
 */
export class Layout {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** An artifact: `cas/sha256/9f/86/9f86d081…0a08`. Documents likewise: `documents/sha256/2c/f2/2cf24dba…9824`. */
  file(shelf: Shelf, digest: Digest): string {
    const hex = hexOfSha256(digest);
    return join(this.dir, shelf, 'sha256', hex.slice(0, 2), hex.slice(2, 4), hex);
  }

  /** An artifact's chunk table, 32 bytes of SHA-256 per chunk: `cas/sha256/9f/86/9f86d081…0a08.chunks`. */
  table(digest: Digest): string {
    return `${this.file('cas', digest)}.chunks`;
  }

  /** All files of a shelf: `cas/sha256`. */
  shelf(shelf: Shelf): string {
    return join(this.dir, shelf, 'sha256');
  }

  /** Bytes that nobody has vouched for: `quarantine`. Emptied when the vault is opened. */
  get quarantine(): string {
    return join(this.dir, 'quarantine');
  }

  /** A new name in quarantine: `quarantine/5b1cf0a37de24e19a6c28d40fe75b3aa`. */
  quarantined(): string {
    return join(this.quarantine, randomBytes(16).toString('hex'));
  }

  /** What was found damaged, for people to look at: `damaged`. */
  get damaged(): string {
    return join(this.dir, 'damaged');
  }

  /** A new name for a damaged file: `damaged/9f86d081…0a08.4be11c02`. */
  damagedFile(digest: Digest): string {
    return join(this.damaged, `${hexOfSha256(digest)}.${randomBytes(4).toString('hex')}`);
  }
}

/** The digest that a file name of a shelf stands for; null for a chunk table and for all else. */
export function digestOfFile(filename: string): Digest | null {
  return /^[0-9a-f]{64}$/.test(filename) ? `sha256:${filename}` : null;
}

/** The hex of a sha256. Throws for all else: types are no guard against a path. */
export function hexOfSha256(digest: Digest): string {
  if (!digest.startsWith('sha256:') || parseDigest(digest) !== digest)
    throw new TypeError('not a sha256 digest');
  return hexOf(digest);
}
