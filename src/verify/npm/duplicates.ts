import { jsonMembers } from '../json-members.ts';

const SCRIPT = 'scripts\0';

/** Members by which is decided what an install runs and fetches. */
const DECIDING: ReadonlySet<string> = new Set([
  'name',
  'version',
  'gypfile',
  'dependencies',
  'optionalDependencies',
  'peerDependencies',
  'bundleDependencies',
  'bundledDependencies',
  'bin',
  'directories',
  'scripts',
  `${SCRIPT}preinstall`,
  `${SCRIPT}install`,
  `${SCRIPT}postinstall`,
]);

/**
 * Whether a manifest has a member twice by which is decided what an install does. RFC 8259, section 4, leaves
 * open which of them counts: bun takes the first, all other clients, and we, the last. `text` is an object that
 * JSON.parse has read.
 */
export function saysTwice(text: string): boolean {
  const seen = new Set<string>();
  let section = '';
  for (const { name, depth } of jsonMembers(text)) {
    if (depth === 1) section = name;
    const path = depth === 1 ? name : depth === 2 && section === 'scripts' ? SCRIPT + name : null;
    if (path === null) continue;
    if (DECIDING.has(path) && seen.has(path)) return true;
    seen.add(path);
  }
  return false;
}
