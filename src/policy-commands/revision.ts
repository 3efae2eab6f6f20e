import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { readCaseSources, readPolicySources } from '../allowlists.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import { isPolicyPath, parsePolicy } from '../policy/load.ts';
import { type Policy, PolicyError, type PolicySource } from '../policy/policy.ts';

/** A state of the allowlists, whole: a folder's, or that of a git revision. */
export interface Revision {
  readonly policy: Policy;
  /** Its `cases/`. */
  readonly cases: readonly PolicySource[];
  /** The commit, where it is one. */
  readonly commit: string | null;
}

/** A revision cannot be read: in words for people. */
export class RevisionError extends Error {
  override readonly name = 'RevisionError';
}

/** Bytes of a whole revision of the allowlists; far above any that people review. */
const MAX_REVISION = 64 * 1024 ** 2;

/**
 * Reads `wanted` as a folder of allowlists, or, where there is no such folder, as a git revision of the folder
 * `allowlists`. Rejects with PolicyError where its policy does not load, and with RevisionError where it is neither.
 */
export async function readRevision(wanted: string, allowlists: string): Promise<Revision> {
  if (await isFolder(wanted)) {
    // A change under review may bring along a folder that is called like the branch it is compared with.
    if (!isPathOnly(wanted, allowlists) && (await commitIn(wanted, allowlists)) !== null)
      throw new RevisionError(
        `${wanted} is a folder and a git revision: say ./${wanted}, or the revision's whole name (refs/…)`,
      );
    const [sources, cases] = await Promise.all([readPolicySources(wanted), readCaseSources(wanted)]);
    return { policy: parse(sources), cases, commit: null };
  }
  // It would be read as an option of git.
  if (wanted.startsWith('-') || wanted === '') throw new RevisionError('a revision does not begin with -');
  if (!(await isFolder(allowlists)))
    throw new RevisionError(
      `${wanted} is no folder, and ${allowlists}, of which it may be a revision, neither`,
    );
  const commit = await commitOf(wanted, allowlists);
  const sources = await sourcesOf(commit, allowlists);
  const policies = sources.filter(({ path }) => isPolicyPath(path));
  if (policies.length === 0) throw new RevisionError(`there is no policy file in revision ${wanted}`);
  return { policy: parse(policies), cases: sources.filter(({ path }) => !isPolicyPath(path)), commit };
}

function parse(sources: readonly PolicySource[]): Policy {
  return parsePolicy(
    sources,
    ECOSYSTEMS.map((one) => one.versions),
  );
}

/** What no revision is spelled like, or the very folder that is in use. */
function isPathOnly(wanted: string, allowlists: string): boolean {
  return isAbsolute(wanted) || /^\.{1,2}(?:\/|$)/.test(wanted) || resolve(wanted) === resolve(allowlists);
}

async function commitOf(revision: string, folder: string): Promise<string> {
  const commit = await commitIn(revision, folder);
  if (commit === null) throw new RevisionError(`${revision} is no folder, and no git revision of ${folder}`);
  return commit;
}

/** null where it is no revision, or there is no repository. */
async function commitIn(revision: string, folder: string): Promise<string | null> {
  if (revision.startsWith('-') || !(await isFolder(folder))) return null;
  const out = await git(folder, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${revision}^{commit}`,
  ]).catch(() => null);
  const commit = out?.toString('utf8').trim() ?? '';
  return /^[0-9a-f]{40,64}$/.test(commit) ? commit : null;
}

interface Blob {
  readonly path: string;
  readonly object: string;
}

/** The YAML files of the folder in a commit. What is there and cannot be read may hold a `deny`: it is an error. */
async function sourcesOf(commit: string, folder: string): Promise<PolicySource[]> {
  // Below the folder that git runs in, with paths relative to it.
  const listed = (await git(folder, ['ls-tree', '-r', '-z', commit])).toString('utf8');
  const blobs: Blob[] = [];
  for (const line of listed.split('\0')) {
    const [, mode, type, object, path] = /^(\d+) (\w+) ([0-9a-f]+)\t(.+)$/s.exec(line) ?? [];
    if (mode === undefined || object === undefined || path === undefined) continue;
    if (type !== 'blob') throw problem(path, 'is no file of this repository');
    if (!/\.ya?ml$/i.test(path)) continue;
    if (mode === '120000') throw problem(path, 'is a link, which is not followed in a revision');
    blobs.push({ path, object });
  }
  const texts = await contentsOf(folder, blobs);
  return blobs.map(({ path }, i) => ({ path, text: texts[i] ?? '' }));
}

/** What `cat-file --batch` gives: for each object a line `<object> blob <size>`, its bytes and a line break. */
async function contentsOf(folder: string, blobs: readonly Blob[]): Promise<string[]> {
  if (blobs.length === 0) return [];
  const out = await git(folder, ['cat-file', '--batch'], blobs.map(({ object }) => `${object}\n`).join(''));
  let at = 0;
  return blobs.map(({ object, path }) => {
    const end = out.indexOf(0x0a, at);
    const [, found, size] = /^([0-9a-f]+) blob (\d+)$/.exec(out.toString('latin1', at, end)) ?? [];
    if (found !== object || size === undefined) throw problem(path, 'cannot be read of this revision');
    const from = end + 1;
    at = from + Number(size) + 1;
    if (at > out.length) throw problem(path, 'cannot be read of this revision');
    return out.toString('utf8', from, at - 1);
  });
}

/**
 * Whatever a repository's own configuration says: nothing that is missing is fetched, which would run programs that it
 * names, and an object is itself and no local replacement.
 */
const GUARDS = {
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_NO_LAZY_FETCH: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
};

/** Runs git without a shell, and without a way to any network. */
function git(folder: string, args: readonly string[], input = ''): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'git',
      ['-c', 'core.fsmonitor=false', '-C', folder, ...args],
      { encoding: 'buffer', env: { ...process.env, ...GUARDS }, maxBuffer: MAX_REVISION, timeout: 30_000 },
      (error, stdout) => {
        if (!error) resolve(stdout);
        else if (error.code === 'ENOENT')
          reject(new RevisionError('git is not installed: give two folders', { cause: error }));
        else reject(new RevisionError('git cannot read this revision', { cause: error }));
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}

function problem(path: string, message: string): PolicyError {
  return new PolicyError([{ path, line: 1, column: 1, message }]);
}
