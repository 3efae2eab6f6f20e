import { folded } from '../archive/path.ts';
import { isDirectUrl } from './core-metadata.ts';

/** No project has a longer one. */
const MAX_LENGTH = 512 * 1024;

/** Options that hold requirements (setuptools, d2to1 and pbr), in whatever section. */
const REQUIREMENTS: ReadonlySet<string> = new Set(['setup_requires', 'install_requires', 'requires_dist']);

/** Options that are addresses by themselves: where setuptools and easy_install look for packages. */
const ADDRESSES: ReadonlySet<string> = new Set(['dependency_links', 'find_links', 'index_url']);

/** The section in which every option is a list of requirements. */
const EXTRAS = 'options.extras_require';

/**
 * Whether a setup.cfg leads an install to an address. Read line by line as Python's configparser does: a line that
 * begins with a blank goes on with the option before it. What a `file:` names is not followed: PKG-INFO says what came of it.
 */
export function setupLeadsAway(bytes: Uint8Array): boolean {
  if (bytes.length > MAX_LENGTH) return true;
  let section = '';
  let option = '';
  for (const line of Buffer.from(bytes)
    .toString('utf8')
    .split(/\r\n|\r|\n/)) {
    const text = line.trim();
    if (text === '' || text.startsWith('#') || text.startsWith(';')) continue;
    let value = text;
    if (!/^\s/.test(line) || option === '') {
      const head = /^\[([^\]]*)\]/.exec(text)?.[1];
      if (head !== undefined) {
        section = folded(head.trim());
        option = '';
        continue;
      }
      const separator = text.search(/[=:]/);
      if (separator < 0) continue;
      option = folded(text.slice(0, separator).trim()).replaceAll('-', '_');
      value = text.slice(separator + 1).trim();
    }
    if (ADDRESSES.has(option) && value !== '') return true;
    if ((REQUIREMENTS.has(option) || section === EXTRAS) && isDirectUrl(value)) return true;
  }
  return false;
}
