import type { LockedSource } from '../../lockfile.ts';

/** One requirement, of which nothing but the form is checked. */
export type Requirement =
  | {
      readonly kind: 'named';
      readonly name: string;
      /** undefined where there is none that is exact. */
      readonly version: string | undefined;
      readonly source: LockedSource;
      readonly resolved: string | undefined;
    }
  | { readonly kind: 'nameless'; readonly source: LockedSource }
  /** The folder that the file lies in. */
  | { readonly kind: 'project' }
  | { readonly kind: 'unreadable' };

/** Longest requirement, without its hashes. */
const MAX_REQUIREMENT = 4096;

/** `name [extras] …` (PEP 508) */
const NAMED = /^([A-Za-z0-9][A-Za-z0-9._-]*)[ \t]*(?:\[[^\]]*\][ \t]*)?(.*)$/s;

/** `==1.2.3`, alone; in parentheses in old ones. */
const EXACT = /^\(?[ \t]*==[ \t]*([^\s=,*()]+)[ \t]*\)?$/;

const PROJECT = /^\.\/?(?:\[[^\]]*\])?$/;

/** Reads `name[extras] ==1.2.3 ; markers`, `name @ address`, or a bare address or path. */
export function readRequirement(text: string): Requirement {
  if (text.length > MAX_REQUIREMENT) return { kind: 'unreadable' };
  if (PROJECT.test(text)) return { kind: 'project' };
  const [, name, rest] = NAMED.exec(text) ?? [];
  if (name === undefined || rest === undefined) return bare(text);
  if (rest.startsWith('@')) {
    const address = rest.slice(1).trim();
    // In an address a semicolon is one, unless white space stands before it.
    const resolved = address.replace(/\s+;.*$/s, '');
    return { kind: 'named', name, version: undefined, source: sourceOf(resolved), resolved };
  }
  const spec = (rest.split(';')[0] ?? '').trim();
  if (spec !== '' && !/^[(=<>!~]/.test(spec)) return bare(text);
  return {
    kind: 'named',
    name,
    version: EXACT.exec(spec)?.[1],
    source: 'registry',
    resolved: undefined,
  };
}

function bare(text: string): Requirement {
  const source = sourceOf(text);
  return source !== 'file' || /^[./\\~]|^file:|[/\\]|\.(?:whl|zip|tar\.gz|tgz)$/i.test(text)
    ? { kind: 'nameless', source }
    : { kind: 'unreadable' };
}

function sourceOf(address: string): LockedSource {
  if (/^(?:git|hg|svn|bzr)\+/i.test(address)) return 'git';
  if (/^(?:https?|ftp):/i.test(address)) return 'url';
  return 'file';
}
