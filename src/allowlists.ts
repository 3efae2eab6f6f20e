import { constants, type Dirent } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { ECOSYSTEMS } from './ecosystems/all.ts';
import { isPolicyPath, parsePolicy } from './policy/load.ts';
import { type Policy, PolicyError, type PolicySource } from './policy/policy.ts';

/** Reads every policy file under a folder, in a stable order. An empty or missing folder is an error. */
export async function readPolicySources(folder: string): Promise<PolicySource[]> {
  const sources = (await readYamlFiles(folder)).filter((s) => isPolicyPath(s.path));
  if (sources.length === 0) throw problem(folder, 'there is no policy file in this folder');
  return sources;
}

/** Reads the case files under `cases/`. */
export async function readCaseSources(folder: string): Promise<PolicySource[]> {
  return (await readYamlFiles(folder)).filter((s) => !isPolicyPath(s.path));
}

/** The whole policy, complete and valid, or PolicyError. */
export async function loadPolicy(folder: string): Promise<Policy> {
  return parsePolicy(
    await readPolicySources(folder),
    ECOSYSTEMS.map((e) => e.versions),
  );
}

/** More than any policy that people review. */
const MAX_POLICY_FILE = 16 * 1024 ** 2;

/**
 * What is the same as long as no policy file of a folder changes: every path with the file that it leads to, by its
 * number, size and times. Never rejects: what cannot be read is a state of its own.
 */
export async function fingerprintOf(folder: string): Promise<string> {
  let paths: string[];
  try {
    paths = (await listYamlFiles(folder)).filter(isPolicyPath);
  } catch (error) {
    return `unreadable: ${error instanceof Error ? error.message : String(error)}`;
  }
  const lines: string[] = [];
  for (const path of paths) lines.push(`${path}\n${await stateOf(join(folder, path))}`);
  return lines.join('\n');
}

/** Of the file that a link leads to; editors and volumes replace files, so that its number is part of it. */
async function stateOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
  }
}

async function readYamlFiles(folder: string): Promise<PolicySource[]> {
  const wanted = await listYamlFiles(folder);
  return Promise.all(wanted.map(async (path) => ({ path, text: await readRegularFile(folder, path) })));
}

/**
 * Every YAML file below a folder, sorted. A file that is there and cannot be read is an error: it may hold a `deny`. A
 * link to a file is read as that file; folders that begin with `..` are a mounted volume's own and hold the
 * files that its links lead to.
 */
async function listYamlFiles(folder: string): Promise<string[]> {
  let found: Dirent[];
  try {
    found = await readdir(folder, { recursive: true, withFileTypes: true });
  } catch {
    throw problem(folder, 'this folder cannot be read; name the allowlists folder with SALLYPORT_ALLOWLISTS');
  }
  const wanted: string[] = [];
  for (const entry of found) {
    const name = relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/');
    if (name.startsWith('..')) continue;
    if (entry.isSymbolicLink() && (await isFolder(join(folder, name))))
      throw problem(name, 'a link to a folder is not followed; link its files, or put them here');
    if (/\.ya?ml$/i.test(name) && !entry.isDirectory()) wanted.push(name);
  }
  return wanted.sort();
}

/** Never waits: what is no file of a bearable size is an error, even if it became so a moment ago. */
async function readRegularFile(folder: string, path: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(join(folder, path), constants.O_RDONLY | constants.O_NONBLOCK);
    const status = await file.stat();
    if (!status.isFile()) throw new Error('it is no file');
    if (status.size > MAX_POLICY_FILE) throw new Error(`it has more than ${MAX_POLICY_FILE} bytes`);
    return await file.readFile('utf8');
  } catch (error) {
    throw problem(path, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await file?.close();
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}

function problem(path: string, message: string): PolicyError {
  return new PolicyError([{ path, line: 1, column: 1, message }]);
}
