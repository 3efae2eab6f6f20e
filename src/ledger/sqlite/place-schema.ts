/**
 * Where distributions land that were admitted (place-claim.ts), by profile: a function of the entries, which only grows. seq is
 * the first entry that admits a file of this name with this place; what is withdrawn from the ledger stays here, as
 * first digests do. `place_state.filled`: the last entry that was read into it; NULL where all were.
 */
export const PLACE_SCHEMA = `
  CREATE TABLE place_claim (
    profile TEXT NOT NULL,
    place TEXT NOT NULL,
    name TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (profile, place, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE place_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    filled INTEGER
  ) STRICT;
  INSERT INTO place_state VALUES (1, -1);
`;
