import type Database from 'better-sqlite3';
import type { PackageId } from '../../model/artifact.ts';
import type { Bundled } from '../../model/bundled.ts';
import type { Digest } from '../../model/digest.ts';
import type { CarriedEvidence, EvidenceOutcome } from '../../model/evidence.ts';
import type { FileFacts } from '../../model/facts.ts';
import type { Finding } from '../../model/finding.ts';
import { NONE_TAKEN, type TakenPlaces } from '../../model/taken-places.ts';
import { sharedFolderOf, toldPlaces } from '../../model/told-places.ts';
import { type KnownArtifact, LedgerError, type RememberedIndex } from '../ledger.ts';
import { entryReads } from './entry-reads.ts';
import { kindsOf, signerOf, verdictsOf } from './evidence-columns.ts';
import { placeLookup } from './place-claims.ts';
import type { ReaderCalls } from './protocol.ts';

/** Places of all files of one package that are looked up, about: a listing is no door. */
const MAX_PLACES = 512;

/** The statements of a reader. */
export function readsOf(db: Database.Database): ReaderCalls {
  return { ...memoryReads(db), ...entryReads(db) };
}

function memoryReads(db: Database.Database) {
  const packageOf = db
    .prepare<[string, string], number>('SELECT id FROM package WHERE ecosystem = ? AND name = ?')
    .pluck();
  const findIndex = db.prepare<[number], Omit<RememberedIndex, 'ecosystem' | 'name'>>(
    'SELECT source, digest, at, etag, last_modified AS lastModified FROM index_seen WHERE package = ?',
  );
  const findArtifact = db.prepare<[Digest, Digest], ArtifactRow>(
    `SELECT sha256, sha512, size, chunks, findings, engine, metadata, licence, bundled, dependencies, places FROM artifact WHERE sha256 = ? OR sha512 = ?`,
  );
  const origins = db
    .prepare<[string], string>('SELECT origin FROM file_origin WHERE source = ? ORDER BY id')
    .pluck();
  const names = db
    .prepare<[string], string>(
      'SELECT name FROM package JOIN index_seen ON package = id WHERE ecosystem = ? ORDER BY name',
    )
    .pluck();
  const oneFile = db.prepare<{ package: number; filename: string }, FactsRow>(
    factsQuery('(SELECT :filename AS filename)'),
  );
  const allFiles = db.prepare<{ package: number }, FactsRow>(
    factsQuery(`(SELECT filename FROM file_seen WHERE package = :package
      UNION SELECT filename FROM first_digest WHERE package = :package
      UNION SELECT filename FROM file_artifact WHERE package = :package
      UNION SELECT filename FROM carried_evidence WHERE package = :package
      UNION SELECT filename FROM evidence_outcome WHERE package = :package)`),
  );
  const inspectedPlaces = db
    .prepare<[number, number], string>(
      `SELECT DISTINCT places FROM artifact WHERE places IS NOT NULL AND sha256 IN (
         SELECT sha256 FROM first_digest WHERE package = ? UNION SELECT sha256 FROM file_artifact WHERE package = ?)
       ORDER BY places`,
    )
    .pluck();
  const filled = db.prepare<[], number | null>('SELECT filled FROM place_state').pluck();
  const lookup = placeLookup(db);
  const encoder = new TextEncoder();

  function lastIndex({ ecosystem, name }: PackageId): RememberedIndex | null {
    const id = packageOf.get(ecosystem, name);
    const row = id === undefined ? undefined : findIndex.get(id);
    return row ? { ecosystem, name, ...row } : null;
  }

  function fileFacts(id: PackageId, filename: string): FileFacts {
    // A package that is not known is -1: no row has it, and every fact is null.
    return factsOf(oneFile.get({ package: packageOf.get(id.ecosystem, id.name) ?? -1, filename }));
  }

  function packageFacts(id: PackageId): Uint8Array {
    const rows = allFiles.all({ package: packageOf.get(id.ecosystem, id.name) ?? -1 });
    const facts = rows.map((row): [string, FileFacts] => [row.filename, factsOf(row)]);
    facts.sort(([a], [b]) => (a < b ? -1 : 1));
    return encoder.encode(JSON.stringify(facts));
  }

  function artifactBy(digest: Digest): KnownArtifact | null {
    const row = findArtifact.get(digest, digest);
    if (!row) return null;
    return {
      ...row,
      findings: findingsOf(row.findings),
      bundled: bundledOf(row.bundled),
      dependencies: textsOf(row.dependencies),
      places: textsOf(row.places),
    };
  }

  function placesTaken(profile: string, id: PackageId, places: readonly string[] | null): TakenPlaces {
    if (id.ecosystem !== 'pypi') return NONE_TAKEN;
    if (filled.get() !== null)
      throw new LedgerError(
        'unavailable',
        'the memory of places is being made; ask again when the server has started',
      );
    if (places) return lookup.names(profile, id.name, places);
    const number = packageOf.get(id.ecosystem, id.name) ?? -1;
    const all = new Set([sharedFolderOf(id.name)]);
    for (const json of inspectedPlaces.all(number, number)) {
      for (const place of toldPlaces(textsOf(json) ?? [], id.name).places) all.add(place);
      if (all.size >= MAX_PLACES) break;
    }
    return lookup.pairs(profile, id.name, [...all].sort());
  }

  return {
    placesTaken,
    lastIndex,
    packageFacts,
    fileFacts,
    artifactBy,
    fileOrigins: (sourceId: string) => origins.all(sourceId),
    knownNames: (ecosystem: string) => names.all(ecosystem),
  };
}

/**
 * Facts of the files that `wanted` lists. What the bytes showed is that of the digest first admitted, or, as
 * long as none is, of the artifact last inspected for the file.
 */
function factsQuery(wanted: string): string {
  return `SELECT wanted.filename, seen.first_seen, seen.last_absent, seen.claimed_at, seen.claimed,
      first.sha256, first.sha512, artifact.findings, artifact.metadata, artifact.licence, artifact.dependencies,
      artifact.places, carried.kinds, carried.signer,
      outcome.sha256 AS looked_sha256, outcome.sha512 AS looked_sha512, outcome.at, outcome.trust, outcome.verdicts
    FROM ${wanted} AS wanted
    LEFT JOIN file_seen AS seen ON seen.package = :package AND seen.filename = wanted.filename
    LEFT JOIN first_digest AS first ON first.package = :package AND first.filename = wanted.filename
    LEFT JOIN file_artifact AS last ON last.package = :package AND last.filename = wanted.filename
    LEFT JOIN artifact ON artifact.sha256 = coalesce(first.sha256, last.sha256)
    LEFT JOIN carried_evidence AS carried
      ON carried.package = :package AND carried.filename = wanted.filename
    LEFT JOIN evidence_outcome AS outcome
      ON outcome.package = :package AND outcome.filename = wanted.filename`;
}

interface FactsRow {
  readonly filename: string;
  readonly first_seen: number | null;
  readonly last_absent: number | null;
  readonly claimed_at: number | null;
  readonly claimed: number | null;
  readonly sha256: Digest | null;
  readonly sha512: Digest | null;
  readonly findings: string | null;
  readonly metadata: string | null;
  readonly licence: string | null;
  readonly dependencies: string | null;
  readonly places: string | null;
  readonly kinds: number | null;
  readonly signer: string | null;
  readonly looked_sha256: Digest | null;
  readonly looked_sha512: Digest | null;
  readonly at: number | null;
  readonly trust: Digest | null;
  readonly verdicts: string | null;
}

interface ArtifactRow extends Omit<KnownArtifact, 'findings' | 'bundled' | 'dependencies' | 'places'> {
  readonly findings: string;
  readonly bundled: string | null;
  readonly dependencies: string | null;
  readonly places: string | null;
}

/** In one order of keys, so that the same facts are the same JSON. */
function factsOf(row: FactsRow | undefined): FileFacts {
  if (!row) throw new Error('a query for one file gave no row');
  return {
    firstSeen: row.first_seen,
    lastAbsent: row.last_absent,
    claimedAt: row.claimed_at,
    first: row.sha256 !== null && row.sha512 !== null ? { sha256: row.sha256, sha512: row.sha512 } : null,
    findings: row.findings === null ? null : findingsOf(row.findings),
    metadata: row.metadata,
    licence: row.licence,
    dependencies: textsOf(row.dependencies),
    places: textsOf(row.places),
    claimed: kindsOf(row.claimed ?? 0),
    carried: carriedOf(row),
    evidence: outcomeOf(row),
  };
}

function carriedOf({ kinds, signer }: FactsRow): CarriedEvidence | null {
  if (kinds === null) return null;
  return { ...kindsOf(kinds), signer: signer === null ? null : signerOf(JSON.parse(signer)) };
}

/** null only where there is none: what cannot be read throws. */
function outcomeOf(row: FactsRow): EvidenceOutcome | null {
  const { looked_sha256: sha256, looked_sha512: sha512, at, trust, verdicts } = row;
  if (sha256 === null || sha512 === null || at === null || trust === null || verdicts === null) return null;
  return { sha256, sha512, at, trust, verdicts: verdictsOf(JSON.parse(verdicts)) };
}

/** null only where it was not looked for: what cannot be read throws. */
function bundledOf(json: string | null): Bundled | null {
  if (json === null) return null;
  const { packages, unnamed } = JSON.parse(json) as Bundled;
  if (!Array.isArray(packages) || !Number.isSafeInteger(unnamed)) throw new TypeError('unreadable: bundled');
  return { packages, unnamed };
}

/** null only where it was not looked for: what cannot be read throws. */
function textsOf(json: string | null): readonly string[] | null {
  if (json === null) return null;
  const texts: unknown = JSON.parse(json);
  if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string'))
    throw new TypeError('unreadable: a list of texts');
  return texts;
}

function findingsOf(json: string): readonly Finding[] {
  return JSON.parse(json) as Finding[];
}
