import { normalName } from '../model/pypi-name.ts';
import { sharedFolderOf } from '../model/told-places.ts';

/** The places with which an entry admits a file: what our memory of places is made of, and nothing else. */
export interface PlaceClaim {
  readonly profile: string;
  readonly name: string;
  /** In normal form, each once. */
  readonly places: readonly string[];
  /** Those of which the decision knew that they take places of theirs. */
  readonly knew: ReadonlySet<string>;
  /** It knew that there are more of them. */
  readonly knewMore: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * A decision that admits bytes which it had, in a profile that does not only observe. Of a wheel the entry says where it
 * lands; where it says nothing (a source distribution, and a wheel of an entry that is older than that), it is the folder of
 * its own name. null for every other entry. Never throws.
 */
export function claimOf(entry: unknown): PlaceClaim | null {
  const fields = fieldsOf(entry);
  const facts = fieldsOf(fields['facts']);
  const { type, verdict, ecosystem, profile, name, sha256, observed } = fields;
  if (type !== 'decision' || verdict !== 'allow' || ecosystem !== 'pypi') return null;
  if (typeof profile !== 'string' || typeof name !== 'string' || typeof sha256 !== 'string') return null;
  // What is served in spite of the policy is nothing that others are held to.
  if (Array.isArray(observed) && observed.length > 0) return null;
  const told = facts['kind'] === 'wheel' && Array.isArray(facts['places']) ? facts['places'] : null;
  const places = told ? told.filter((place) => typeof place === 'string') : [sharedFolderOf(name)];
  const taken = facts['placesTaken'];
  const knew = (Array.isArray(taken) ? taken : []).map((one: unknown) => fieldsOf(one)['by']);
  return {
    profile,
    name,
    places: [...new Set(places.map(normalName))],
    knew: new Set(knew.filter((by) => typeof by === 'string')),
    knewMore: facts['placesTakenMore'] === 'yes',
  };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
