import { LIFTABLE, LIFTED_BY, type Liftable } from '../../model/liftable.ts';
import type { VersionScheme } from '../../model/versions.ts';
import type { EntryFilter, LedgerQueries } from '../ledger.ts';
import { type PackageAsked, packageAsked } from './package-asked.ts';
import { digestOf, type EntryWord, type EntryWords, instantOf } from './words.ts';

/** A word that cannot be read, or does not stand with the others. The message is about the word, without it. */
export class AskedError extends Error {
  override readonly name = 'AskedError';
  readonly word: EntryWord;
  constructor(word: EntryWord, message: string) {
    super(message);
    this.word = word;
  }
}

/** What was asked for, as far as it can be read without the ledger. */
export interface Question {
  /** All but versions. */
  readonly filter: EntryFilter;
  /** A range that parses in the words of at least one of the package's ecosystems. */
  readonly range?: { readonly text: string; readonly of: PackageAsked };
  /** Lines for the person. */
  readonly notes: readonly string[];
}

/** Puts words together that were checked each by itself. Throws AskedError. */
export function questionOf(words: EntryWords, schemes: readonly VersionScheme[]): Question {
  const { versions, digest: digestText, since, until, package: name, ...same } = words;
  const about = name === undefined ? undefined : packageAsked(name, schemes);
  if (typeof about === 'string') throw new AskedError('package', about);
  const digest = digestText === undefined ? undefined : digestOf(digestText);
  if (same.waiver !== undefined) checkWaiver(same.waiver);
  if (digest === null) throw new AskedError('digest', 'is no sha256 or sha512 digest');
  const [from, to] = [since, until].map((text) => (text === undefined ? undefined : instantOf(text)));
  if (from !== undefined && to !== undefined && from >= to)
    throw new AskedError('until', 'is not after since');
  return {
    filter: {
      ...same,
      ...(about && { package: about.text }),
      ...(digest && { digest }),
      ...(from !== undefined && { since: from }),
      ...(to !== undefined && { until: to }),
    },
    ...(versions !== undefined && { range: rangeOf(versions, about) }),
    notes: about?.notes ?? [],
  };
}

/** Entries have the place and the code, and not the policy's word: what stands in none would find nothing, in silence. */
function checkWaiver(text: string): void {
  if (text === '*' || /:[0-9]+$/.test(text) || Object.hasOwn(LIFTED_BY, text)) return;
  if (!isLiftable(text)) throw new AskedError('waiver', NO_WAIVER);
  const codes = Object.entries(LIFTED_BY).flatMap(([code, by]) => (by.includes(text) ? [code] : []));
  throw new AskedError('waiver', `${text} is in the entries as ${codes.join(', ')}`);
}

const NO_WAIVER =
  'must be * for any, the FILE:LINE of a waiver in the policy, or a code that one lifts, such as INSTALL_SCRIPTS';

function isLiftable(text: string): text is Liftable {
  return (LIFTABLE as readonly string[]).includes(text);
}

function rangeOf(text: string, of: PackageAsked | undefined): NonNullable<Question['range']> {
  if (!of || of.versioned) throw new AskedError('versions', 'stands with a package without a version');
  if (!of.schemes.some((scheme) => scheme.parseRange(text, WIDE)))
    throw new AskedError(
      'versions',
      `is no range of ${of.schemes.map(({ ecosystem }) => ecosystem).join(' or ')}`,
    );
  return { text, of };
}

/** An audit reaches pre-releases as a deny does: `<2.0.0` holds 2.0.0-rc.1 where the ecosystem leaves it out. */
const WIDE = { prereleases: true };

/**
 * The filter of a question. Throws AskedError where a range is asked of a name that several ecosystems have here, and
 * where it is not in the words of the one that has it.
 */
export async function filterOf(
  question: Question,
  ledger: Pick<LedgerQueries, 'versionsOf'>,
): Promise<EntryFilter> {
  const { filter, range } = question;
  return range ? { ...filter, versions: await versionsIn(range, ledger) } : filter;
}

async function versionsIn(
  { text, of }: NonNullable<Question['range']>,
  ledger: Pick<LedgerQueries, 'versionsOf'>,
): Promise<readonly string[]> {
  const logged = await ledger.versionsOf(of.name);
  const [ecosystem, ...others] = new Set(logged.map((one) => one.ecosystem));
  if (ecosystem === undefined) return [];
  if (others.length > 0) {
    const all = [ecosystem, ...others].sort().join(' and ');
    throw new AskedError('package', `is in ${all}: say which by a package URL`);
  }
  const range = of.schemes.find((scheme) => scheme.ecosystem === ecosystem)?.parseRange(text, WIDE);
  if (!range) throw new AskedError('versions', `is no range of ${ecosystem}`);
  return logged.map(({ version }) => version).filter((version) => range.has(version));
}
