import { normalName } from '../../model/pypi-name.ts';
import { sameVersion } from './names.ts';

/** What a file's name says of it: two names with the same of all of these are of one file. */
interface Distribution {
  readonly version: string;
  /** Build tag of a wheel: its number and what follows it; empty where it has none, and of an sdist. */
  readonly build: string;
  /** Each with its words in order: `py2.py3`, `none`, `any`; an sdist has none. */
  readonly tags: readonly string[];
}

/** name-version(-build)?-python-abi-platform.whl (PEP 427) */
const WHEEL =
  /^([A-Za-z0-9._]+)-([A-Za-z0-9._+!]+)(?:-([0-9]+)([A-Za-z0-9_.]*))?-([A-Za-z0-9_.]+)-([A-Za-z0-9_.]+)-([A-Za-z0-9_.]+)\.whl$/;

const SDIST = /^([A-Za-z0-9._+!-]+)\.(tar\.gz|zip)$/;

/**
 * Whether two file names are spellings of one: of this project, both wheels or both sdists of one format, with the
 * same PEP 440 version, build tag and set of tags. Who attests may spell them in another way than the index does.
 */
export function sameDistribution(project: string, one: string, other: string): boolean {
  const [a, b] = [read(project, one), read(project, other)];
  return (
    a !== null &&
    b !== null &&
    sameVersion(a.version, b.version) &&
    a.build === b.build &&
    a.tags.join('-') === b.tags.join('-')
  );
}

const MAX_FILENAME = 255;

function read(project: string, filename: string): Distribution | null {
  if (filename.length > MAX_FILENAME) return null;
  return readWheel(project, filename) ?? readSdist(project, filename);
}

function readWheel(project: string, filename: string): Distribution | null {
  const match = WHEEL.exec(filename);
  if (!match) return null;
  const [, name = '', version = '', number, rest = '', ...tags] = match;
  if (normalName(name) !== project) return null;
  return {
    version,
    build: number === undefined ? '' : `${BigInt(number)}${rest}`,
    tags: tags.map((tag) => [...new Set(tag.toLowerCase().split('.'))].sort().join('.')),
  };
}

function readSdist(project: string, filename: string): Distribution | null {
  const [, stem = '', format = ''] = SDIST.exec(filename) ?? [];
  // A name may hold dashes, and a version too (`1.0-1`): the project says which one stands between them.
  for (let dash = stem.indexOf('-'); dash > 0; dash = stem.indexOf('-', dash + 1)) {
    if (normalName(stem.slice(0, dash)) === project) {
      return { version: stem.slice(dash + 1), build: '', tags: [format] };
    }
  }
  return null;
}
