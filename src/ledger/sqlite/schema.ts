import { INDEX_SCHEMA } from './index-schema.ts';
import { LOG_SCHEMA } from './log-schema.ts';
import { PLACE_SCHEMA } from './place-schema.ts';

/**
 * The database's history: statement lists in order, `user_version` counts those that were applied. One that was
 * released is never edited; a change is a new one at the end.
 *
 * `entry` is the ledger. `entry_index` repeats of it what is searched for, and can be rebuilt from it. The
 * other tables are our memory of upstreams. Times are milliseconds since 1970; digests as in model/digest.ts.
 */
export const MIGRATIONS: readonly string[] = [
  `
  -- seq counts from 0 without a gap: it is the leaf's index in the Merkle tree. bytes is what leaf is the hash of.
  CREATE TABLE entry (
    seq INTEGER PRIMARY KEY CHECK (seq >= 0),
    leaf BLOB NOT NULL CHECK (length(leaf) = 32),
    bytes TEXT NOT NULL
  ) STRICT;
  CREATE INDEX entry_by_leaf ON entry (leaf);

  CREATE TABLE entry_index (
    seq INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    type TEXT NOT NULL,
    agent TEXT, ecosystem TEXT, name TEXT, version TEXT, verdict TEXT, code TEXT
  ) STRICT;
  -- Every index ends in seq, so each lists its matches in log order.
  CREATE INDEX entry_by_time ON entry_index (time);
  CREATE INDEX entry_by_agent ON entry_index (agent);
  CREATE INDEX entry_by_name ON entry_index (name);
  CREATE INDEX entry_by_refusal ON entry_index (verdict) WHERE verdict = 'refuse';
  CREATE INDEX entry_by_type ON entry_index (type) WHERE type NOT IN ('decision', 'served');

  CREATE TABLE package (
    id INTEGER PRIMARY KEY,
    ecosystem TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (ecosystem, name)
  ) STRICT;

  CREATE TABLE index_seen (
    package INTEGER PRIMARY KEY REFERENCES package,
    source TEXT NOT NULL,
    digest TEXT NOT NULL,
    at INTEGER NOT NULL,
    etag TEXT,
    last_modified TEXT
  ) STRICT;

  CREATE TABLE file_seen (
    package INTEGER NOT NULL REFERENCES package,
    filename TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_absent INTEGER,
    claimed_at INTEGER,
    -- As the index declared them when the clock began; other bytes under the same name begin one of their own.
    digests TEXT NOT NULL,
    PRIMARY KEY (package, filename)
  ) STRICT, WITHOUT ROWID;

  -- Written once and never changed: seq is the entry that admitted it.
  CREATE TABLE first_digest (
    package INTEGER NOT NULL REFERENCES package,
    filename TEXT NOT NULL,
    version TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    sha512 TEXT NOT NULL,
    size INTEGER NOT NULL,
    chunks TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES entry,
    PRIMARY KEY (package, filename)
  ) STRICT, WITHOUT ROWID;

  -- What the bytes showed. findings is JSON: [{"code": …, "place": …}, …].
  CREATE TABLE artifact (
    sha256 TEXT PRIMARY KEY,
    sha512 TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    chunks TEXT NOT NULL,
    findings TEXT NOT NULL,
    engine TEXT NOT NULL,
    metadata TEXT
  ) STRICT, WITHOUT ROWID;

  -- The artifact that was last inspected for a file.
  CREATE TABLE file_artifact (
    package INTEGER NOT NULL REFERENCES package,
    filename TEXT NOT NULL,
    sha256 TEXT NOT NULL REFERENCES artifact,
    PRIMARY KEY (package, filename)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE file_origin (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    origin TEXT NOT NULL,
    UNIQUE (source, origin)
  ) STRICT;
  `,
  `
  -- Evidence that an index ever claimed for the file: 1 registry signature, 2 provenance, 3 both. It only grows.
  ALTER TABLE file_seen ADD COLUMN claimed INTEGER NOT NULL DEFAULT 0 CHECK (claimed BETWEEN 0 AND 3);
  -- What the indexes that we have claim was not read into it: each is asked for as a whole once more.
  UPDATE index_seen SET etag = NULL, last_modified = NULL;

  -- The evidence with which a file was admitted: kinds as above, signer is JSON (model/evidence.ts). seq is the
  -- entry that last added to it; nothing is ever taken away.
  CREATE TABLE carried_evidence (
    package INTEGER NOT NULL REFERENCES package,
    filename TEXT NOT NULL,
    version TEXT NOT NULL,
    kinds INTEGER NOT NULL CHECK (kinds BETWEEN 0 AND 3),
    signer TEXT,
    seq INTEGER NOT NULL REFERENCES entry,
    PRIMARY KEY (package, filename)
  ) STRICT, WITHOUT ROWID;

  -- What the evidence of a file came to when it was last looked at, for the artifact of these digests. verdicts is
  -- JSON (model/evidence.ts).
  CREATE TABLE evidence_outcome (
    package INTEGER NOT NULL REFERENCES package,
    filename TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    sha512 TEXT NOT NULL,
    at INTEGER NOT NULL,
    trust TEXT NOT NULL,
    verdicts TEXT NOT NULL,
    PRIMARY KEY (package, filename)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- The licence that the bytes declare, as an SPDX expression. Older inspections knew none: ENGINE has them done anew.
  ALTER TABLE artifact ADD COLUMN licence TEXT;
  `,
  INDEX_SCHEMA,
  LOG_SCHEMA,
  `
  -- Packages that lie in the artifact and are installed with it: JSON {"packages": ["name@version", …], "unnamed": n}
  -- (model/bundled.ts). NULL where it was not looked for: ENGINE has older inspections done anew.
  ALTER TABLE artifact ADD COLUMN bundled TEXT;
  `,
  `
  -- What an install of the artifact pulls in, and where it lands (model/facts.ts): JSON arrays of text. NULL where it was not
  -- looked for, or could not be read: ENGINE has older inspections done anew.
  ALTER TABLE artifact ADD COLUMN dependencies TEXT;
  ALTER TABLE artifact ADD COLUMN places TEXT;
  `,
  PLACE_SCHEMA,
];
