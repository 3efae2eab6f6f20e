/**
 * Migration 4: the query index, made anew. It repeats of `entry` what is searched for and counted by (columns.ts), in
 * codes of dictionaries; the empty text stands for what an entry does not have. `rebuild.ts` fills it from the entries.
 */
const TABLES = `
  -- Texts that entries share. kind: agent, policy, rules (a JSON array), waiver (a place), lifted (a code), waived ('').
  CREATE TABLE word (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (kind, text)
  ) STRICT;
  -- In which of the words of kind rules a rule stands.
  CREATE TABLE rule_word (
    rule TEXT NOT NULL,
    word INTEGER NOT NULL,
    PRIMARY KEY (rule, word)
  ) STRICT, WITHOUT ROWID;
  -- What an entry says in fixed words: there are few combinations. codes is a JSON array.
  CREATE TABLE shape (
    id INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    verdict TEXT NOT NULL,
    route TEXT NOT NULL,
    profile TEXT NOT NULL,
    provenance TEXT NOT NULL,
    codes TEXT NOT NULL,
    UNIQUE (type, verdict, route, profile, provenance, codes)
  ) STRICT;
  CREATE TABLE logged_package (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    ecosystem TEXT NOT NULL,
    UNIQUE (name, ecosystem)
  ) STRICT;
  CREATE TABLE subject (
    id INTEGER PRIMARY KEY,
    package INTEGER NOT NULL,
    version TEXT NOT NULL,
    file TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    sha512 BLOB NOT NULL
  ) STRICT;
  CREATE INDEX subject_by_package ON subject (package, version, file);
  CREATE INDEX subject_by_sha256 ON subject (substr(sha256, 1, 8)) WHERE sha256 <> x'';
  CREATE INDEX subject_by_sha512 ON subject (substr(sha512, 1, 8)) WHERE sha512 <> x'';

  CREATE TABLE entry_index (
    seq INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    shape INTEGER NOT NULL,
    agent INTEGER,
    subject INTEGER,
    policy INTEGER,
    rules INTEGER
  ) STRICT;
  -- Every index ends in seq, so each lists its matches in log order.
  CREATE INDEX entry_by_shape ON entry_index (shape);
  CREATE INDEX entry_by_agent ON entry_index (agent) WHERE agent IS NOT NULL;
  CREATE INDEX entry_by_policy ON entry_index (policy) WHERE policy IS NOT NULL;
  CREATE INDEX entry_by_rules ON entry_index (rules) WHERE rules IS NOT NULL;
  -- The subject of an entry and what is bundled in it, by package.
  CREATE TABLE package_entry (
    package INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    agent INTEGER,
    shape INTEGER NOT NULL,
    PRIMARY KEY (package, seq, subject)
  ) STRICT, WITHOUT ROWID;
  -- What few entries have, and several times: words of kind waiver, lifted and waived.
  CREATE TABLE mark (
    word INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (word, seq)
  ) STRICT, WITHOUT ROWID;
  -- From entry first on, up to the next row's, entries are of this minute since 1970. Clocks may go back.
  CREATE TABLE minute_run (
    first INTEGER PRIMARY KEY,
    minute INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX minute_run_by_minute ON minute_run (minute);
  -- How many entries there are up to index_state.summed, by what kind says of key: 0 all, 1 agent, 2 subject, 3 rules.
  CREATE TABLE total (
    kind INTEGER NOT NULL,
    policy INTEGER NOT NULL,
    shape INTEGER NOT NULL,
    key INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (kind, policy, shape, key)
  ) STRICT, WITHOUT ROWID;
  -- rebuilt: the last entry that a rebuild under way has reached; NULL where the index is whole.
  -- withdrawn: entries without bytes, which are in no index.
  CREATE TABLE index_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    rebuilt INTEGER,
    summed INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL
  ) STRICT;
  INSERT INTO index_state SELECT 1, -1, -1, count(*) FROM entry WHERE bytes = '';
`;

export const INDEX_SCHEMA = `
  DROP TABLE entry_index;
  DROP INDEX entry_by_leaf;
  -- Enough of the hash to find it. It is also what entries are counted by.
  CREATE INDEX entry_by_leaf ON entry (substr(leaf, 1, 8));
  ${TABLES}
`;

/** Empties the index, so that it is rebuilt. A migration that changes its tables has to change this, too. */
export const NEW_INDEX = `
  DROP TABLE IF EXISTS word;
  DROP TABLE IF EXISTS rule_word;
  DROP TABLE IF EXISTS shape;
  DROP TABLE IF EXISTS logged_package;
  DROP TABLE IF EXISTS subject;
  DROP TABLE IF EXISTS entry_index;
  DROP TABLE IF EXISTS package_entry;
  DROP TABLE IF EXISTS mark;
  DROP TABLE IF EXISTS minute_run;
  DROP TABLE IF EXISTS total;
  DROP TABLE IF EXISTS index_state;
  DROP INDEX IF EXISTS entry_by_leaf;
  CREATE INDEX entry_by_leaf ON entry (substr(leaf, 1, 8));
  ${TABLES}
`;
