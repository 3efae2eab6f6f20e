import type Database from 'better-sqlite3';
import type { ArtifactId, PackageId } from '../../model/artifact.ts';
import type { EvidenceOutcome } from '../../model/evidence.ts';
import { columnsOfBytes } from '../columns.ts';
import type { CarriedFile, FirstDigest, InspectedFile, RememberedIndex } from '../ledger.ts';
import { LedgerError } from '../ledger.ts';
import { signerOf, sumOf, verdictsOf } from './evidence-columns.ts';
import { IndexWrites } from './index-writes.ts';
import { logWrites } from './log-writes.ts';
import { placeWrites } from './place-claims.ts';
import type { PreparedEntry, WriterCalls } from './protocol.ts';
import { namesOtherBytes, readSeenFiles } from './seen-files.ts';

/** Characters of one signer's JSON, and of all the verdicts on one file: a few times what is ever seen. */
const MAX_SIGNER = 16 * 1024;
const MAX_VERDICTS = 256 * 1024;

/**
 * The statements of the writer. Every call runs inside the transaction of its batch and checks before it
 * writes: one that throws a LedgerError has written nothing, so the batch goes on without it.
 */
export interface Writes {
  readonly calls: WriterCalls;
  /** Goes on with the totals of the query index, a step. True where it is worth going on at once. */
  sum(): boolean;
  /** Whether a step is worth it. */
  isToSum(): boolean;
  /** The transaction was rolled back: what is kept in memory of it is read again. */
  forget(): void;
}

export function writesTo(db: Database.Database): Writes {
  const entries = entryWrites(db);
  const calls = { append: entries.append, ...memoryWrites(db), ...logWrites(db, entries) };
  return { calls, sum: entries.sum, isToSum: entries.isToSum, forget: entries.forget };
}

function entryWrites(db: Database.Database) {
  const lastSeq = db.prepare<[], number | null>('SELECT max(seq) FROM entry').pluck();
  const insertEntry = db.prepare('INSERT INTO entry (seq, leaf, bytes) VALUES (?, ?, ?)');
  const index = new IndexWrites(db);
  const findFirst = db.prepare<[number, string], { sha256: string; sha512: string }>(
    'SELECT sha256, sha512 FROM first_digest WHERE package = ? AND filename = ?',
  );
  const insertFirst = db.prepare(
    `INSERT INTO first_digest (package, filename, version, sha256, sha512, size, chunks, seq)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const findCarried = db.prepare<[number, string], Carried>(
    'SELECT kinds, signer FROM carried_evidence WHERE package = ? AND filename = ?',
  );
  const upsertCarried = db.prepare(
    `INSERT INTO carried_evidence (package, filename, version, kinds, signer, seq) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (package, filename) DO UPDATE SET kinds = excluded.kinds, signer = excluded.signer,
       seq = excluded.seq`,
  );
  const packages = packageIds(db);
  const places = placeWrites(db);
  let next: number | null = null;

  function append(
    entry: PreparedEntry,
    first: FirstDigest | null,
    carried: CarriedFile | null,
  ): { seq: number; remembered: boolean; placed: boolean } {
    const claimed = first !== null && isNewClaim(first);
    const added = carried && newlyCarried(carried);
    const columns = columnsOfBytes(entry.bytes);
    if (columns.claim) places.check(columns.claim);
    next ??= (lastSeq.get() ?? -1) + 1;
    const seq = next;
    insertEntry.run(seq, Buffer.from(entry.leaf, 'hex'), entry.bytes);
    index.insert(seq, columns);
    const placed = columns.claim !== null && places.insert(seq, columns.claim);
    if (claimed) {
      const { artifact, sha256, sha512, size, chunks } = first;
      insertFirst.run(
        packages.make(artifact),
        artifact.filename,
        artifact.version,
        sha256,
        sha512,
        size,
        chunks,
        seq,
      );
    }
    if (carried && added) {
      const { artifact } = carried;
      upsertCarried.run(
        packages.make(artifact),
        artifact.filename,
        artifact.version,
        added.kinds,
        added.signer,
        seq,
      );
    }
    next = seq + 1;
    return { seq, remembered: claimed || added !== null, placed };
  }

  /** Whether nothing is claimed for the file yet; the same digests again are no news, others a conflict. */
  function isNewClaim(first: FirstDigest): boolean {
    const id = packages.find(first.artifact);
    const known = id === undefined ? undefined : findFirst.get(id, first.artifact.filename);
    if (!known) return true;
    if (known.sha256 === first.sha256 && known.sha512 === first.sha512) return false;
    throw new LedgerError('conflict', `another digest was first admitted for ${first.artifact.filename}`);
  }

  /**
   * What is carried by a file from now on; null where it is no news. Kinds only add up. The first signer stays, like
   * the first digest: the bytes are the same, so another one later is at most a second document about them, and
   * whoever can bring such a document must not be able to move what later versions are held to.
   */
  function newlyCarried(carried: CarriedFile): Carried | null {
    const id = packages.find(carried.artifact);
    const known = id === undefined ? undefined : findCarried.get(id, carried.artifact.filename);
    const kinds = (known?.kinds ?? 0) | sumOf(carried);
    const signer = known?.signer ?? (carried.signer && jsonOf(carried.signer, signerOf, MAX_SIGNER));
    return known && known.kinds === kinds && known.signer === signer ? null : { kinds, signer };
  }

  return {
    append,
    skipTo(seq: number): void {
      next = Math.max(seq, next ?? (lastSeq.get() ?? -1) + 1);
    },
    unindex(from: number, to: number): void {
      index.remove(from, to);
    },
    sum: () => index.sum(),
    isToSum: () => index.isToSum,
    forget(): void {
      next = null;
      index.forget();
    },
  };
}

function memoryWrites(db: Database.Database) {
  const packages = packageIds(db);
  const findIndex = db.prepare<[number], { source: string; digest: string; at: number }>(
    'SELECT source, digest, at FROM index_seen WHERE package = ?',
  );
  const upsertIndex = db.prepare(
    `INSERT INTO index_seen (package, source, digest, at, etag, last_modified) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (package) DO UPDATE SET source = excluded.source, digest = excluded.digest, at = excluded.at,
       etag = excluded.etag, last_modified = excluded.last_modified`,
  );
  const knownFiles = db
    .prepare<[number], [filename: string, claimedAt: number | null, digests: string, claimed: number]>(
      'SELECT filename, claimed_at, digests, claimed FROM file_seen WHERE package = ?',
    )
    .raw();
  const insertFile = db.prepare(
    `INSERT INTO file_seen (package, filename, first_seen, last_absent, claimed_at, digests, claimed)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const beginAnew = db.prepare(
    'UPDATE file_seen SET last_absent = ?, digests = ? WHERE package = ? AND filename = ?',
  );
  const claimLater = db.prepare('UPDATE file_seen SET claimed_at = ? WHERE package = ? AND filename = ?');
  const claimMore = db.prepare('UPDATE file_seen SET claimed = ? WHERE package = ? AND filename = ?');
  const findArtifacts = db.prepare<[string, string], ArtifactRow>(
    `SELECT sha256, sha512, size, chunks, findings, engine, metadata, licence, bundled, dependencies, places FROM artifact WHERE sha256 = ? OR sha512 = ?`,
  );
  const upsertArtifact = db.prepare(
    `INSERT INTO artifact (sha256, sha512, size, chunks, findings, engine, metadata, licence, bundled, dependencies, places)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (sha256) DO UPDATE SET findings = excluded.findings, engine = excluded.engine,
       metadata = excluded.metadata, licence = excluded.licence, bundled = excluded.bundled,
       dependencies = excluded.dependencies, places = excluded.places`,
  );
  const upsertFileArtifact = db.prepare(
    `INSERT INTO file_artifact (package, filename, sha256) VALUES (?, ?, ?)
     ON CONFLICT (package, filename) DO UPDATE SET sha256 = excluded.sha256`,
  );
  const upsertOutcome = db.prepare(
    `INSERT INTO evidence_outcome (package, filename, sha256, sha512, at, trust, verdicts) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (package, filename) DO UPDATE SET sha256 = excluded.sha256, sha512 = excluded.sha512,
       at = excluded.at, trust = excluded.trust, verdicts = excluded.verdicts`,
  );
  const insertOrigin = db.prepare('INSERT OR IGNORE INTO file_origin (source, origin) VALUES (?, ?)');

  function sawIndex(index: RememberedIndex, files: Uint8Array | null): void {
    const seen = files && readSeenFiles(files);
    const known = packages.find(index);
    const previous = known === undefined ? undefined : findIndex.get(known);
    if (!seen && (previous?.digest !== index.digest || previous.source !== index.source)) {
      throw new LedgerError('malformed', 'an index that was not seen before is confirmed as unchanged');
    }
    const id = known ?? packages.make(index);
    upsertIndex.run(id, index.source, index.digest, index.at, index.etag, index.lastModified);
    if (!seen) return;
    // Another source's index says nothing of when a file was not yet in this one.
    const lastAbsent = previous?.source === index.source ? previous.at : null;
    const earlier = new Map(
      knownFiles
        .all(id)
        .map(([filename, claimedAt, digests, claimed]) => [filename, { claimedAt, digests, claimed }]),
    );
    for (const [filename, { claimedAt, digests, evidence }] of seen) {
      const before = earlier.get(filename);
      if (before === undefined) {
        insertFile.run(id, filename, index.at, lastAbsent, claimedAt, digests, evidence);
        continue;
      }
      // Sticky, other bytes or not: an index that stops claiming evidence must not make its absence normal.
      const claimed = before.claimed | evidence;
      if (claimed !== before.claimed) claimMore.run(claimed, id, filename);
      // The latest time ever claimed: a later index may not make a file older.
      if (claimedAt !== null && (before.claimedAt === null || claimedAt > before.claimedAt)) {
        claimLater.run(claimedAt, id, filename);
      }
      // What was claimed of the name was claimed of other bytes: for its age nothing counts but that we see these
      // now. When it was first seen stays, or other files would lose the past that they are held to. What an index
      // only adds to the digests is not believed, or it could take the first ones away in a next step.
      if (namesOtherBytes(before.digests, digests)) {
        beginAnew.run(index.at, digests, id, filename);
      }
    }
  }

  function inspected(file: InspectedFile): { changed: boolean } {
    const { artifact, sha256, sha512, size, chunks, engine, metadata, licence } = file;
    const findings = JSON.stringify(file.findings.map(({ code, place }) => ({ code, place })));
    const bundled =
      file.bundled && JSON.stringify({ packages: file.bundled.packages, unnamed: file.bundled.unnamed });
    const dependencies = file.dependencies && JSON.stringify(file.dependencies);
    const places = file.places && JSON.stringify(file.places);
    const known = findArtifacts.all(sha256, sha512);
    if (known.some((row) => row.sha256 !== sha256 || row.sha512 !== sha512)) {
      throw new LedgerError('conflict', `${sha256} and ${sha512} are known as digests of different bytes`);
    }
    const before = known[0];
    const changed =
      before !== undefined &&
      (before.findings !== findings ||
        before.engine !== engine ||
        before.metadata !== metadata ||
        before.licence !== licence ||
        before.bundled !== bundled ||
        before.dependencies !== dependencies ||
        before.places !== places);
    if (!before || changed)
      upsertArtifact.run(
        sha256,
        sha512,
        size,
        chunks,
        findings,
        engine,
        metadata,
        licence,
        bundled,
        dependencies,
        places,
      );
    upsertFileArtifact.run(packages.make(artifact), artifact.filename, sha256);
    return { changed };
  }

  function evidenced(artifact: ArtifactId, outcome: EvidenceOutcome): void {
    const { sha256, sha512, at, trust } = outcome;
    const verdicts = jsonOf(outcome.verdicts, verdictsOf, MAX_VERDICTS);
    upsertOutcome.run(packages.make(artifact), artifact.filename, sha256, sha512, at, trust, verdicts);
  }

  function learnFileOrigin(sourceId: string, origin: string): void {
    insertOrigin.run(sourceId, origin);
  }

  return { sawIndex, inspected, evidenced, learnFileOrigin };
}

interface ArtifactRow {
  readonly sha256: string;
  readonly sha512: string;
  readonly findings: string;
  readonly engine: string;
  readonly metadata: string | null;
  readonly licence: string | null;
  readonly bundled: string | null;
  readonly dependencies: string | null;
  readonly places: string | null;
}

interface Carried {
  readonly kinds: number;
  readonly signer: string | null;
}

/** Evidence as JSON in its one order of keys. Throws LedgerError where it is of another shape, or beyond `max`. */
function jsonOf<T>(value: T, read: (value: unknown) => T, max: number): string {
  let json: string;
  try {
    json = JSON.stringify(read(value));
  } catch (error) {
    throw new LedgerError('malformed', String(error), { cause: error });
  }
  if (json.length > max) throw new LedgerError('too-large', `evidence is longer than ${max} characters`);
  return json;
}

/** The number of a package; `make` gives one on first use. */
function packageIds(db: Database.Database) {
  const insert = db.prepare('INSERT INTO package (ecosystem, name) VALUES (?, ?)');
  const select = db
    .prepare<[string, string], number>('SELECT id FROM package WHERE ecosystem = ? AND name = ?')
    .pluck();
  const find = ({ ecosystem, name }: PackageId) => select.get(ecosystem, name);
  const make = (id: PackageId) => find(id) ?? Number(insert.run(id.ecosystem, id.name).lastInsertRowid);
  return { find, make };
}
