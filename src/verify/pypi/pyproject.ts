import { parse } from 'smol-toml';
import { normalName } from '../../model/pypi-name.ts';
import { isDirectUrl } from './core-metadata.ts';
import { requiredName } from './dependencies.ts';

/** What a pyproject.toml makes an install do. */
export interface Pyproject {
  /** A requirement of the build or of what is built has an address, or the document cannot be followed. */
  readonly leadsAway: boolean;
  /** Keys that have a build run code of the source distribution itself, or of a build backend that nobody knows. */
  readonly hooks: readonly string[];
}

/**
 * Reads what counts at an install: `[build-system]` (PEP 517, 518), `[project]` (PEP 621), and the tables of tools that
 * write dependencies from it. `[dependency-groups]` (PEP 735), groups for development, and `[tool.hatch.metadata]
 * allow-direct-references` or `[[tool.pdm.source]]` put nothing into what is installed, and are not looked at.
 */
export function readPyproject(bytes: Uint8Array): Pyproject {
  if (buildLeadsAway(bytes)) return { leadsAway: true, hooks: [] };
  let document: unknown;
  try {
    document = parse(Buffer.from(bytes).toString('utf8'), { maxDepth: MAX_DEPTH });
  } catch {
    // Python's reader may read it all the same.
    return { leadsAway: true, hooks: [] };
  }
  const required = [...requirements(document)];
  const away = required.some(isDirectUrl) || sources(document, required).some(isAddress);
  return { leadsAway: away, hooks: hooksOf(document) };
}

/** Arrays and inline tables within one another. */
const MAX_DEPTH = 64;

function at(value: unknown, ...keys: readonly string[]): unknown {
  let found = value;
  for (const key of keys) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[key];
  }
  return found;
}

/** The values of a table or list; none of anything else. */
function values(value: unknown): readonly unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

/** Texts that are requirements (PEP 508). */
function* requirements(document: unknown): Generator<string> {
  const lists = [
    at(document, 'build-system', 'requires'),
    at(document, 'project', 'dependencies'),
    ...values(at(document, 'project', 'optional-dependencies')),
    at(document, 'tool', 'flit', 'metadata', 'requires'),
    ...values(at(document, 'tool', 'flit', 'metadata', 'requires-extra')),
    at(document, 'tool', 'setuptools', 'setup-requires'),
  ];
  for (const one of lists.flatMap(values)) if (typeof one === 'string') yield one;
}

/** Tables that say where what is `required` comes from. What is meant for development only has some, too. */
function sources(document: unknown, required: readonly string[]): readonly unknown[] {
  const ofUv = Object.entries(at(document, 'tool', 'uv', 'sources') ?? {});
  const names = new Set(required.map((one) => normalName(requiredName(one) ?? '')));
  const dynamic = values(at(document, 'project', 'dynamic')).some(
    (field) => typeof field === 'string' && /dependencies$/.test(field),
  );
  const counted = ofUv.filter(([name]) => dynamic || names.has(normalName(name)));
  return [
    ...values(at(document, 'tool', 'poetry', 'dependencies')),
    ...counted.map(([, one]) => one),
  ].flatMap((one) => (Array.isArray(one) ? one : [one]));
}

function isAddress(source: unknown): boolean {
  return ['url', 'git', 'hg', 'svn', 'path', 'file'].some((key) => at(source, key) !== undefined);
}

/** Backends that run what their own distributions hold, and of the tree only what is named to them (`HOOKS`). */
const BACKENDS: ReadonlySet<string> = new Set([
  'flit.buildapi',
  'flit_core.buildapi',
  'hatchling.build',
  'jupyter_packaging.build_api',
  'maturin',
  'mesonpy',
  'pdm.backend',
  'pdm.pep517.api',
  'poetry.core.masonry.api',
  'poetry.masonry.api',
  'scikit_build_core.build',
  'setuptools.build_meta',
  'setuptools.build_meta:__legacy__',
  'uv_build',
]);

/** Keys that name code of the tree for a backend to run. */
const HOOKS = [
  ['build-system', 'backend-path'],
  ['tool', 'hatch', 'build', 'hooks', 'custom'],
  ['tool', 'hatch', 'metadata', 'hooks', 'custom'],
  ['tool', 'pdm', 'build', 'custom-hook'],
  ['tool', 'poetry', 'build'],
] as const;

function hooksOf(document: unknown): readonly string[] {
  const hooks = HOOKS.filter((keys) => at(document, ...keys) !== undefined).map((keys) => keys.join('.'));
  const backend = at(document, 'build-system', 'build-backend');
  const known = backend === undefined || (typeof backend === 'string' && BACKENDS.has(backend));
  return known ? hooks : ['build-system.build-backend', ...hooks];
}

/**
 * Whether a pyproject.toml asks for a build requirement by address (`[build-system] requires`, PEP 518). Not
 * a TOML reader: every array after a key `requires`, in whatever table, is looked through, and what cannot be
 * followed (an escape, an array without an end, half a megabyte) counts as an address. So it errs to the safe side only.
 */
export function buildLeadsAway(bytes: Uint8Array): boolean {
  if (bytes.length > MAX_LENGTH) return true;
  const text = Buffer.from(bytes).toString('utf8');
  // A key can be written with escapes: "requ\u0069res" (at most 80 characters). Nobody does.
  for (const [key] of text.matchAll(/"(?:[^"\\\n]|\\.){0,100}"[ \t]*=/g)) {
    if (key.includes('\\')) return true;
  }
  let arrays = 0;
  for (const match of text.matchAll(/requires["']?[ \t]*=[ \t]*\[/g)) {
    arrays += 1;
    if (arrays > MAX_ARRAYS) return true;
    const values = strings(text, match.index + match[0].length);
    if (!values || values.some((value) => isDirectUrl(value) || value.includes('\\'))) return true;
  }
  return false;
}

/** No project has a longer one, and the search below must stay short. */
const MAX_LENGTH = 512 * 1024;
/** Each array may be followed to the end of the file, so there may not be many. */
const MAX_ARRAYS = 50;

/** The strings of an array, raw, up to its closing bracket; null where it has none. */
function strings(text: string, from: number): string[] | null {
  const found: string[] = [];
  const token =
    /#[^\n]*|"""([\s\S]*?)"""|'''([\s\S]*?)'''|"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|[\s,]+|(\])|[\s\S]/y;
  token.lastIndex = from;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    if (match[5]) return found;
    const value = match.slice(1, 5).find((part) => part !== undefined);
    if (value !== undefined) found.push(value);
    else if (!/^[\s,#]/.test(match[0])) return null;
  }
  return null;
}
