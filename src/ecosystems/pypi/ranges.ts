import type { VersionRange } from '../../model/versions.ts';
import type { Version } from './versions.ts';
import { comparePublic, compareRelease, compareVersions, isPrerelease, parseVersion } from './versions.ts';

const MAX_RANGE = 512;
const MAX_CLAUSES = 32;

type Operator = '~=' | '==' | '!=' | '<=' | '>=' | '<' | '>' | '===';

interface Clause {
  readonly operator: Operator;
  readonly version: Version;
  /** `==1.2.*` and `!=1.2.*`. */
  readonly prefix: boolean;
}

/**
 * Parses a PEP 440 specifier set: `>=2.0, !=2.1.*, <3`. null where it does not parse, is empty, is longer
 * than 512 characters or has more than 32 clauses. `===` takes only what is itself a version.
 *
 * Containment is our own and not @renovatebot/pep440's: that one says that `<2.0rc2` does not hold `2.0rc1`,
 * that `>1.0.post1` does not hold `1.0.post2`, and forgets the epoch there, each of which would let a denied
 * version through. A set holds pre-releases only if one of its clauses names one; `prereleases: true` holds
 * them always, and then `<2.0` holds `2.0rc1` too, which PEP 440 leaves out: a deny must reach it.
 */
export function parseRange(text: string, options?: { prereleases: boolean }): VersionRange | null {
  if (text.length > MAX_RANGE || text.trim() === '') return null;
  const parts = text.split(',');
  if (parts.length > MAX_CLAUSES) return null;
  const clauses: Clause[] = [];
  for (const part of parts) {
    const clause = parseClause(part.trim());
    if (!clause) return null;
    clauses.push(clause);
  }
  const all = options?.prereleases === true;
  const withPrereleases = all || clauses.some(namesPrerelease);
  return {
    text,
    has(raw) {
      const version = parseVersion(raw);
      if (!version || (isPrerelease(version) && !withPrereleases)) return false;
      return clauses.every((clause) => holds(clause, version, all));
    },
  };
}

function parseClause(text: string): Clause | null {
  const match = /^(===|~=|==|!=|<=|>=|<|>)\s*(\S+)$/.exec(text);
  if (!match) return null;
  const [, operator, rest] = match as unknown as [string, Operator, string];
  const prefix = rest.endsWith('.*');
  const version = parseVersion(prefix ? rest.slice(0, -2) : rest);
  if (!version) return null;
  const equality = operator === '==' || operator === '!=';
  // Nothing but release numbers can be a prefix.
  if (prefix && (!equality || isPrerelease(version) || version.post !== null)) return null;
  if (version.local.length > 0 && (prefix || !(equality || operator === '==='))) return null;
  if (operator === '~=' && version.release.length < 2) return null;
  return { operator, version, prefix };
}

function namesPrerelease(clause: Clause): boolean {
  return clause.operator !== '!=' && isPrerelease(clause.version);
}

/** Whether one clause holds a version. Local segments count only where the clause names one (PEP 440). */
function holds(clause: Clause, version: Version, all: boolean): boolean {
  const wanted = clause.version;
  switch (clause.operator) {
    case '===':
      return version.text === wanted.text;
    case '==':
      return equals(clause, version);
    case '!=':
      return !equals(clause, version);
    case '>=':
      return comparePublic(version, wanted) >= 0;
    case '<=':
      return comparePublic(version, wanted) <= 0;
    case '~=':
      return comparePublic(version, wanted) >= 0 && startsWith(version, wanted, wanted.release.length - 1);
    case '<':
      return comparePublic(version, wanted) < 0 && (all || !isExcludedPre(version, wanted));
    case '>':
      return comparePublic(version, wanted) > 0 && !isExcludedPost(version, wanted);
  }
}

function equals(clause: Clause, version: Version): boolean {
  const wanted = clause.version;
  if (clause.prefix) return startsWith(version, wanted, wanted.release.length);
  return (wanted.local.length > 0 ? compareVersions : comparePublic)(version, wanted) === 0;
}

function startsWith(version: Version, wanted: Version, length: number): boolean {
  if (version.epoch !== wanted.epoch) return false;
  return wanted.release.slice(0, length).every((number, i) => (version.release[i] ?? 0) === number);
}

/** `<2.0` leaves out the pre-releases of 2.0, unless it is itself one; `<2.0.post1` those of 2.0.post1 only. */
function isExcludedPre(version: Version, wanted: Version): boolean {
  if (isPrerelease(wanted) || !isPrerelease(version) || !sameBase(version, wanted)) return false;
  return wanted.post === null || (version.pre === null && version.post === wanted.post);
}

/** `>1.0` leaves out the post-releases of 1.0, unless it is itself one; `>1.0rc1` holds 1.0.post1. */
function isExcludedPost(version: Version, wanted: Version): boolean {
  if (wanted.post !== null || wanted.dev !== null || version.post === null) return false;
  return sameBase(version, wanted) && String(version.pre) === String(wanted.pre);
}

function sameBase(a: Version, b: Version): boolean {
  return a.epoch === b.epoch && compareRelease(a.release, b.release) === 0;
}
