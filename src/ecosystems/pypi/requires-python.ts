const MAX_LENGTH = 256;

/** A public version, with the one tolerance that pages need: `.*` after any operator (`>=3.6.*`). */
const CLAUSE =
  /^(?:~=|==|!=|<=|>=|<|>) {0,4}v?\d{1,9}(?:\.\d{1,9}){0,8}(?:[-_.]?(?:alpha|beta|preview|pre|post|rev|dev|rc|a|b|c|r)[-_.]?\d{0,9}){0,3}(?:\.\*)?$/i;

/**
 * Whether a Requires-Python text (core metadata, PEP 345) may be passed on: comma separated clauses of
 * PEP 440 operators and public versions, at most 256 characters. It is the one text of a package that a page
 * repeats, so it must hold no words: `===`, which takes any text, and local segments are left out. Clauses
 * that PEP 440 forbids but clients understand (`>=3.6.*`, a comma at the end) stay, so that a client resolves
 * the same with and without us; what is dropped, clients ignore.
 */
export function isServableRequiresPython(text: string): boolean {
  if (text.length > MAX_LENGTH || !/^[ -~]*$/.test(text)) return false;
  const clauses = text.split(',').map((clause) => clause.trim());
  if (clauses.length > 1 && clauses.at(-1) === '') clauses.pop();
  return clauses.every((clause) => CLAUSE.test(clause));
}
