/** What says that other distributions add to a folder (pkgutil- and pkg_resources-style namespaces). */
const SHARES = /\b(?:extend_path|declare_namespace)\b/;

/** Lines of an `__init__.py` that do nothing but share its folder. */
const ONLY: readonly RegExp[] = [
  /^(?:try:|except(?: (?:ImportError|Exception))?:|pass)$/,
  /^from __future__ import [a-z_, ]+$/,
  /^import (?:pkgutil|pkg_resources)$/,
  /^from pkgutil import extend_path$/,
  /^from pkg_resources import declare_namespace$/,
  /^__path__ ?= ?(?:pkgutil\.|__import__\((?:'pkgutil'|"pkgutil")\)\.)?extend_path\(__path__, ?__name__\)$/,
  /^(?:pkg_resources\.|__import__\((?:'pkg_resources'|"pkg_resources")\)\.)?declare_namespace\(__name__\)$/,
];

/** Encodings in which a comment is a comment (PEP 263). In others it may hold a line of code. */
const PLAIN = /^(?:utf-?8|us-ascii|ascii|latin-?1|iso-8859-1)$/i;

/**
 * Whether the text of an `__init__.py` shares its folder with other distributions, which an empty one does, too: several
 * wheels bring that. `only`: it does nothing else, so that one may lie over another.
 */
export function sharing(text: string): 'no' | 'only' | 'more' {
  const lines = withoutDocstring(text)
    .split(/[\r\n]/)
    .map(bare)
    .filter((line) => line !== '');
  const only = isPlain(text) && lines.every((line) => ONLY.some((form) => form.test(line)));
  if (only) return 'only';
  return SHARES.test(text) ? 'more' : 'no';
}

/** Where Python's string is longer than what is taken off here, the rest of it is looked at as if it were code. */
function withoutDocstring(text: string): string {
  const start = /^(?:[ \t\f]*(?:#[^\r\n]*)?[\r\n])*[rRuU]?(?="""|''')/.exec(text.slice(0, 16_384));
  if (start === null) return text;
  const from = start[0].length;
  const end = text.indexOf(text.slice(from, from + 3), from + 3);
  return end < 0 ? text : text.slice(end + 3);
}

/** A line without blanks at its ends; one that is a comment is empty, and so is one behind a statement. */
function bare(line: string): string {
  const hash = line.indexOf('#');
  return (hash < 0 ? line : line.slice(0, hash)).trim();
}

function isPlain(text: string): boolean {
  const [first = '', second = ''] = text.slice(0, 4_096).split(/\r\n|\r|\n/, 2);
  return [first, second].every((line) => {
    const encoding = /coding[:=][ \t]*([-_.A-Za-z0-9]+)/.exec(line)?.[1];
    return encoding === undefined || PLAIN.test(encoding);
  });
}
