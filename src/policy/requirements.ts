import { parseAge } from './age.ts';
import type { Requirements } from './profile.ts';
import type { RequirementsInput } from './schema.ts';

/** The requirements that `input` says, and `otherwise` where it is silent. */
export function overridden(otherwise: Requirements, input: RequirementsInput | undefined): Requirements {
  if (input === undefined) return otherwise;
  // The schema has accepted the text; were it ever unreadable here, no artifact would be old enough.
  const age = input.age === undefined ? otherwise.age : (parseAge(input.age) ?? Number.POSITIVE_INFINITY);
  return {
    age,
    installScripts: input['install-scripts'] ?? otherwise.installScripts,
    sdist: input.sdist ?? otherwise.sdist,
    directUrls: input['direct-urls'] ?? otherwise.directUrls,
  };
}
