import { type LockedSource, type LockfileFormat, LockfileUnreadable } from '../../lockfile.ts';
import { lockfileText } from '../../npm/lockfiles/text.ts';
import { readHashes } from './hashes.ts';
import { LockedPackages } from './locked.ts';
import type { Notes } from './notes.ts';
import { readRequirement } from './requirement.ts';
import { logicalLines } from './requirement-lines.ts';

const FORMAT = 'requirements';

/** `requirements.txt`, `requirements-dev.txt`, `dev-requirements.txt`, `requirements.lock`. */
const FILENAME = /^(?:[A-Za-z0-9_.-]*[_.-])?requirements(?:[_.-][A-Za-z0-9_.-]*)?\.(?:txt|lock)$/i;

/** A requirements file as pip reads it (pip's documentation, "Requirements File Format"), with `--hash`. */
export const REQUIREMENTS: LockfileFormat = {
  id: FORMAT,
  ecosystem: 'pypi',
  claims: (filename) => FILENAME.test(filename),
  read(text) {
    if (isOfOtherEncoding(text))
      throw new LockfileUnreadable(
        'the file names an encoding other than UTF-8, in which it says something else',
      );
    const packages = new LockedPackages(FORMAT);
    for (const { text: line, number } of logicalLines(lockfileText(text))) readLine(line, number, packages);
    return packages.lockfile();
  },
};

/**
 * Whether one of the first two lines is a comment that names an encoding (PEP 263), which pip then decodes the file by. In
 * UTF-7, for one, a comment holds line breaks that nobody sees.
 */
function isOfOtherEncoding(text: string): boolean {
  for (const line of text.split('\n', 2)) {
    const named = line.startsWith('#') ? /coding[:=]\s*([-\w.]+)/.exec(line)?.[1] : undefined;
    if (named !== undefined) return !/^(?:utf-?8|us-ascii|ascii)$/i.test(named.replaceAll('_', '-'));
  }
  return false;
}

function readLine(text: string, line: number, packages: LockedPackages): void {
  const { requirement, options } = split(text);
  if (requirement === '') {
    readOptions(options, line, packages.notes);
    return;
  }
  const read = readRequirement(requirement);
  switch (read.kind) {
    case 'project':
      return;
    case 'nameless':
      packages.notes.add(line, NAMELESS[read.source]);
      return;
    case 'unreadable':
      packages.notes.add(line, 'a line that is no requirement: left out');
      return;
    case 'named':
      packages.add({ ...read, hashes: readHashes(hashesOf(options, line, packages.notes)), line });
  }
}

const NAMELESS: Readonly<Record<LockedSource, string>> = {
  registry: 'a requirement without a name: left out',
  git: 'a requirement without a name that comes from a repository: it cannot be pinned',
  url: 'a requirement without a name that comes from an address: it cannot be pinned',
  file: 'a requirement without a name that comes from a path: it cannot be pinned',
};

/** The requirement, and the words from the first one on that begins with a dash. */
function split(text: string): { readonly requirement: string; readonly options: readonly string[] } {
  const at = text.startsWith('-') ? 0 : text.search(/[ \t]-/);
  if (at < 0) return { requirement: text, options: [] };
  return {
    requirement: text.slice(0, at).trim(),
    options: text
      .slice(at)
      .trim()
      .split(/[ \t]+/)
      .map(unquoted),
  };
}

function unquoted(word: string): string {
  return word.replaceAll(/["']/g, '');
}

/** What stands in the place of hashes, as `sha256:hex`. Any other option changes how a package is built. */
function* hashesOf(options: readonly string[], line: number, notes: Notes): Generator<string> {
  for (let i = 0; i < options.length; i++) {
    const option = options[i] ?? '';
    if (option.startsWith('--hash=')) yield option.slice('--hash='.length);
    else if (option === '--hash') yield options[++i] ?? '';
    else if (option.startsWith('-')) notes.add(line, 'an option of a requirement that is not known here');
  }
}

/** What a line of options alone means for the packages that the file locks; null: nothing. */
const OPTIONS: readonly (readonly [option: RegExp, what: string | null])[] = [
  [/^(?:-r|--requirement\b)/, 'another file is included: it is to be read by itself'],
  [/^(?:-c|--constraint\b)/, 'a file of constraints is included: it is to be read by itself'],
  [/^(?:-i|--index-url\b|--pypi-url\b)/, 'the file names an index of its own'],
  [/^--extra-index-url\b/, 'the file names a further index'],
  [/^(?:-f|--find-links\b)/, 'the file names a further place of files'],
  [/^--trusted-host\b/, 'the file has a host trusted without a certificate'],
  [/^--(?:require-hashes|no-index|pre|prefer-binary|only-binary|no-binary|use-feature)\b/, null],
];

/** In one line, with their values. */
const MAX_OPTIONS = 100;

function readOptions(options: readonly string[], line: number, notes: Notes): void {
  const [first = '', second = ''] = options;
  const editable = /^(?:-e|--editable)(?:=?(.+))?$/.exec(first);
  if (editable) {
    const read = readRequirement(editable[1] ?? second);
    if (read.kind !== 'project')
      notes.add(
        line,
        'an editable requirement, which comes from a path or a repository: it cannot be pinned',
      );
    return;
  }
  if (options.length > MAX_OPTIONS) notes.add(line, 'a line of more options than are looked at');
  for (const option of options.slice(0, MAX_OPTIONS)) {
    if (!option.startsWith('-')) continue;
    const known = OPTIONS.find(([pattern]) => pattern.test(option));
    const what = known ? known[1] : 'an option that is not known here';
    if (what !== null) notes.add(line, what);
  }
}
