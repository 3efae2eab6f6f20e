import { readdir, readFile } from 'node:fs/promises';
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

async function readYamlFiles(folder: string): Promise<PolicySource[]> {
  let names: string[];
  try {
    const found = await readdir(folder, { recursive: true, withFileTypes: true });
    names = found.filter((f) => f.isFile()).map((f) => relative(folder, join(f.parentPath, f.name)));
  } catch {
    throw problem(folder, 'this folder cannot be read; name the allowlists folder with SALLYPORT_ALLOWLISTS');
  }
  const wanted = names.filter((name) => /\.ya?ml$/.test(name)).sort();
  return Promise.all(
    wanted.map(async (name) => ({
      path: name.split(sep).join('/'),
      text: await readFile(join(folder, name), 'utf8'),
    })),
  );
}

function problem(path: string, message: string): PolicyError {
  return new PolicyError([{ path, line: 1, column: 1, message }]);
}
