import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { PackageId } from '../model/artifact.ts';
import { algorithmOf, type Digest, hexOf, parseDigest, sha256 } from '../model/digest.ts';
import { EVIDENCE_KINDS, type EvidenceKind } from '../model/evidence.ts';
import type { EvidenceRef } from './vault.ts';

/** What the vault keeps. */
export const SHELVES = ['cas', 'documents', 'evidence'] as const;
export type Shelf = (typeof SHELVES)[number];

/**
 * Where things lie below the vault's folder. Every name is made of hex digits of a digest or of our own
 * random bytes; no text from outside ever becomes part of a path.
 */
export class Layout {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /**
   * An artifact: `cas/sha256/9f/86/9f86d081…0a08`. Documents likewise: `documents/sha256/2c/f2/2cf24dba…9824`, and
   * those of evidence: `evidence/sha256/…`.
   */
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

  /** The evidence of a package, by the digest of its name: `evidence/packages/5ae2…c01f`. */
  references({ ecosystem, name }: PackageId): string {
    return join(this.dir, 'evidence', 'packages', hexOf(sha256(`${ecosystem}\n${name}`)));
  }

  /** One document for one artifact, an empty file: `…/sha512-3d1f….npm-attestations.9f86d081…0a08`. */
  reference(id: PackageId, { artifact, kind, document }: EvidenceRef): string {
    const about = `${algorithmOf(artifact)}-${hexOf(artifact)}`;
    return join(this.references(id), `${about}.${kind}.${hexOfSha256(document)}`);
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

const REFERENCE = /^(sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})\.([a-z-]+)\.([0-9a-f]{64})$/;

/** What the name of a reference says; null for all else. */
export function referenceOf(filename: string): EvidenceRef | null {
  const [, about = '', kind = '', hex = ''] = REFERENCE.exec(filename) ?? [];
  const artifact = parseDigest(about.replace('-', ':'));
  return artifact && isKind(kind) ? { artifact, kind, document: `sha256:${hex}` } : null;
}

function isKind(text: string): text is EvidenceKind {
  return Object.hasOwn(EVIDENCE_KINDS, text);
}

/** The hex of a sha256. Throws for all else: types are no guard against a path. */
export function hexOfSha256(digest: Digest): string {
  if (!digest.startsWith('sha256:') || parseDigest(digest) !== digest)
    throw new TypeError('not a sha256 digest');
  return hexOf(digest);
}
