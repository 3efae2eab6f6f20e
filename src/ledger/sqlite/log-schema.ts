/**
 * Migration 5: the transparency logs that were made of the entries, and every head that was signed of each. `seq` of an
 * entry is its place in this ledger; in its log it is `seq - base`. Of two logs the later begins behind the earlier.
 */
export const LOG_SCHEMA = `
  CREATE TABLE log (
    number INTEGER PRIMARY KEY CHECK (number >= 1),
    origin TEXT NOT NULL UNIQUE,
    vkey TEXT NOT NULL,
    base INTEGER NOT NULL CHECK (base >= 0),
    opened INTEGER NOT NULL,
    -- Entries of the log below this place are withdrawn from reading, whole bundles of 256 only.
    minimum INTEGER NOT NULL DEFAULT 0 CHECK (minimum >= 0 AND minimum % 256 = 0),
    -- Of them, those below this place are empty by now: bytes is '', and the leaf hash stays.
    cleared INTEGER NOT NULL DEFAULT 0 CHECK (cleared BETWEEN 0 AND minimum)
  ) STRICT;

  -- Every head that was ever signed: a row is durable before its signature exists, and none is changed.
  CREATE TABLE head (
    log INTEGER NOT NULL REFERENCES log,
    size INTEGER NOT NULL CHECK (size >= 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    time INTEGER NOT NULL,
    PRIMARY KEY (log, size)
  ) STRICT, WITHOUT ROWID;
`;
